"""Suspects, assessments, verdicts and their outbox: what the judge and a person write, on both databases."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from rows import MINUTE, NOON, at_once, claimed, count, new_owner, new_product, pictures, record

from counterfoil.exceptions import Conflict, NotFound
from counterfoil.models import (
    Assessment,
    Fingerprint,
    Match,
    Reason,
    ReasonKind,
    Score,
    Suspect,
    SuspectState,
    VerdictKind,
)
from counterfoil.store import Store
from counterfoil.store.images import add_fingerprints, add_image
from counterfoil.store.inspections import claim_inspections, finish_inspection
from counterfoil.store.outbox import delivered, outbox_after, outbox_size
from counterfoil.store.products import remove_product
from counterfoil.store.suspects import (
    add_verdict,
    get_assessments,
    get_suspect,
    get_suspects,
    list_verdicts,
    record_assessments,
    suspect_ids_after,
    suspect_revisions,
    suspects_with_images,
)
from counterfoil.store.tables import assessments, outbox, suspects

PICTURE = "ab" * 32


def assessment(product_id: int, score: float, judge: str = "j1", matches: tuple[Match, ...] = ()) -> Assessment:
    reason = Reason(kind=ReasonKind.IMAGE_COPY, weight=score, text="a copy", evidence={"distance": 3})
    return Assessment(
        product_id=product_id, judge_version=judge, score=Score(value=score, reasons=(reason,)), matches=matches
    )


def judge(
    store: Store, owner_id: int, version_id: int, made: Sequence[Assessment], only: Sequence[int] | None = None
) -> int | None:
    with store.write() as connection:
        return record_assessments(
            connection,
            owner_id=owner_id,
            listing_version_id=version_id,
            made=made,
            product_ids=only,
            threshold=0.5,
            now=NOON,
        )


def suspect(store: Store, owner_id: int, suspect_id: int) -> Suspect:
    with store.read() as connection:
        return get_suspect(connection, owner_id, suspect_id)


def scores(store: Store, suspect_id: int) -> dict[int, float]:
    with store.read() as connection:
        return {one.product_id: one.score.value for one in get_assessments(connection, [suspect_id])[suspect_id]}


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


@pytest.fixture
def product_id(store: Store, owner_id: int) -> int:
    return new_product(store, owner_id)


@pytest.fixture
def version_id(store: Store, owner_id: int) -> int:
    """The first version of a listing that the owner's crawl has shown."""
    return record(store, claimed(store, owner_id)).listing_version_id


@pytest.fixture
def changed_id(store: Store, owner_id: int, version_id: int) -> int:
    """The second version of the same listing."""
    return record(store, claimed(store, owner_id, "second"), title="Another title").listing_version_id


# ---------------------------------------------------------------------------------------------------- suspects


