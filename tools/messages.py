"""`make messages`: collects the texts of the pages for translators, and brings what they have written up to date.

The catalogue of all texts is `console/locale/counterfoil.pot`; a language's is `<language>/LC_MESSAGES/counterfoil.po`
beside it, compiled to the `.mo` that the console reads. How to translate: docs/translating.md.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from counterfoil import exceptions
from counterfoil.edits import EDITS
from counterfoil.version import VERSION

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "console" / "locale"
POT = LOCALE / "counterfoil.pot"
_COMMENT = "# Texts of Counterfoil's pages. How to translate them: docs/translating.md."
_OF_AN_EDIT = "translators: It ends a sentence such as 'A copy would be found if it was ...'."
# What errors say stands where they are raised: there the class takes the place of `_`.
ERRORS = frozenset({*exceptions.__all__, "IndexMissing", "IndexNotMade"})
_KEYWORDS = {**DEFAULT_KEYWORDS, **dict.fromkeys(ERRORS)}
_ROOMS = ("console", "counterfoil", "indexer")
# Said on a terminal only, where English is spoken.
_UNSEEN = ("backup/**", "matching/**", "commands/**", "doctor/**", "server.py")
_METHODS = [*((place, "ignore") for place in _UNSEEN), ("**.py", "python"), ("templates/**.html", "jinja2")]
_OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}


def collect() -> Catalog:
    """Every text that a page shows, by the files that it stands in."""
    catalogue = Catalog(project="Counterfoil", version=VERSION, charset="utf-8", header_comment=_COMMENT)
    found = [(f"{room}/{file}", *more) for room in _ROOMS for file, *more in _texts(room)]
    for file, _line, message, comments, context in sorted(found, key=lambda one: (one[0], one[1])):
        catalogue.add(message, locations=[(file, 0)], auto_comments=comments, context=context)
    for edit in EDITS.values():
        catalogue.add(edit.described, locations=[("counterfoil/edits/catalogue.py", 0)], auto_comments=[_OF_AN_EDIT])
    return catalogue


def _texts(room: str) -> Iterator[tuple[Any, ...]]:
    return extract_from_dir(
        ROOT / room, _METHODS, _OPTIONS, _KEYWORDS, comment_tags=("translators:",), strip_comment_tags=True
    )


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its file's bytes: the same texts always make the same."""
    file = BytesIO()
    write_po(file, catalogue, include_lineno=False, sort_by_file=True, width=120)
    # When and by what it was made would make another file of the same texts, every day.
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith((b'"POT-Creation-Date', b'"Generated-By')))


def translations() -> Iterator[tuple[Path, Catalog]]:
    """Every language's file, with what its translators have written."""
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/counterfoil.po")):
        with path.open("rb") as file:
            yield path, read_po(file, locale=path.parents[1].name)


def misfilled(catalogue: Catalog) -> list[str]:
    """The texts whose translation speaks of other values than they have: a page could not say them."""
    wrong = [message.id for message in catalogue if message.string and _fields(message.id) != _fields(message.string)]
    return [one[0] if isinstance(one, tuple) else one for one in wrong if one]


def _fields(text: Any) -> set[tuple[str, str]]:
    every = " ".join(text) if isinstance(text, tuple) else text
    return set(re.findall(r"%\((\w+)\)|\{(\w+)[!:}]", every))


def main() -> None:
    """Write the catalogue of all texts, bring every language up to date, and compile it."""
    everything = collect()
    LOCALE.mkdir(exist_ok=True)
    POT.write_bytes(written(everything))
    print(f"{len(everything)} texts in {POT}")
    for path, catalogue in translations():
        catalogue.update(everything)
        wrong = misfilled(catalogue)
        if wrong:
            raise SystemExit(f"{path}: these translations speak of other values than their texts: {wrong}")
        path.write_bytes(written(catalogue))
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        print(f"{_translated(catalogue)} of {len(everything)} texts in {path}")


def _translated(catalogue: Catalog) -> int:
    def has_words(string: Any) -> bool:
        return all(string) if isinstance(string, tuple) else bool(string)

    return sum(bool(message.id) and has_words(message.string) and not message.fuzzy for message in catalogue)


if __name__ == "__main__":
    main()
