"""Pages in the reader's language."""

import pytest

from console.translation import accepted_languages
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


def test_the_texts_for_translators_come_from_pages_and_code_and_are_the_same_every_time() -> None:
    everything = collect()
    assert {"Skip to content", "Suspects", "Make the account"} <= {message.id for message in everything}
    assert written(everything) == written(collect()) and b"console/web/navigation.py" in written(everything)
    for path, catalogue in translations():
        assert {message.id for message in catalogue} == {message.id for message in everything}, f"make messages: {path}"
