"""Pictures are asked for conditionally: whatever validators a server gives, takes, ignores or lies about."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from crawling import Bench
from market import Answer, Asked, Market, serving
from test_fingerprints import encoded, scene

from counterfoil.evidence import EvidenceStore, Kind
from counterfoil.models import ListingImage
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.images import add_unreadable, get_image_source
from counterfoil.store.tables import fingerprints, images

LAST_MODIFIED = "Sun, 01 Mar 2026 12:00:00 GMT"
ON_SUNDAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def market() -> Iterator[Market]:
    with serving(Market()) as opened:
        yield opened


@pytest.fixture
def bench(settings: Settings, sqlite_store: Store, market: Market) -> Iterator[Bench]:
    made = Bench(settings, sqlite_store, market)
    yield made
    made.close()


def picture(number: int) -> bytes:
    return encoded(scene(number, (60, 40)), "PNG")


def show(market: Market, **servers: Callable[[Asked], Answer]) -> None:
    """One listing, whose pictures each have a server of their own."""
    market.listings["1"] = {"title": "Lamp 1", "price": "1.50", "images": list(servers)}
    for name, answer in servers.items():
        market.faults[f"/picture/{name}"] = answer


def answering(number: int, *, unchanged: Callable[[dict[str, str]], bool] = lambda _: False, **headers: str):  # type: ignore[no-untyped-def]
    """A server of one picture, which says 304 where the request's headers please it."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}

    def answer(asked: Asked) -> Answer:
        if unchanged(asked.headers):
            return Answer(status=304, headers=said)
        return Answer(body=picture(number), type="image/png", headers=said)

    return answer


def shown(bench: Bench) -> dict[str, ListingImage]:
    """The pictures of the listing's newest version by name."""
    return {image.url.rpartition("/")[2]: image for image in bench.versions()[-1].facts.images}


def asked(bench: Bench, name: str) -> list[dict[str, str]]:
    """The conditions that a picture was asked for under, request by request."""
    conditions = ("if-none-match", "if-modified-since")
    requests = [one.headers for one in bench.market.asked if one.path == f"/picture/{name}"]
    return [{key: one[key] for key in conditions if key in one} for one in requests]


def retention_deletes(bench: Bench, evidence: EvidenceStore, name: str) -> str:
    """What a sweep does to a picture whose time has come; its SHA-256."""
    sha256 = str(shown(bench)[name].sha256)
    with bench.store.write() as connection:
        connection.execute(images.update().where(images.c.sha256 == sha256).values(deleted_at=ON_SUNDAY))
    evidence.image_path(sha256).unlink()
    return sha256


def test_validators_go_back_as_they_came_and_a_server_that_ignores_them_costs_nothing_but_bytes(
    bench: Bench, evidence: EvidenceStore
) -> None:
    show(
        bench.market,
        strong=answering(1, unchanged=lambda sent: sent.get("if-none-match") == '"a"', ETag='"a"'),
        weak=answering(2, unchanged=lambda sent: sent.get("if-none-match") == 'W/"b"', ETag='W/"b"'),
        dated=answering(
            3, unchanged=lambda sent: sent.get("if-modified-since") == LAST_MODIFIED, Last_Modified=LAST_MODIFIED
        ),
        both=answering(
            4,
            unchanged=lambda sent: len(sent.keys() & {"if-none-match", "if-modified-since"}) == 2,
            ETag='"d"',
            Last_Modified=LAST_MODIFIED,
        ),
        foreign=answering(5, unchanged=lambda sent: sent.get("if-none-match") == '"\xe9t\xe9"', ETag='"\xe9t\xe9"'),
        ignoring=answering(6, ETag='"f"'),
        bare=answering(7),
    )
    first = bench.crawl("lamp")
    assert (first.counters.images, first.counters.image_errors) == (7, 0)
    before = shown(bench)
    bench.market.asked.clear()
    second = bench.crawl("lamp")
    assert (second.counters.images, second.counters.image_errors, second.counters.changed) == (7, 0, 0)
    assert asked(bench, "strong") == [{"if-none-match": '"a"'}]
    assert asked(bench, "weak") == [{"if-none-match": 'W/"b"'}]
    assert asked(bench, "dated") == [{"if-modified-since": LAST_MODIFIED}]
    assert asked(bench, "both") == [{"if-none-match": '"d"', "if-modified-since": LAST_MODIFIED}]
    assert asked(bench, "foreign") == [{"if-none-match": '"\xe9t\xe9"'}]
    assert asked(bench, "ignoring") == [{"if-none-match": '"f"'}]
    assert asked(bench, "bare") == [{}]
    assert shown(bench) == before
    assert len(bench.versions()) == len(list(evidence.walk(Kind.BODY))) == 1
    assert len(list(evidence.walk(Kind.IMAGE))) == 7
    # Five of the seven came without their bytes.
    assert second.counters.bytes < first.counters.bytes - 4 * len(picture(1))


