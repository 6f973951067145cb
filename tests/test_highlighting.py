"""What was searched for is marked in the text as it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.highlighting import find_spans, marked
from counterfoil.text import query_terms, tokens


def marks(text: str, words: str) -> list[str]:
    return [part for part, searched in marked(text, query_terms(words)) if searched]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Red leather bag", "LEATHER", ["leather"]),
        ("Red leather bag, red strap", "red", ["Red", "red"]),
        ("Café Noir", "cafe", ["Café"]),
        ("Cafe\u0301 Noir", "café", ["Cafe\u0301"]),
        ("ＡＣＭＥ　ｂａｇ", "acme", ["ＡＣＭＥ"]),
        ("Straße 7", "strasse", ["Straße"]),
        ("Acme™ bag", "acme", ["Acme"]),
        ("the d'Or bag", "dor", ["d'Or"]),
        ("全新透明手机壳 现货", "手机", ["手机"]),
        ("全新透明手机壳 现货", "壳", ["壳"]),
        ("정품나이키신발", "나이키", ["나이키"]),
        ("city bag, bag city", '"city bag"', ["city bag"]),
        ("size 42,5", '"42,5"', ["42,5"]),
        ("ﬁne ﬁbre", "fine", ["ﬁne"]),
        ("nothing of it", "bag", []),
        ("", "bag", []),
    ],
)
def test_words_are_marked_as_they_are_written(text: str, words: str, expected: list[str]) -> None:
    assert marks(text, words) == expected


@given(st.text(max_size=40), st.text(max_size=8))
def test_the_parts_together_are_the_text(text: str, words: str) -> None:
    assert "".join(part for part, _ in marked(text, query_terms(words))) == text


@given(st.text(alphabet="abcAB éßøЯ手机壳スニ나이กา .,'-12", max_size=30), st.integers(0, 29), st.integers(1, 10))
def test_what_is_found_is_marked_and_what_is_marked_was_searched_for(text: str, start: int, length: int) -> None:
    phrases = query_terms(text[start : start + length].replace('"', " "))
    said = tokens(text)
    for phrase in phrases:
        stands = any(said[at : at + len(phrase)] == phrase for at in range(len(said)))
        spans = find_spans(text, [phrase])
        assert bool(spans) == stands
        for span in spans:
            inside = tokens(text[span.start : span.end])
            assert any(inside[at : at + len(phrase)] == phrase for at in range(len(inside)))
