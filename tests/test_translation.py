"""Pages in the reader's language."""

import pytest

from console.translation import accepted_languages


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