def test_what_a_server_says_wrongly_of_its_pictures_is_an_error_of_that_picture(bench: Bench) -> None:
    show(
        bench.market,
        unasked=lambda _: Answer(status=304, headers={"ETag": '"a"'}),
        empty=lambda _: Answer(type="image/png", headers={"ETag": '"b"'}),
        sound=answering(1, ETag='"c"'),
    )
    crawl = bench.crawl("lamp")
    assert (crawl.counters.images, crawl.counters.image_errors) == (1, 2)
    found = shown(bench)
    assert "304" in str(found["unasked"].error)
    assert found["empty"].sha256 is None and found["empty"].error
    # Neither left a validator behind that would keep the picture from being fetched when the server has mended.
    show(bench.market, unasked=answering(2), empty=answering(3), sound=answering(1, ETag='"c"'))
    bench.market.asked.clear()
    assert bench.crawl("lamp").counters.images == 3
    assert asked(bench, "unasked") == asked(bench, "empty") == [{}]


def test_a_picture_that_changed_under_the_same_address_is_the_listings_new_version(bench: Bench) -> None:
    show(bench.market, lamp=answering(1, unchanged=lambda sent: sent.get("if-none-match") == '"1"', ETag='"1"'))
    bench.crawl("lamp")
    show(bench.market, lamp=answering(2, unchanged=lambda sent: sent.get("if-none-match") == '"2"', ETag='"2"'))
    assert bench.crawl("lamp").counters.changed == 1
    one, two = (version.facts.images[0].sha256 for version in bench.versions())
    assert one != two
    with bench.store.read() as connection:
        source = get_image_source(connection, f"{bench.market.url}/picture/lamp")
    assert source is not None and (source.image_sha256, source.etag) == (two, '"2"')


def test_a_picture_that_retention_has_deleted_is_fetched_without_conditions_and_is_there_again(
    bench: Bench, evidence: EvidenceStore
) -> None:
    show(bench.market, lamp=answering(1, unchanged=lambda sent: "if-none-match" in sent, ETag='"1"'))
    bench.crawl("lamp")
    sha256 = retention_deletes(bench, evidence, "lamp")
    with bench.store.write() as connection:
        add_unreadable(connection, sha256, "f8", "damaged")
    assert shown(bench)["lamp"].deleted_at == ON_SUNDAY
    bench.market.asked.clear()
    assert bench.crawl("lamp").counters.changed == 0
    assert asked(bench, "lamp") == [{}]
    assert evidence.get_image(sha256) == picture(1)
    assert shown(bench)["lamp"].deleted_at is None
    with bench.store.read() as connection:
        assert list(connection.scalars(sa.select(fingerprints.c.error))) == ["damaged"]


def test_a_picture_that_retention_deletes_while_the_server_says_unchanged_is_asked_for_again(
    bench: Bench, evidence: EvidenceStore
) -> None:
    deleted: list[str] = []

    def unchanged(sent: dict[str, str]) -> bool:
        if "if-none-match" in sent:
            deleted.append(retention_deletes(bench, evidence, "lamp"))
        return "if-none-match" in sent

    show(bench.market, lamp=answering(1, unchanged=unchanged, ETag='"1"'))
    bench.crawl("lamp")
    bench.market.asked.clear()
    assert bench.crawl("lamp").counters.images == 1
    assert asked(bench, "lamp") == [{"if-none-match": '"1"'}, {}]
    assert len(deleted) == 1
    assert evidence.get_image(deleted[0]) == picture(1)
    assert shown(bench)["lamp"].deleted_at is None
