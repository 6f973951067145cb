"""What is kept as a picture, told by its bytes: whole ones, and nothing that stands in their place."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, features

from crawlers.observations import Fate
from crawlers.picture_bytes import picture_problem
from crawlers.picture_hosts import HostPatience
from examples.marketplace.faults.bombs import grey_png

FORMATS = ["JPEG", "PNG", "GIF", "WEBP", "BMP", *(["AVIF"] if features.check("avif") else [])]
# Those whose end can be told.
ENDED = [name for name in FORMATS if name not in {"GIF", "BMP"}]
NOISE = Image.effect_noise((48, 40), 60).convert("RGB")


def saved(file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    NOISE.save(file, file_format, **options)
    return file.getvalue()


WHOLE = {name: saved(name) for name in FORMATS}


def with_thumbnail() -> bytes:
    """A JPEG with another whole JPEG in its header, as cameras write them."""
    exif = b"Exif\0\0" + saved("JPEG", quality=5)
    picture = saved("JPEG")
    return picture[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + picture[2:]


@pytest.mark.parametrize("name", FORMATS)
def test_whole_pictures_are_kept_whatever_follows_them(name: str) -> None:
    assert picture_problem(WHOLE[name], "text/html") is None
    assert picture_problem(WHOLE[name] + b"\0" * 99) is None


@pytest.mark.parametrize("options", [{"progressive": True}, {"quality": 1}, {"comment": b"\xff\xd9 not the end"}])
def test_all_kinds_of_jpeg_are_whole(options: dict[str, object]) -> None:
    assert picture_problem(saved("JPEG", **options)) is None
    filled = WHOLE["JPEG"][:2] + b"\xff\xff\xff" + WHOLE["JPEG"][2:]
    assert picture_problem(filled) is None
    assert picture_problem(with_thumbnail()) is None


@pytest.mark.parametrize("name", ENDED)
def test_a_picture_that_is_cut_anywhere_is_refused(name: str) -> None:
    data = WHOLE[name]
    assert [end for end in range(len(data)) if picture_problem(data[:end]) is None] == []


@given(st.floats(0.1, 1, exclude_max=True))
@example(0.999)
def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(part: float) -> None:
    data = with_thumbnail()
    problem = picture_problem(data[: int(len(data) * part)])
    assert problem is not None
    assert "cut short" in problem


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!doctype html><title>No hotlinking</title>", "text/html; charset=utf-8"),
        *(
            (b"", "image/jpeg"),
            (b"GIF", "image/gif"),
            (b"<svg/>", "image/svg+xml"),
            (b"RIFF\0\0\0\0WAVE", "image/webp"),
        ),
    ],
)
def test_what_is_no_picture_is_refused_with_what_it_was_called(data: bytes, said: str) -> None:
    problem = picture_problem(data, said)
    assert problem is not None
    assert problem.startswith(f"is no picture: the site answered {said.partition(';')[0]}")


@pytest.mark.parametrize(
    "data",
    [
        grey_png(50_000),
        b"GIF89a" + (65_535).to_bytes(2, "little") * 2,
        b"BM" + bytes(16) + (40_000).to_bytes(4, "little") + (-40_000).to_bytes(4, "little", signed=True),
        b"\xff\xd8\xff\xc2\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00\xff\xda\x00\x02\xff\xd9",
    ],
    ids=["png", "gif", "bmp", "jpeg"],
)
def test_more_pixels_than_any_photograph_has_are_refused(data: bytes) -> None:
    assert "promises" in (picture_problem(data) or "")


@given(
    st.sampled_from([b"", *(data[:24] for data in WHOLE.values())]),
    st.one_of(st.binary(max_size=300), st.lists(st.sampled_from([b"\xff", b"\xe0", b"\0", b"\x02"])).map(b"".join)),
)
def test_any_bytes_are_kept_or_refused_and_never_an_error(start: bytes, rest: bytes) -> None:
    problem = picture_problem(start + rest, "image/jpeg")
    assert problem is None or len(problem) < 200


def test_files_of_nothing_but_headers_are_looked_at_for_no_longer_than_others() -> None:
    segments = b"\xff\xd8" + b"\xff\xe0\x00\x02" * 2_000_000
    markers = b"\xff\xd8" + b"\xff" * 8_000_000
    boxes = b"\0\0\0\x10ftypavif\0\0\0\0" + b"\0\0\0\x08free" * 1_000_000
    assert picture_problem(segments) and picture_problem(markers) and picture_problem(boxes)


# ------------------------------------------------------------------------------------------------------ hosts

A, B = "http://a.example/1.jpg", "http://b.example:81/1.jpg"


@pytest.mark.parametrize(
    ("fate", "patience", "words"),
    [
        (Fate.UNREACHABLE, 5, "did not come"),
        (Fate.BLOCKED, 5, "were refused"),
        (Fate.RATE_LIMITED, 3, "were answered with 429"),
    ],
)
def test_a_host_whose_pictures_fail_alike_is_given_up_and_no_other(fate: Fate, patience: int, words: str) -> None:
    hosts = HostPatience()
    for _ in range(patience - 1):
        hosts.note(A, fate)
    assert hosts.given_up(A) is None
    hosts.note(A, fate)
    assert hosts.given_up(A) == f"was not asked for: pictures of a.example {words}, one after the other"
    assert hosts.given_up(B) is None
    hosts.note(A, Fate.READ)
    assert hosts.given_up(A) is None


def test_pictures_that_are_gone_are_no_reason_to_ask_for_no_more() -> None:
    hosts = HostPatience()
    for _ in range(50):
        hosts.note(A, Fate.GONE)
        hosts.note(B, Fate.READ)
    assert hosts.given_up(A) is hosts.given_up(B) is None
