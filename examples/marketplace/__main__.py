"""The example marketplace on the command line: `python -m examples.marketplace --help`."""

import json
import re
import sys
from pathlib import Path

import click
from starlette.types import ASGIApp

from counterfoil.exceptions import CounterfoilError
from examples.marketplace import DEFAULT_SEED, DEFAULT_SIZE, FOLDER
from examples.marketplace.access_log import AccessLog
from examples.marketplace.brand_kit import write_brand_kit
from examples.marketplace.builtin import built_in, built_in_truth
from examples.marketplace.catalogue import Listing, picture_files, read_catalogue
from examples.marketplace.faults.catalogue import described
from examples.marketplace.faults.layer import CONTROL, FaultLayer, read_faults
from examples.marketplace.faults.wire import OpenProtocol
from examples.marketplace.pictures import DrawnPictures, FolderPictures, PictureSource
from examples.marketplace.scripted import ScriptedPages
from examples.marketplace.server import Marketplace
from examples.marketplace.serving import leave_quietly, run
from examples.marketplace.shop import Shop

_DECLARED_AT = "http://127.0.0.1:8600/"
_DECLARED_SCRIPTED = "browser: {listing_ready: article.listing}\n"
_seed = click.option("--seed", default=DEFAULT_SEED, show_default=True, help="Another number, another market.")
_size = click.option("--size", default=DEFAULT_SIZE, show_default=True, help="How many listings to make up.")
_FAULTS_HELP = f"""\b
Faults: NAME[=VALUE][@KIND,...][/EVERY][#TIMES], such as hang@listing/5 or rate-limit=30@results#2.
KIND is robots, results, listing, image or other; /5 strikes about one address in 5, the same ones
for the same seed; #2 ends the fault after two requests.

\b
{described()}"""


@click.group(no_args_is_help=True)
def cli() -> None:
    """A made-up marketplace and a made-up brand, for demo and tests.

    Example: python -m examples.marketplace serve --port 8600
    """


@cli.command(epilog=_FAULTS_HELP)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8600, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--catalogue", type=click.Path(path_type=Path), help="JSON Lines of listings to serve, and no others.")
@click.option("--images", type=click.Path(path_type=Path), help="Folder of the catalogue's pictures.")
@click.option("--log", type=click.Path(path_type=Path), help="File that gets one JSON line for each request.")
@click.option("--scripted", is_flag=True, help="Show everything by script only: its pages need a browser.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="Misbehave: see below. Can be given often.")
@click.option("--control", is_flag=True, help=f"Let faults be read (GET) and changed (PUT) at {CONTROL}.")
@_seed
@_size
def serve(
    host: str,
    port: int,
    catalogue: Path | None,
    images: Path | None,
    log: Path | None,
    scripted: bool,
    faults: tuple[str, ...],
    control: bool,
    seed: int,
    size: int,
) -> None:
    """Serve the marketplace until it is interrupted.

    Example: python -m examples.marketplace serve --port 8600 --catalogue mine.jsonl --images photos
    """
    leave_quietly()
    asked = read_faults(faults)
    listings, pictures = _on_sale(catalogue, images, seed, size)
    app: ASGIApp = Marketplace(Shop(listings), pictures).app()
    if scripted:
        app = ScriptedPages(app)
    if asked or control:
        app = FaultLayer(app, asked, seed=seed, control=control)
    if log is not None:
        app = AccessLog(app, log)
    announcement = f"example marketplace on {{url}} ({len(listings)} listings)"
    run(app, host, port, announcement, OpenProtocol if asked or control else None)


@cli.command()
@click.option("--url", default=_DECLARED_AT, show_default=True, help="Where the server is.")
@click.option("--scripted", is_flag=True, help="It was started with --scripted.")
def declaration(url: str, scripted: bool) -> None:
    """Print the marketplace's declaration for the crawler (YAML).

    Example: python -m examples.marketplace declaration --url http://127.0.0.1:8600
    """
    if not re.fullmatch(r"https?://[^\s\"'{}]+", url):
        raise click.BadParameter(f"{url!r} is no address such as {_DECLARED_AT}", param_hint="--url")
    template = (FOLDER / "marketplace.yaml").read_text(encoding="utf-8")
    body = "".join(line for line in template.splitlines(keepends=True) if not line.startswith("#"))
    declared = body.replace(_DECLARED_AT, url.rstrip("/") + "/")
    click.echo(declared + (_DECLARED_SCRIPTED if scripted else ""), nl=False)


@cli.command()
@_seed
@_size
def truth(seed: int, size: int) -> None:
    """Print what is counterfeit in the built-in catalogue (JSON Lines).

    Example: python -m examples.marketplace truth --seed 7
    """
    for row in built_in_truth(seed, size):
        click.echo(json.dumps(row.as_json(), ensure_ascii=False))


@cli.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="Made if missing.")
@_seed
def brand(folder: Path, seed: int) -> None:
    """Write what the brand owner registers: products.csv, images, brand.json, sellers.csv, rates.csv.

    Example: python -m examples.marketplace brand --folder brand-kit
    """
    write_brand_kit(folder, seed)
    click.echo(f"Wrote {folder / 'products.csv'} and what belongs to it.")


def _on_sale(catalogue: Path | None, images: Path | None, seed: int, size: int) -> tuple[list[Listing], PictureSource]:
    if catalogue is None and images is None:
        listings, recipes = built_in(seed, size)
        return listings, DrawnPictures(recipes)
    if catalogue is None or images is None:
        raise click.UsageError("--catalogue and --images go together: the listings, and the folder of their pictures.")
    listings = read_catalogue(catalogue)
    return listings, FolderPictures(picture_files(listings, images))


def main() -> None:
    """Run the command; what a person did wrong is one line on standard error."""
    try:
        cli(prog_name="python -m examples.marketplace")
    except (CounterfoilError, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
