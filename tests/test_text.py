"""One normal form, and tokens that SQLite keeps as they are."""

import sqlite3
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.text import fold_confusables, normalise, query_terms, squash, tokens, unaccent

CJK = st.text(
    st.sampled_from("手机壳正品新款时尚连衣裙女東京タワーおもちゃ한국어신발𠀋𪚥𫝀々"), min_size=1, max_size=12
)


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE titles USING fts5(words, tokenize = 'unicode61')")
    connection.execute("CREATE VIRTUAL TABLE kept USING fts5vocab(titles, 'instance')")
    yield connection
    connection.close()


def as_kept(index: sqlite3.Connection, text: str) -> list[str]:
    index.execute("DELETE FROM titles")
    index.execute("INSERT INTO titles (words) VALUES (?)", (" ".join(tokens(text)),))
    return [term for (term,) in index.execute('SELECT term FROM kept ORDER BY "offset"')]


def is_found(index: sqlite3.Connection, query: str, title: str) -> bool:
    index.execute("DELETE FROM titles")
    index.execute("INSERT INTO titles (words) VALUES (?)", (" ".join(tokens(title)),))
    terms = query_terms(query)
    phrases = " AND ".join('"' + " ".join(phrase) + '"' for phrase in terms)
    return bool(terms) and index.execute("SELECT 1 FROM titles WHERE titles MATCH ?", (phrases,)).fetchone() is not None


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  Trail\t Jacket\r\n", "trail jacket"),
        ("ＮＩＫＥ　ｓｈｏｅ", "nike shoe"),
        ("ni\u200bke\ufeff \u202eshoe", "nike shoe"),
        ("STRASSE Straße", "strasse strasse"),
        ("ﾊﾟｿｺﾝ", "パソコン"),
        ("Nordwind™Jacket", "nordwind jacket"),
        ("Café", "café"),
        ("a\x00b\ud800c", "abc"),
        ("\u2028line\x85end", "line end"),
    ],
)
def test_texts_that_look_alike_become_one(written: str, normal: str) -> None:
    assert normalise(written) == normal


@settings(deadline=None)
@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unaccent(unaccent(once)) == unaccent(once)
    assert squash(squash(text)) == squash(text)
    assert fold_confusables(fold_confusables(text)) == fold_confusables(text)


DISGUISES = ["NIKE", "N1KE", "Ν1ΚЕ", "Nіkе", "𝐍𝐢𝐤𝐞", "ＮＩＫＥ", "🅽🅸🅺🅴", "ɴɪᴋᴇ", "nlke", "Ni\u200bke"]


@pytest.mark.parametrize("disguised", DISGUISES)
def test_what_looks_like_a_name_has_its_skeleton(disguised: str) -> None:
    assert fold_confusables(disguised) == fold_confusables("nike")


@pytest.mark.parametrize(("one", "other"), [("modern", "rnodern"), ("wave", "vvave"), ("adidas", "@d1d@$")])
def test_pairs_of_letters_and_signs_can_stand_for_letters(one: str, other: str) -> None:
    assert fold_confusables(one) == fold_confusables(other)


def test_other_names_have_other_skeletons() -> None:
    assert len({fold_confusables(name) for name in ("nike", "nokia", "puma", "adidas", "нога", "小米")}) == 6


def test_squashing_leaves_letters_and_digits() -> None:
    assert squash("N.I.K.E. — Aïr-Max 90 (手机)!") == "nikeairmax90手机"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trail-Jacket, 45 L", ["trail", "jacket", "45", "l"]),
        ("L'Oréal Levi’s", ["loreal", "levis"]),
        ("手机壳", ["手", "手机", "机", "机壳", "壳"]),
        ("iPhone15手机", ["iphone15", "手", "手机", "机"]),
        ("Łódź Ærø", ["lodz", "aero"]),
        ("😀 ® \ue000", []),
        ("١٢٣ 一", ["123", "一"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("trail jacket", [["trail"], ["jacket"]]),
        ('"trail jacket" red', [["trail", "jacket"], ["red"]]),
        ("“trail jacket”", [["trail", "jacket"]]),
        ("t-shirt", [["t", "shirt"]]),
        ("手机壳", [["手机", "机", "机壳"]]),
        ("壳", [["壳"]]),
        ("壳 壳", [["壳"]]),
        ('" - ', []),
    ],
)
def test_a_query_becomes_phrases(query: str, terms: list[list[str]]) -> None:
    assert query_terms(query) == terms


@settings(deadline=None)
@given(st.data(), CJK)
def test_any_part_of_an_unspaced_title_is_found(index: sqlite3.Connection, data: st.DataObject, title: str) -> None:
    start = data.draw(st.integers(0, len(title) - 1))
    end = data.draw(st.integers(start + 1, len(title)))
    assert is_found(index, title[start:end], title)


@settings(deadline=None)
@given(CJK, CJK)
def test_what_is_not_in_an_unspaced_title_is_not_found(index: sqlite3.Connection, query: str, title: str) -> None:
    assert is_found(index, query, title) == (query in title)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("cafe", "Café"),
        ("CAFÉ", "cafe"),
        ("लाल", "लाल जैकेट"),
        ("ครับ", "สวัสดีครับ"),
        ("机iphone壳", "手机iPhone壳"),
        ("حقيبة", "حَقِيبَة جلد"),
        ("ё", "Ё"),
        ("loreal", "L’Oréal Paris"),
        ("שלום", "שָׁלוֹם"),
    ],
)
def test_words_of_many_scripts_are_found(index: sqlite3.Connection, query: str, title: str) -> None:
    assert is_found(index, query, title)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_sqlite_keeps_every_token_as_it_is(index: sqlite3.Connection, text: str) -> None:
    assert as_kept(index, text) == tokens(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_text_finds_itself_unless_it_has_no_words(index: sqlite3.Connection, text: str) -> None:
    assert is_found(index, text, text) == bool(tokens(text))


@pytest.mark.parametrize("plane", [0, 1, 2, 3, 14])
def test_sqlite_keeps_a_token_of_any_character(index: sqlite3.Connection, plane: int) -> None:
    codes = range(plane << 16, (plane + 1) << 16, 1 if plane < 2 else 7)
    chars = [chr(code) for code in codes if unicodedata.category(chr(code))[0] in "LMNS"]
    text = " ".join(chars)
    assert as_kept(index, text) == tokens(text)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_every_token_fits_and_is_letters_and_digits(text: str) -> None:
    for token in tokens(text + "ह" * 100):
        assert len(token.encode("utf-16-le")) // 2 <= 255
        assert token.isalnum()
        assert token == token.casefold()


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=80) | st.text("aB1 .'-_", max_size=90))
def test_ascii_text_is_cut_as_any_other_text_is(text: str) -> None:
    assert tokens(text + " 手") == [*tokens(text), "手"]
