"""Saved pages are read from every form of archive, and no archive can do harm."""

import gzip
import io
import json
import os
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import saving
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.exceptions import UnreadableArchive
from crawlers.archives import ArchiveLimits, SavedResponse, read_archive
from crawlers.archives.dates import read_time

PAGE = "https://shop.example/item/1"
PICTURE = "https://img.shop.example/1.png"
PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(2_000)
HTML = f'<html><head><title>Größe</title></head><body><h1>Lamp</h1><img src="{PICTURE}"></body></html>'.encode()
RESPONSES = [(PAGE, "text/html", HTML), (PICTURE, "image/png", PNG)]
SAVED = datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def read(path: Path, **options: object) -> tuple[list[SavedResponse], list[str]]:
    """What an archive holds, and what it said was skipped."""
    told: list[str] = []
    return list(read_archive(path, warn=told.append, **options)), told


@pytest.mark.parametrize("name", ["page.warc.gz", "page.warc", "page.wacz", "page.har", "page.mhtml"])
def test_page_and_picture_come_out_of_an_archive_as_they_went_in(tmp_path: Path, name: str) -> None:
    found, told = read(saving.save(tmp_path, name, RESPONSES))
    assert [(one.url, one.media_type, one.body) for one in found] == RESPONSES
    assert [one.captured_at for one in found] == [SAVED, SAVED]
    assert told == []


@pytest.mark.parametrize("name", ["page.html", "single.html"])
def test_a_saved_page_says_which_address_it_was_saved_from(tmp_path: Path, name: str) -> None:
    found, _ = read(saving.save(tmp_path, name, RESPONSES))
    assert [one.url for one in found] == [PAGE]
    assert "Größe".encode() in found[0].body


def test_single_file_says_when_it_saved_the_page(tmp_path: Path) -> None:
    found, _ = read(saving.save(tmp_path, "single.html", RESPONSES))
    assert found[0].captured_at == SAVED


def test_a_bare_page_was_saved_when_its_file_was_written(tmp_path: Path) -> None:
    path = saving.save(tmp_path, "page.html", RESPONSES)
    os.utime(path, (SAVED.timestamp(), SAVED.timestamp()))
    assert read(path)[0][0].captured_at == SAVED


def test_a_page_without_an_address_is_refused_unless_a_person_says_it(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(HTML)
    with pytest.raises(UnreadableArchive, match=r"page\.html does not say which address .* --url"):
        read(path)
    assert read(path, url=PAGE)[0][0].url == PAGE


def test_the_pictures_in_the_folder_beside_a_page_come_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "page-Dateien"
    folder.mkdir()
    (folder / "1 a.png").write_bytes(PNG)
    body = b'<h1>Lamp</h1><img src="./page-Dateien/1%20a.png"><img src="./page-Dateien/gone.png">'
    path = saving.save(tmp_path, "page.html", [(PAGE, "text/html", body)])
    found, _ = read(path)
    assert [(one.url, one.body) for one in found[1:]] == [("https://shop.example/item/page-Dateien/1%20a.png", PNG)]


def test_a_page_shows_no_files_of_this_machine_but_those_saved_with_it(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "page_files").mkdir()
    (tmp_path / "page_files" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "pages_private").mkdir()
    (tmp_path / "pages_private" / "1.png").write_bytes(PNG)
    sources = ["secret.png", "page_files/../secret.png", "page_files/link.png", "pages_private/1.png"]
    sources += [str(tmp_path / "secret.png"), f"file://{tmp_path}/secret.png", "a\0b", "x" * 5_000]
    body = "".join(f'<img src="{source}">' for source in sources).encode()
    assert len(read(saving.save(tmp_path, "page.html", [(PAGE, "text/html", body)]))[0]) == 1


def test_packed_and_chunked_bodies_are_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    packed = gzip.compress(HTML)
    path.write_bytes(saving.warc([(PAGE, "text/html", packed)], headers={"Content-Encoding": "gzip"}))
    assert read(path)[0][0].body == HTML
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)
    path.write_bytes(saving.warc([(PAGE, "text/html", chunked)], headers={"Transfer-Encoding": "chunked"}))
    assert read(path)[0][0].body == HTML


