"""`counterfoil match` and `counterfoil fingerprint`: the matching engine on files, without a database."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from console.output import json_line, print_fields, say
from console.session import Session
from counterfoil.exceptions import InvalidInput
from counterfoil.models import Fingerprint, Match
from indexer.decoding import PictureDecoder
from indexer.picture_files import (
    PictureFile,
    ReferenceFiles,
    find_pictures,
    fingerprint_files,
    match_files,
    prepare_references,
)

_PLACE = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("references", type=_PLACE)
@click.argument("images", type=_PLACE, nargs=-1, required=True, metavar="IMAGES...")
@click.option("--jsonl", is_flag=True, help="One line of JSON for each image.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Matches shown for each image.")
@click.option(
    "--overlay", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER", help="Draw matches there."
)
@click.pass_obj
def match(
    session: Session, references: Path, images: tuple[Path, ...], jsonl: bool, limit: int, overlay: Path | None
) -> None:
    """Find copies of REFERENCES among IMAGES: files, or folders with all that is below them. Needs no database.

    Pictures in one folder below REFERENCES show one product. An image that cannot be read is one line with its error.

    \b
    Example:
      counterfoil match references/ crawled/ --jsonl
      counterfoil match logo-shirt.jpg photo.jpg --overlay overlays/
    """
    paths = find_pictures(images)
    with PictureDecoder(session.settings) as decoder:
        prepared = prepare_references(decoder, references)
        for refused in prepared.refused:
            say(f"{refused.path}: no reference, {refused.error}")
        unreadable = 0
        for one in _with_progress(match_files(decoder, prepared, paths), len(paths)):
            unreadable += one.error is not None
            shown = one.matches[:limit]
            click.echo(json_line(_line(one, shown, prepared)) if jsonl else _words(one, shown, prepared))
            if overlay is not None:
                _draw(one, shown, prepared, overlay)
    if unreadable:
        say(f"{unreadable} of {len(paths)} images could not be read")


@click.command()
@click.argument("files", type=_PLACE, nargs=-1, required=True, metavar="FILE...")
@click.option("--jsonl", is_flag=True, help="One line of JSON for each file.")
@click.pass_obj
def fingerprint(session: Session, files: tuple[Path, ...], jsonl: bool) -> None:
    """Show what is kept of a picture so that copies of it can be found. Needs no database.

    \b
    Example:
      counterfoil fingerprint trail.jpg
      counterfoil fingerprint photos/ --jsonl
    """
    paths = find_pictures(files)
    with PictureDecoder(session.settings) as decoder:
        for one in _with_progress(fingerprint_files(decoder, paths), len(paths)):
            if jsonl:
                click.echo(json_line(_kept(one)))
            else:
                print_fields(_kept(one))
                click.echo()


def _with_progress(made: Iterable[PictureFile], number: int) -> Iterator[PictureFile]:
    talk = Console(stderr=True)
    yield from track(
        made, "Pictures", total=number, console=talk, disable=not talk.is_terminal or not sys.stdin.isatty()
    )


def _line(one: PictureFile, shown: Iterable[Match], references: ReferenceFiles) -> dict[str, Any]:
    return {
        "image": str(one.path),
        "informative": one.fingerprint is not None and one.fingerprint.informative,
        "error": one.error,
        "matches": [_match_line(match, one.matches, references) for match in shown],
    }


def _match_line(match: Match, every: Iterable[Match], references: ReferenceFiles) -> dict[str, Any]:
    alike = [str(references.path(other)) for other in every if other.product_id in match.one_of]
    return {
        "reference": str(references.path(match)),
        "score": round(match.score, 4),
        "decision": match.decision.value,
        "kind": match.kind.value,
        "stage": match.stage,
        "transform": asdict(match.transform) if match.transform is not None else None,
        **({"one_of": alike} if alike else {}),
    }


def _words(one: PictureFile, shown: tuple[Match, ...], references: ReferenceFiles) -> str:
    if one.error is not None:
        return f"{one.path}: {one.error}"
    if not shown:
        plain = one.fingerprint is not None and not one.fingerprint.informative
        return f"{one.path}: no match{', and too plain to find copies of' if plain else ''}"
    return "\n".join(f"{one.path}: {_match_words(match, references)}" for match in shown)


def _match_words(match: Match, references: ReferenceFiles) -> str:
    said = f"{match.kind.value} of {references.path(match)}"
    alike = f", or one of {len(match.one_of)} others" if match.one_of else ""
    return f"{said}{alike}, {match.decision.value}, score {match.score:.3f} ({match.stage})"


def _kept(one: PictureFile) -> dict[str, Any]:
    kept: Fingerprint | None = one.fingerprint
    if kept is None:
        return {"image": str(one.path), "error": one.error}
    return {
        "image": str(one.path),
        "error": None,
        "sha256": kept.image_sha256,
        "version": kept.version,
        "width": kept.width,
        "height": kept.height,
        "informative": kept.informative,
        "phash": kept.phash.hex(),
        "dct256": kept.dct256.hex(),
        "box256": kept.box256.hex(),
    }


def _draw(one: PictureFile, shown: Iterable[Match], references: ReferenceFiles, folder: Path) -> None:
    from counterfoil.matching.overlay import draw_overlay
    from counterfoil.pictures import decode

    for number, match in enumerate(shown, start=1):
        if match.transform is None:
            continue
        # It went through a decoding process without harm, and so did the reference.
        picture, reference = decode(one.path.read_bytes()), decode(references.path(match).read_bytes())
        try:
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{'_'.join(part for part in one.path.parts if part not in ('/', '..', '.'))}.{number}.jpg"
            draw_overlay(picture, reference, match.transform).save(folder / name, quality=85)
        except OSError as error:
            raise InvalidInput(f"no overlay can be written to {folder}: {error.strerror or error}") from error


commands = (match, fingerprint)
