"""Pages in the reader's language."""

from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo

from console import translation
from console.translation import accepted_languages, choose_languages
from tools.messages import collect, translations, written


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


def test_the_texts_for_translators_come_from_pages_and_code_and_are_the_same_every_time() -> None:
    everything = collect()
    assert {"Skip to content", "Suspects", "Make the account"} <= {message.id for message in everything}
    assert written(everything) == written(collect()) and b"console/web/navigation.py" in written(everything)
    for path, catalogue in translations():
        assert {message.id for message in catalogue} == {message.id for message in everything}, f"make messages: {path}"