def test_a_file_is_what_its_bytes_say_and_may_be_gzipped(tmp_path: Path) -> None:
    for name, form in saving.FORMS.items():
        path = tmp_path / f"{name}.bin"
        path.write_bytes(gzip.compress(form(RESPONSES)))
        if not name.endswith(".wacz"):
            assert read(path)[0][0].url == PAGE


def test_a_saved_answer_of_an_interface_is_read_at_the_address_that_a_person_says(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_bytes(b'{"products": []}')
    found, _ = read(path, url="https://shop.example/products.json")
    assert (found[0].media_type, found[0].body) == ("application/json", b'{"products": []}')
    with pytest.raises(UnreadableArchive, match="is no HAR file"):
        read(path)


# ------------------------------------------------------------------------------------------------ damage


def test_one_damaged_record_is_told_and_skipped(tmp_path: Path) -> None:
    three = [(f"{PAGE}{number}", "text/html", HTML + bytes([number]) * 400) for number in range(3)]
    data = bytearray(saving.warc(three))
    starts = [at for at in range(len(data)) if data[at : at + 3] == b"\x1f\x8b\x08"]
    middle = (starts[2] + starts[3]) // 2
    data[middle : middle + 40] = b"\0" * 40
    path = tmp_path / "a.warc.gz"
    path.write_bytes(data)
    found, told = read(path)
    assert [one.url for one in found] == [f"{PAGE}0", f"{PAGE}2"]
    assert told and all(f"a.warc.gz: the record at byte {starts[2]:,}" in line or "byte 0" in line for line in told)


@pytest.mark.parametrize("length", [b"7", b"999999999", b"-5", b"x", b"9" * 30, b""])
def test_a_record_that_lies_about_its_length_takes_no_other_with_it(tmp_path: Path, length: bytes) -> None:
    data = saving.warc([(f"{PAGE}{number}", "text/html", HTML) for number in range(3)], gzip=False)
    first = data.index(b"WARC-Target-URI: https://shop.example/item/11")
    at = data.index(b"Content-Length: ", first) + len(b"Content-Length: ")
    end = data.index(b"\r\n", at)
    path = tmp_path / "a.warc"
    path.write_bytes(data[:at] + length + data[end:])
    found, told = read(path)
    assert [one.url for one in found] == [f"{PAGE}0", f"{PAGE}2"]
    assert told


def test_an_archive_that_was_cut_off_gives_what_is_whole(tmp_path: Path) -> None:
    for name in ("page.warc.gz", "page.warc"):
        path = saving.save(tmp_path, name, RESPONSES)
        path.write_bytes(path.read_bytes()[:-900])
        found, told = read(path)
        assert [one.url for one in found] == [PAGE] and told
    for name in ("page.wacz", "page.har"):
        path = saving.save(tmp_path, name, RESPONSES)
        path.write_bytes(path.read_bytes()[:-900])
        with pytest.raises(UnreadableArchive, match=name):
            read(path)


def test_a_har_entry_that_is_none_is_told_and_skipped(tmp_path: Path) -> None:
    document = json.loads(saving.har(RESPONSES))
    document["log"]["entries"][:0] = [None, {}, {"request": {"url": 1}, "response": {"content": {"text": "x"}}}]
    document["log"]["entries"].append(
        {"request": {"url": "u"}, "response": {"status": 1e400, "content": {"text": "x"}}}
    )
    path = tmp_path / "a.har"
    path.write_text(json.dumps(document))
    found, told = read(path)
    assert [one.url for one in found] == ["1", PAGE, PICTURE]
    assert [line.partition(" is skipped")[0] for line in told] == [f"a.har: entry {number}" for number in (1, 2, 6)]


@pytest.mark.parametrize("body", [b"", b"plain words", b"\0" * 5_000, b"PK\x03\x04 no zip", b"[" * 100_000, b"{}"])
def test_what_is_no_archive_is_refused_by_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "thing.bin"
    path.write_bytes(body)
    with pytest.raises(UnreadableArchive, match=r"thing\.bin"):
        read(path)


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchive, match=r"gone\.warc"):
        read(tmp_path / "gone.warc")


