"""Pages in the reader's language."""

import ast
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo

from console import translation
from console.translation import accepted_languages, choose_languages, worded
from counterfoil.exceptions import Conflict, FetchFailed, InvalidInput, NotFound, TooManyAttempts
from tools.messages import ERRORS, ROOT, collect, misfilled, translations, written


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("de-AT,de;q=0.8,en;q=0.5", ["de_AT", "de", "en"]),
        ("en;q=0.1, zh-CN", ["zh_CN", "en"]),
        ("fr;q=0, es", ["es"]),
        ("", []),
        ("*;q=0.5, ../../etc/passwd, de;q=x", []),
    ],
)
def test_a_browser_says_its_languages_best_first_and_nothing_else_becomes_a_file_name(
    header: str, languages: list[str]
) -> None:
    assert accepted_languages(header) == languages


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        (["de_AT", "de"], "Verdächtige"),
        (["tlh", "de", "en"], "Verdächtige"),
        (["en_GB", "de"], "Suspects"),
        (["tlh", "en", "de"], "Suspects"),
        (["tlh"], "Suspects"),
        ([], "Suspects"),
    ],
)
def test_the_first_language_that_is_english_or_has_a_catalogue_is_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, languages: list[str], said: str
) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("Suspects", "Verdächtige")
    file = tmp_path / "de" / "LC_MESSAGES" / "counterfoil.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as opened:
        write_mo(opened, catalogue)
    monkeypatch.setattr(translation, "LOCALE", tmp_path)
    choose_languages(languages)
    assert translation.gettext("Suspects") == said
    choose_languages([])


def test_an_error_speaks_the_language_of_its_reader_and_so_does_one_within_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("There is no brand {brand_id}.", "Marke {brand_id} gibt es nicht.")
    catalogue.add("{name!r} cannot be used: {error}", "{error} Also geht {name!r} nicht.")
    file = tmp_path / "de" / "LC_MESSAGES" / "counterfoil.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as opened:
        write_mo(opened, catalogue)
    monkeypatch.setattr(translation, "LOCALE", tmp_path)
    inner = NotFound("There is no brand {brand_id}.", brand_id=7)
    outer = InvalidInput("{name!r} cannot be used: {error}", name="{a}", error=inner)
    choose_languages(["de"])
    assert worded(outer) == "Marke 7 gibt es nicht. Also geht '{a}' nicht."
    assert worded(Conflict("A {brace} of a seller's.")) == "A {brace} of a seller's."
    assert worded(Conflict()) == ""
    choose_languages([])
    assert worded(outer) == str(outer) == "'{a}' cannot be used: There is no brand 7."


def test_an_error_comes_whole_out_of_another_process() -> None:
    foreign = InvalidInput("{error}, {number:,} times", error=_Unpicklable("no"), number=1_000)
    for error in (
        foreign,
        NotFound("There is {what}.", what=TooManyAttempts("none, {seconds} s", seconds=5)),
        FetchFailed("{url} is gone", url="a", permanent=True),
        TooManyAttempts("Wait {seconds} s.", seconds=5),
        Conflict(),
    ):
        there = ForkingPickler.loads(ForkingPickler.dumps(error))
        assert type(there) is type(error) and (str(there), there.message) == (str(error), error.message)
        assert worded(there) == str(error) and there.permanent == error.permanent
        assert there.values.keys() == error.values.keys()


class _Unpicklable(Exception):
    def __reduce__(self) -> str:
        raise TypeError("not to be pickled")


def test_what_errors_say_can_be_translated_and_has_all_that_it_speaks_of() -> None:
    wrong = []
    for place, call in _errors_made():
        text = call.args[0]
        given = {one.arg for one in call.keywords}
        if isinstance(text, ast.JoinedStr):
            wrong.append(f"{place}: a text with its values in it")
        elif isinstance(text, ast.Constant) and given - {"permanent"}:
            fields = {name for _, name, _, _ in Formatter().parse(text.value) if name is not None}
            if fields != given - {"permanent"} and not (fields <= given and given - fields <= {"permanent", "seconds"}):
                wrong.append(f"{place}: speaks of {sorted(fields)}, and is given {sorted(map(str, given))}")
    assert wrong == []


def _seen_by_people() -> Iterator[tuple[Path, ast.AST]]:
    """The code of which a page can show an error."""
    for room in ("console", "counterfoil", "indexer"):
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).parts
            if not {"backup", "matching", "commands", "doctor", "server.py"}.intersection(parts):
                yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_translators_know_every_kind_of_error() -> None:
    kinds = {
        node.name
        for _, tree in _seen_by_people()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", None) in ERRORS for base in node.bases)
    }
    assert kinds <= ERRORS


def test_a_translation_that_cannot_be_filled_in_is_named() -> None:
    catalogue = Catalog(locale="de")
    catalogue.add("There is no brand {brand_id}.", "Marke {brand} gibt es nicht.")
    catalogue.add("%(number)d left", "%(zahl)d übrig")
    catalogue.add("{name!r} is taken.", "{name} ist vergeben.")
    catalogue.add("{path} is empty.", "")
    assert misfilled(catalogue) == ["There is no brand {brand_id}.", "%(number)d left"]


def _errors_made() -> Iterator[tuple[str, ast.Call]]:
    """Wherever one of our errors is made that a page can show."""
    for path, tree in _seen_by_people():
        for node in ast.walk(tree):
            is_ours = isinstance(node, ast.Call) and getattr(node.func, "id", None) in ERRORS
            if is_ours and node.args:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_the_texts_for_translators_come_from_pages_and_code_and_are_the_same_every_time() -> None:
    everything = collect()
    assert {"Skip to content", "Suspects", "Make the account"} <= {message.id for message in everything}
    assert written(everything) == written(collect()) and b"console/web/navigation.py" in written(everything)
    for path, catalogue in translations():
        assert {message.id for message in catalogue} == {message.id for message in everything}, f"make messages: {path}"