def test_a_suspicious_listing_becomes_a_suspect_that_waits_for_the_index(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    match = Match(
        image_sha256=PICTURE, reference_image_id=7, product_id=product_id, distance=3, score=0.9, stage="hash"
    )
    made = assessment(product_id, 0.8, matches=(match,))
    suspect_id = judge(store, owner_id, version_id, [made])
    assert suspect_id is not None
    found = suspect(store, owner_id, suspect_id)
    assert (found.score, found.state, found.revision) == (0.8, SuspectState.OPEN, 1)
    assert (found.listing_version_id, found.first_suspected_at, found.verdict) == (version_id, NOON, None)
    with store.read() as connection:
        assert get_assessments(connection, [suspect_id]) == {suspect_id: [made]}
        assert [(row.suspect_id, row.revision) for row in outbox_after(connection, 0, 10)] == [(suspect_id, 1)]


def test_a_listing_below_the_threshold_is_no_suspect(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    assert judge(store, owner_id, version_id, [assessment(product_id, 0.49)]) is None
    assert count(store, suspects) == count(store, assessments) == count(store, outbox) == 0


def test_judging_twice_changes_nothing(store: Store, owner_id: int, product_id: int, version_id: int) -> None:
    first = judge(store, owner_id, version_id, [assessment(product_id, 0.8)])
    assert judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) == first
    assert suspect(store, owner_id, first or 0).revision == 1
    assert count(store, assessments) == count(store, outbox) == 1


def test_what_is_judged_otherwise_is_a_new_revision(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    judge(store, owner_id, version_id, [assessment(product_id, 0.9, judge="j2")])
    assert suspect(store, owner_id, suspect_id).revision == 2
    assert scores(store, suspect_id) == {product_id: 0.9}
    assert count(store, outbox) == 2


def test_a_suspect_and_its_outbox_row_are_written_together_or_not_at_all(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    class Crash(Exception):
        pass

    with pytest.raises(Crash), store.write() as connection:
        record_assessments(
            connection,
            owner_id=owner_id,
            listing_version_id=version_id,
            made=[assessment(product_id, 0.8)],
            product_ids=None,
            threshold=0.5,
            now=NOON,
        )
        raise Crash
    assert count(store, suspects) == count(store, assessments) == count(store, outbox) == 0


def test_sibling_products_with_one_photo_are_one_suspect_with_an_assessment_each(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    sibling = new_product(store, owner_id, "Trail 40")
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.6), assessment(sibling, 0.9)]) or 0
    assert suspect(store, owner_id, suspect_id).score == 0.9
    with store.read() as connection:
        best_first = [one.product_id for one in get_assessments(connection, [suspect_id])[suspect_id]]
    assert best_first == [sibling, product_id]


def test_two_owners_suspect_the_same_listing_each_for_themselves(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    other = new_owner(store, "rival")
    theirs = new_product(store, other)
    record(store, claimed(store, other, "theirs"))
    first = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    second = judge(store, other, version_id, [assessment(theirs, 0.7)]) or 0
    assert first != second
    assert suspect(store, owner_id, first).score == 0.8
    with pytest.raises(NotFound):
        suspect(store, owner_id, second)


def test_a_listing_that_looks_honest_now_is_withdrawn_and_keeps_its_verdict(
    store: Store, owner_id: int, product_id: int, version_id: int, changed_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    decide(store, owner_id, suspect_id, VerdictKind.COUNTERFEIT)
    judge(store, owner_id, changed_id, [])
    found = suspect(store, owner_id, suspect_id)
    assert (found.state, found.score, found.verdict) == (SuspectState.WITHDRAWN, 0.0, VerdictKind.COUNTERFEIT)
    assert found.listing_version_id == changed_id
    judge(store, owner_id, changed_id, [assessment(product_id, 0.7)])
    assert suspect(store, owner_id, suspect_id).state is SuspectState.OPEN


def test_an_old_version_judged_late_does_not_change_what_the_newer_one_showed(
    store: Store, owner_id: int, product_id: int, version_id: int, changed_id: int
) -> None:
    suspect_id = judge(store, owner_id, changed_id, [assessment(product_id, 0.6)]) or 0
    judge(store, owner_id, version_id, [assessment(product_id, 0.9)])
    found = suspect(store, owner_id, suspect_id)
    assert (found.score, found.listing_version_id, found.revision) == (0.6, changed_id, 1)


def test_an_old_version_judged_late_raises_no_suspicion_that_a_newer_one_has_refuted(
    store: Store, owner_id: int, product_id: int, version_id: int, changed_id: int
) -> None:
    with store.write() as connection:
        for inspection in claim_inspections(connection, 10, MINUTE, NOON):
            if inspection.listing_version_id == changed_id:
                assert finish_inspection(connection, inspection, "j1")
    assert judge(store, owner_id, changed_id, []) is None
    assert judge(store, owner_id, version_id, [assessment(product_id, 0.9)]) is None


def test_judging_against_one_product_keeps_what_was_made_of_the_others(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    sibling = new_product(store, owner_id, "Trail 40")
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.6), assessment(sibling, 0.9)]) or 0
    judge(store, owner_id, version_id, [assessment(product_id, 0.7)], only=[product_id])
    assert scores(store, suspect_id) == {product_id: 0.7, sibling: 0.9}
    judge(store, owner_id, version_id, [], only=[sibling])
    assert scores(store, suspect_id) == {product_id: 0.7}
    assert suspect(store, owner_id, suspect_id).score == 0.7


def test_a_removed_product_no_longer_speaks_against_a_listing(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.9)]) or 0
    with store.write() as connection:
        remove_product(connection, owner_id, product_id, NOON)
    judge(store, owner_id, version_id, [])
    assert scores(store, suspect_id) == {}
    assert suspect(store, owner_id, suspect_id).state is SuspectState.WITHDRAWN