# ------------------------------------------------------------------------------------------------ bombs

SMALL = ArchiveLimits(whole=500_000, body=50_000, unpacked=400_000, entries=50, depth=4)


def test_a_body_that_unpacks_to_more_than_is_read_is_skipped(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    path = tmp_path / "a.warc.gz"
    responses = [(PAGE + "bomb", "text/html", bomb), (PAGE, "text/html", gzip.compress(HTML))]
    path.write_bytes(saving.warc(responses, headers={"Content-Encoding": "gzip"}))
    found, told = read(path, limits=SMALL)
    assert [one.url for one in found] == [PAGE]
    assert "larger than" in told[0]


def test_an_archive_that_unpacks_to_more_than_is_allowed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(b"WARC/1.0\r\n" + b"\0" * 30_000_000))
    with pytest.raises(UnreadableArchive, match="unpacks to more than"):
        read(path, limits=SMALL)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/a.warc", b"\0" * 30_000_000)
    path.write_bytes(packed.getvalue())
    with pytest.raises(UnreadableArchive, match="unpacks to more than"):
        read(path, limits=SMALL)
    path.write_bytes(gzip.compress(gzip.compress(b"\0" * 30_000_000)))
    with pytest.raises(UnreadableArchive):
        read(path, limits=SMALL)


def test_a_file_with_too_many_entries_is_refused(tmp_path: Path) -> None:
    many = [(f"{PAGE}{number}", "text/html", HTML) for number in range(60)]
    for name in ("page.warc.gz", "page.warc", "page.har", "page.mhtml"):
        with pytest.raises(UnreadableArchive, match="more than 50 entries"):
            read(saving.save(tmp_path, name, many), limits=SMALL)


def test_parts_within_parts_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mhtml"
    path.write_bytes(
        b"From: x\r\n"
        + b"".join(b"Content-Type: multipart/related; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000))
    )
    with pytest.raises(UnreadableArchive, match="nested"):
        read(path)


def test_a_file_too_large_to_be_read_as_a_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(b"<html>" + b"x" * 600_000)
    with pytest.raises(UnreadableArchive, match="is larger than"):
        read(path, url=PAGE, limits=SMALL)


def test_many_beginnings_without_a_record_cost_little(tmp_path: Path) -> None:
    for name, start in (("a.warc", b"WARC/1."), ("a.warc.gz", b"\x1f\x8b\x08")):
        path = tmp_path / name
        path.write_bytes(start * 40_000)
        with pytest.raises(UnreadableArchive, match="entries"):
            read(path, limits=ArchiveLimits(entries=2_000))


# Made once: record ids and boundaries are random.
WHOLE = {name: form(RESPONSES) for name, form in saving.FORMS.items()}


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(saving.FORMS)))
def test_a_file_damaged_anywhere_is_read_or_refused_and_never_more(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    whole = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    path = tmp_path_factory.mktemp("damaged") / name
    path.write_bytes(whole)
    try:
        found, _ = read(path, limits=SMALL)
    except UnreadableArchive as error:
        assert name in str(error)
    else:
        assert all(len(one.body) <= SMALL.body and one.captured_at.tzinfo for one in found)


@settings(max_examples=200, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=40),
        st.datetimes().map(str),
        st.from_regex(r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}"),
    )
)
def test_any_time_is_read_as_aware_and_never_in_the_future(text: str) -> None:
    moment = read_time(text, LATER)
    assert moment.tzinfo is not None
    assert moment <= datetime.now(UTC) or moment == LATER
