"""Lists of links are read in every form that people have them in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.link_lists import read_links
from counterfoil.exceptions import InvalidInput

ONE, TWO = "https://shop.example/item/1?a=1,2", "https://shop.example/item/2"
FORMS = {
    "plain text": f"{ONE}\n\n# a remark\n{TWO}\n{ONE}\n",
    "a byte order mark": f"\ufeff{ONE}\r\n{TWO}\r\n",
    "CSV with a column": f'title,URL,price\n"Lamp, red","{ONE}",1\nx,{TWO},2\n',
    "CSV with semicolons": f"title;link\nLamp;{ONE}\nx;{TWO}\n",
    "CSV without a header": f'"Lamp, red","{ONE}"\nx,{TWO}\n',
    "RSS": f"<rss><channel><link>https://shop.example/</link><item><title>x</title><link>{ONE}</link></item>"
    f"<item><link> {TWO} </link></item></channel></rss>",
    "Atom": "<feed xmlns='http://www.w3.org/2005/Atom'><link href='https://shop.example/'/>"
    f"<entry><link rel='enclosure' href='https://img.example/1.jpg'/><link href='{ONE}'/></entry>"
    f"<entry><link rel='alternate' href='{TWO}'/></entry></feed>",
    "a sitemap": "<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    "xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'>"
    f"<url><image:image><image:loc>https://img.example/1.jpg</image:loc></image:image><loc>{ONE}</loc></url>"
    f"<url><loc>{TWO}</loc></url></urlset>",
    "a merchant feed": "<rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:link>"
    f"{ONE}</g:link></item><item><g:link>{TWO}</g:link></item></channel></rss>",
}


@pytest.mark.parametrize("form", FORMS)
def test_links_are_read_from(tmp_path: Path, form: str) -> None:
    path = tmp_path / "links"
    path.write_text(FORMS[form], encoding="utf-8")
    assert read_links(path) == [ONE, TWO]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no link"),
        (b"name,price\nlamp,1\n", "line 1: 'name,price' has no link"),
        (b"url\nhttps://a.example/1\nftp://a.example/2\n", "line 3: 'ftp://a.example/2'"),
        (b"https://a.example/\xff", "not UTF-8"),
        (b"<rss><item>", "no readable feed"),
        (b"<rss></rss>", "holds no link"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_file_and_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "links.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=said) as refused:
        read_links(path)
    assert "links.csv" in str(refused.value)


def test_a_feed_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("https://secret.example/")
    path = tmp_path / "feed.xml"
    path.write_text(
        f"<!DOCTYPE r [<!ENTITY x SYSTEM 'file://{tmp_path}/secret'>]><rss><item><link>&x;</link></item></rss>"
    )
    with pytest.raises(InvalidInput, match="holds no link"):
        read_links(path)


@given(content=st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("links") / "links"
    path.write_bytes(content)
    try:
        links = read_links(path)
    except InvalidInput:
        return
    assert links and all(link.lower().startswith(("http://", "https://")) for link in links)
