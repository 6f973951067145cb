"""Which characters a page is read as: what the site says, unless the bytes prove it wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_poet import HttpResponse

from crawlers.charsets import page_text

TITLE = "Größe № 5 台灯 Лампа"


def read(body: bytes, said: str | None = None) -> str:
    headers = {"Content-Type": said} if said is not None else {}
    return page_text(HttpResponse("https://shop.example/", body, headers=headers))


@pytest.mark.parametrize(
    "said",
    [None, "", "text/html", "text/html; charset=utf-8", *(f"text/html; charset={name}" for name in (
        *("iso-8859-1", "windows-1252", "ascii", "koi8-r", "windows-1251"),
        *("gb18030", "shift_jis", "big5", "euc-kr", "no-such-thing", '"utf-8', ""),
    ))],
)  # fmt: skip
@pytest.mark.parametrize("meta", ["", '<meta charset="utf-8">', '<meta charset="iso-8859-1">'])
def test_utf_8_is_read_as_utf_8_whatever_it_is_called(said: str | None, meta: str) -> None:
    assert read(f"{meta}<title>{TITLE}</title>".encode(), said).endswith(f"<title>{TITLE}</title>")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            ("windows-1251", "Лампа настольная"),
            ("gb18030", "台灯 复古"),
            ("shift_jis", "電気スタンド"),
            ("euc-kr", "스탠드"),
        ),
        *(("iso-8859-1", "Größe und Höhe"), ("big5", "檯燈"), ("koi8-r", "Лампа")),
    ],
)
def test_other_encodings_are_read_where_header_or_page_name_them(name: str, text: str) -> None:
    body = f'<meta charset="{name}"><title>{text}</title>'.encode(name)
    assert f"<title>{text}</title>" in read(body, f"text/html; charset={name}")
    assert f"<title>{text}</title>" in read(body, "text/html")
    # A server that calls everything UTF-8, and a page that knows better.
    assert f"<title>{text}</title>" in read(body, "text/html; charset=utf-8")


def test_utf_8_that_breaks_off_in_a_character_is_utf_8() -> None:
    assert read("Größe 台灯".encode()[:-1], "text/html; charset=iso-8859-1").startswith("Größe 台")


def test_a_few_bad_bytes_in_utf_8_do_not_make_it_something_else() -> None:
    found = read(f"{TITLE} \xff {TITLE}".encode().replace(b"\xc3\xbf", b"\xff"), "text/html; charset=utf-8")
    assert found.count(TITLE) == 2


def test_a_byte_order_mark_decides() -> None:
    assert read(b"\xff\xfe" + TITLE.encode("utf-16-le"), "text/html; charset=utf-8").strip("\ufeff") == TITLE
    assert read(b"\xef\xbb\xbf" + TITLE.encode(), "text/html; charset=koi8-r").strip("\ufeff") == TITLE


NAMES = [
    *(None, "utf-8", "utf-16", "utf-32", "gb18030", "koi8-r", "utf-7", "iso-2022-jp", "\x00", "undefined", "mbcs"),
    *("idna", "punycode", "hex", "base64", "zlib", "bz2", "rot13", "quopri", "unicode_escape", "raw_unicode_escape"),
]


@given(st.binary(max_size=200), st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_any_bytes_are_some_text_whatever_they_are_called(body: bytes, charset: str | None, meta: str | None) -> None:
    declared = f"<meta charset={meta}>".encode() if meta else b""
    assert isinstance(read(declared + body, f"text/html; charset={charset}" if charset else None), str)


def test_a_name_that_only_python_knows_is_no_name() -> None:
    assert read(b"&lt; \\u003cb", "text/html; charset=unicode_escape") == "&lt; \\u003cb"
    assert read(TITLE.encode() + b"-" * 100_000, "text/html; charset=punycode").startswith(TITLE)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1).filter(lambda text: not text.isascii())
)
def test_all_text_in_utf_8_survives_a_header_that_says_latin_1(text: str) -> None:
    kept = text.encode()
    if not kept.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) and b"<" not in kept:
        assert read(kept, "text/html; charset=iso-8859-1") == text
