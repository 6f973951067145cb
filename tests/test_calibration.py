"""A product's calibration card: what is measured, what it says, and that it is made by itself and kept."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from garments import printed
from PIL import Image
from rows import claim, new_monitor, new_owner, new_product, new_run

from console.calibration_words import card_words
from console.cli import cli
from counterfoil.calibration import CalibratedImage, Card, EditedCopy, FalseAlarm, as_json, make_card
from counterfoil.edits import EDITS
from counterfoil.models import CrawlCounters, FinishReason, MatchDecision
from counterfoil.store import Store
from counterfoil.store.calibrations import (
    advance_calibration,
    claim_calibration,
    finish_calibration,
    get_card,
    request_calibration,
)
from counterfoil.store.crawls import close_crawl
from counterfoil.store.products import remove_product

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)
ABOUT = {name: (edit.kind.value, edit.described) for name, edit in EDITS.items()}
CONFIRMED, REVIEW = MatchDecision.CONFIRMED, MatchDecision.REVIEW


def copy(edit: str, decision: MatchDecision | None = CONFIRMED, score: float = 0.99) -> EditedCopy:
    return EditedCopy(edit=edit, score=score if decision else 0.0, decision=decision, other_first=False)


def image(*copies: EditedCopy, **changes: object) -> CalibratedImage:
    plain = CalibratedImage(
        reference_image_id=1,
        source="front.jpg",
        width=800,
        height=900,
        informative=True,
        features=700,
        has_mask=True,
        copies=copies,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def card(*images: CalibratedImage, alarms: tuple[FalseAlarm, ...] = (), crawled: int = 100, others: int = 10) -> Card:
    return make_card("m2", images, ABOUT, alarms, crawled=crawled, others=others)


def words(made: Card) -> list[str]:
    """What a card says once it was kept and read again."""
    return card_words(json.loads(json.dumps(as_json(made))), {7: "Trail 40"})


def alarm(score: float, decision: MatchDecision = REVIEW, product_id: int | None = None) -> FalseAlarm:
    return FalseAlarm(image_sha256="a" * 64, product_id=product_id, score=score, decision=decision)


def test_a_card_says_which_copies_would_be_found_and_which_not() -> None:
    made = card(
        image(copy("mirror"), copy("collage-3x3", None), copy("crop-75"), copy("grey", REVIEW)),
        image(copy("mirror"), copy("collage-3x3", None), copy("crop-75", None), copy("grey")),
    )
    text = "\n".join(words(made))
    assert "A copy would be found if it was mirrored." in text
    assert "A copy would not be found if it was put in a 3x3 collage." in text
    assert "only sometimes if it was cropped by 75 % of its area" in text
    assert "only for a person to look at, if it was made grey" in text
    assert [(one.edit, one.tried, one.confirmed, one.found) for one in made.edits if one.edit == "crop-75"] == [
        ("crop-75", 2, 1, 1)
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"informative": False}, "front.jpg is too plain"),
        ({"features": 20}, "shows little structure (20 features)"),
        ({"width": 180}, "front.jpg is small (180 x 900)"),
        ({"like": (7,)}, "too like a picture of Trail 40"),
    ],
)
def test_a_card_says_what_is_wrong_with_a_picture(changes: dict[str, object], said: str) -> None:
    assert any(said in remark for remark in words(card(image(copy("mirror"), **changes))))
    assert not any(said in remark for remark in words(card(image(copy("mirror")))))


def test_thresholds_are_suggested_where_too_many_unrelated_pictures_match() -> None:
    made = card(
        image(copy("mirror"), copy("grey", REVIEW, 0.5)), alarms=(alarm(0.7), alarm(0.9, CONFIRMED)), crawled=90
    )
    assert made.review_threshold == pytest.approx(0.7005), "one of 100 may match, the better one"
    assert made.confirmed_threshold == pytest.approx(0.9005)
    assert any(
        "Suggested threshold for confirmed: 0.9005, which 50 % of the edited copies reach" in one for one in words(made)
    )


def test_the_engines_thresholds_stand_where_they_are_good_enough() -> None:
    made = card(image(copy("mirror")), alarms=(alarm(0.7, product_id=7),), crawled=190)
    assert (made.confirmed_threshold, made.review_threshold) == (None, None)
    assert "Taken for this product: Trail 40." in words(made)


def test_nothing_is_said_of_false_alarms_where_there_is_nothing_to_look_up() -> None:
    assert any(
        "Nothing is known of false alarms" in one for one in words(card(image(copy("mirror")), crawled=0, others=0))
    )


def product_of(store: Store) -> tuple[int, int]:
    owner_id = new_owner(store)
    return owner_id, new_product(store, owner_id)


def test_a_calibration_is_asked_for_once_and_begins_anew_when_asked_again(store: Store) -> None:
    owner_id, product_id = product_of(store)
    with store.write() as connection:
        request_calibration(connection, owner_id, product_id, NOW)
        request_calibration(connection, owner_id, product_id, NOW)
        first = claim_calibration(connection, LEASE, NOW)
        assert first is not None
        assert claim_calibration(connection, LEASE, NOW) is None
        assert advance_calibration(connection, first, [{"done": 1}])
        second = claim_calibration(connection, LEASE, NOW)
        assert second is not None
        assert second.measures == ({"done": 1},)
        request_calibration(connection, owner_id, product_id, NOW)
        assert not advance_calibration(connection, second, [{"done": 2}]), "it began anew"
        third = claim_calibration(connection, LEASE, NOW)
        assert third is not None
        assert third.measures == ()


def test_a_calibration_whose_worker_died_is_taken_over_and_ends_once(store: Store) -> None:
    owner_id, product_id = product_of(store)
    with store.write() as connection:
        request_calibration(connection, owner_id, product_id, NOW)
        dead = claim_calibration(connection, LEASE, NOW)
        alive = claim_calibration(connection, LEASE, NOW + timedelta(minutes=1))
        assert dead is not None
        assert alive is not None
        assert not finish_calibration(connection, dead, {"by": "dead"}, NOW)
        assert finish_calibration(connection, alive, {"by": "alive"}, NOW)
        kept = get_card(connection, owner_id, product_id)
        assert (kept.card, kept.made_at, kept.under_way) == ({"by": "alive"}, NOW, False)
        assert get_card(connection, owner_id + 1, product_id).card is None, "another owner sees nothing of it"


def test_a_card_waits_some_minutes_for_the_crawls_that_are_under_way(store: Store) -> None:
    owner_id, product_id = product_of(store)
    new_run(store, new_monitor(store, owner_id, due=NOW), NOW, now=NOW)

    def is_begun(after: timedelta) -> bool:
        with store.write() as connection:
            request_calibration(connection, owner_id, product_id, NOW)
            return claim_calibration(connection, LEASE, NOW + after, eager=False) is not None

    assert not is_begun(timedelta(minutes=9)) and is_begun(timedelta(minutes=10))
    crawl = claim(store, NOW)
    assert crawl is not None and not is_begun(timedelta(minutes=1))
    with store.write() as connection:
        counters = CrawlCounters()
        close_crawl(connection, crawl.id, 1, FinishReason.FINISHED, detail=None, counters=counters, now=NOW)
    assert not is_begun(timedelta(seconds=5)) and is_begun(timedelta(minutes=1))


def test_the_newest_card_stays_until_the_next_is_made(store: Store) -> None:
    owner_id, product_id = product_of(store)
    with store.write() as connection:
        for number in (1, 2):
            request_calibration(connection, owner_id, product_id, NOW)
            under_way = get_card(connection, owner_id, product_id)
            assert under_way.under_way
            assert under_way.card == ({"number": 1} if number == 2 else None)
            claim = claim_calibration(connection, LEASE, NOW)
            assert claim is not None
            assert finish_calibration(connection, claim, {"number": number}, NOW)
        assert get_card(connection, owner_id, product_id).card == {"number": 2}


def test_a_product_that_was_taken_back_is_not_calibrated(store: Store) -> None:
    owner_id, product_id = product_of(store)
    with store.write() as connection:
        request_calibration(connection, owner_id, product_id, NOW)
        remove_product(connection, owner_id, product_id, NOW)
        assert claim_calibration(connection, LEASE, NOW) is None


def test_a_product_is_calibrated_by_command_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real engine on real edits, a few of them: the suite has no time for all."""
    some = {name: EDITS[name] for name in ("mirror", "jpeg-30", "background")}
    monkeypatch.setattr("indexer.calibrating.EDITS", some)
    environment = {"COUNTERFOIL_DATA": str(tmp_path / "data"), "COUNTERFOIL_JUDGE_PROCESSES": "2"}

    def run(*arguments: str, expect: int = 0) -> str:
        ended = CliRunner().invoke(cli, arguments, env=environment, catch_exceptions=False)
        assert ended.exit_code == expect, ended.output
        return ended.stdout

    shirt, flat = tmp_path / "shirt.png", tmp_path / "flat.png"
    printed(1).save(shirt)
    Image.new("RGB", (300, 300), (200, 30, 30)).save(flat)
    run("brand", "add", "Acme")
    run("product", "add", "Shirt", "--brand", "Acme", "--image", str(shirt))
    run("product", "add", "Flag", "--brand", "Acme", "--image", str(flat))
    run("product", "add", "Words alone", "--brand", "Acme")
    run("product", "calibrate", "Words alone", expect=2)
    made = json.loads(run("product", "calibrate", "Shirt", "--json"))
    assert {one["edit"]: one["found"] for one in made["edits"]} == {"mirror": 1, "jpeg-30": 1, "background": 1}
    assert (made["others"], made["false_alarms"]) == (1, [])
    shown = json.loads(run("product", "show", "Shirt", "--json"))
    assert shown["calibration"]["card"] == made
    assert "A copy would be found if it was" in run("product", "show", "Shirt")
    assert "too plain" in run("product", "calibrate", "Flag")