def test_two_judges_that_find_the_same_at_once_make_one_suspect(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    made = at_once(4, lambda _: judge(store, owner_id, version_id, [assessment(product_id, 0.8)]))
    assert len(set(made)) == 1
    assert count(store, suspects) == count(store, assessments) == count(store, outbox) == 1


def test_suspects_are_walked_by_id(store: Store, owner_id: int, product_id: int) -> None:
    crawl = claimed(store, owner_id)
    made = [
        judge(store, owner_id, record(store, crawl, key=str(key)).listing_version_id, [assessment(product_id, 0.8)])
        for key in range(5)
    ]
    with store.read() as connection:
        assert suspect_ids_after(connection, 0, 3) == made[:3]
        assert suspect_ids_after(connection, made[2] or 0, 3) == made[3:]
        assert [one.revision for one in get_suspects(connection, [one or 0 for one in made])] == [1] * 5
        assert sorted(suspect_revisions(connection)) == [(one, 1) for one in made]


# ---------------------------------------------------------------------------------------------------- verdicts


def decide(store: Store, owner_id: int, suspect_id: int, kind: VerdictKind, expected: int | None = None) -> None:
    with store.write() as connection:
        add_verdict(
            connection,
            owner_id,
            suspect_id,
            kind,
            note="looked at it",
            decided_by="pat",
            expected_revision=expected,
            now=NOON,
        )


def test_verdicts_are_appended_and_name_the_version_they_judged(
    store: Store, owner_id: int, product_id: int, version_id: int, changed_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    decide(store, owner_id, suspect_id, VerdictKind.UNSURE)
    judge(store, owner_id, changed_id, [assessment(product_id, 0.9)])
    decide(store, owner_id, suspect_id, VerdictKind.COUNTERFEIT)
    with store.read() as connection:
        said = [(one.kind, one.listing_version_id) for one in list_verdicts(connection, owner_id, suspect_id)]
    assert said == [(VerdictKind.UNSURE, version_id), (VerdictKind.COUNTERFEIT, changed_id)]
    found = suspect(store, owner_id, suspect_id)
    assert (found.verdict, found.revision) == (VerdictKind.COUNTERFEIT, 4)
    assert outbox_rows(store) == 4


def test_a_verdict_survives_every_later_judgement(
    store: Store, owner_id: int, product_id: int, version_id: int, changed_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    decide(store, owner_id, suspect_id, VerdictKind.LOOKALIKE)
    judge(store, owner_id, changed_id, [assessment(product_id, 0.95, judge="j2")])
    assert suspect(store, owner_id, suspect_id).verdict is VerdictKind.LOOKALIKE


def test_a_verdict_on_what_has_changed_meanwhile_is_refused(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    decide(store, owner_id, suspect_id, VerdictKind.UNSURE, expected=1)
    with pytest.raises(Conflict, match="has changed"):
        decide(store, owner_id, suspect_id, VerdictKind.COUNTERFEIT, expected=1)
    with store.read() as connection:
        assert len(list_verdicts(connection, owner_id, suspect_id)) == 1


def test_nobody_decides_about_another_owners_suspect(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    with pytest.raises(NotFound):
        decide(store, new_owner(store, "rival"), suspect_id, VerdictKind.UNRELATED)


def test_verdicts_and_judgements_at_the_same_moment_are_all_kept(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0

    def work(number: int) -> None:
        if number % 2:
            decide(store, owner_id, suspect_id, VerdictKind.UNSURE)
        else:
            judge(store, owner_id, version_id, [assessment(product_id, 0.6 + number / 100)])

    at_once(8, work)
    with store.read() as connection:
        assert len(list_verdicts(connection, owner_id, suspect_id)) == 4
    assert suspect(store, owner_id, suspect_id).revision == outbox_rows(store) == 9


# --------------------------------------------------------------------------------------------- outbox, pictures


def outbox_rows(store: Store) -> int:
    with store.read() as connection:
        return outbox_size(connection)


def test_what_was_delivered_is_forgotten_up_to_its_revision(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    for _ in range(3):
        decide(store, owner_id, suspect_id, VerdictKind.UNSURE)
    with store.write() as connection:
        delivered(connection, [(suspect_id, 3)])
        left = outbox_after(connection, 0, 10)
        assert [row.revision for row in left] == [4]
        assert outbox_after(connection, left[0].id, 10) == []
        delivered(connection, [])
        delivered(connection, [(suspect_id, 9)])
    assert outbox_rows(store) == 0


def test_suspects_and_pictures_are_found_by_picture_for_their_owner_only(
    store: Store, owner_id: int, product_id: int
) -> None:
    other = new_owner(store, "rival")
    shown, plain, unseen = (letter * 64 for letter in "abc")
    with store.write() as connection:
        for sha256 in (shown, plain, unseen):
            add_image(connection, sha256, 10, NOON)
            made = Fingerprint(
                image_sha256=sha256,
                version="f1",
                width=9,
                height=9,
                phash=b"\1" * 8,
                dct256=sha256[:32].encode(),
                box256=sha256[:32].encode(),
                informative=sha256 != plain,
            )
            add_fingerprints(connection, [made])
    images = pictures(("https://m.example/1.jpg", shown), ("https://m.example/2.jpg", plain))
    version_id = record(store, claimed(store, owner_id), images=images).listing_version_id
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    with store.read() as connection:
        assert suspects_with_images(connection, owner_id, [shown, unseen]) == {suspect_id: [shown]}
        assert suspects_with_images(connection, other, [shown]) == {}
        assert suspects_with_images(connection, owner_id, []) == {}


def test_a_suspects_first_time_stays_while_it_changes(
    store: Store, owner_id: int, product_id: int, version_id: int
) -> None:
    suspect_id = judge(store, owner_id, version_id, [assessment(product_id, 0.8)]) or 0
    later = NOON + timedelta(days=2)
    with store.write() as connection:
        add_verdict(connection, owner_id, suspect_id, VerdictKind.UNSURE, note=None, decided_by="pat", now=later)
    found = suspect(store, owner_id, suspect_id)
    assert (found.first_suspected_at, found.updated_at) == (NOON, later)
