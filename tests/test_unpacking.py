"""Compressed bodies: unpacked within the limit, and what is too large or broken is forgotten at once."""

import gc
import gzip
import zlib
from contextlib import suppress
from functools import cache

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlers.failures import BodyBroken, BodyTooLarge, fate_of_error
from crawlers.memory import LargeBodies
from crawlers.observations import Fate
from crawlers.unpacking import UnpackingMiddleware

MEGABYTE = 1024**2
REQUEST = Request("http://shop.example/")
PACKED = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}


@cache
def middleware() -> UnpackingMiddleware:
    settings = {"DOWNLOAD_MAXSIZE": MEGABYTE, "DOWNLOAD_WARNSIZE": MEGABYTE}
    return UnpackingMiddleware.from_crawler(get_crawler(settings_dict=settings))


def unpack(body: bytes, encoding: str) -> bytes:
    response = Response(REQUEST.url, body=body, headers={"Content-Encoding": encoding})
    unpacked = middleware().process_response(REQUEST, response)
    assert isinstance(unpacked, Response)
    return unpacked.body


@pytest.mark.parametrize("encoding", PACKED)
def test_what_is_within_the_limit_is_unpacked(encoding: str) -> None:
    assert unpack(PACKED[encoding](b"lamp " * 1_000), encoding) == b"lamp " * 1_000


@pytest.mark.parametrize("encoding", PACKED)
def test_what_is_not_is_refused_and_nothing_of_it_is_held_by_the_error(encoding: str) -> None:
    with pytest.raises(BodyTooLarge, match="unpack to more than 1 megabytes") as caught:
        unpack(PACKED[encoding](b"\0" * 30 * MEGABYTE), encoding)
    assert caught.value.__context__ is None
    held = [kept for kept in gc.get_objects() if isinstance(kept, bytes | bytearray) and len(kept) > MEGABYTE]
    assert held == []


@pytest.mark.parametrize("encoding", [*PACKED, "zstd", "gzip, gzip"])
def test_what_is_not_packed_as_its_header_says_is_the_sites_fault(encoding: str) -> None:
    with pytest.raises(BodyBroken, match="not packed as its header says") as caught:
        unpack(b"<!doctype html><title>plain</title>", encoding)
    assert fate_of_error(caught.value) is Fate.UNREACHABLE


@given(st.binary(max_size=200), st.sampled_from([*PACKED, "zstd", "x-gzip", "compress", ""]))
def test_any_bytes_are_unpacked_or_the_sites_fault(body: bytes, encoding: str) -> None:
    with suppress(BodyBroken, BodyTooLarge):
        assert len(unpack(body, encoding)) <= MEGABYTE


def test_bombs_one_in_the_other_are_refused_at_the_first_that_is_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        unpack(gzip.compress(gzip.compress(b"\0" * 30 * MEGABYTE)), "gzip, gzip")


def test_garbage_is_collected_when_many_large_bodies_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))
    minder = LargeBodies(get_crawler())
    for _ in range(1_000):
        minder._came(Response(REQUEST.url, body=b"x" * 1_000))
    assert collected == []
    for _ in range(34):
        minder._came(Response(REQUEST.url, body=b"x" * 4 * MEGABYTE))
    # 136 megabytes, and each time that there are more than 64.
    assert len(collected) == 2
