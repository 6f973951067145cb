"""What waits for a person and what does not: verdicts and later versions, putting off, one verdict about many."""

from datetime import timedelta

import pytest
from rows import NOON, claimed, new_owner, new_product, record
from test_store_suspects import assessment

from counterfoil.exceptions import Conflict, InvalidInput, NotFound, Outdated
from counterfoil.models import Suspect, Triage, VerdictKind
from counterfoil.store import Store
from counterfoil.store.outbox import outbox_size
from counterfoil.store.snoozes import has_due, snooze, wake, wake_due
from counterfoil.store.suspects import add_verdict, get_suspect, record_assessments, undo_verdict
from counterfoil.store.verdict_batches import add_verdict_batch, get_verdict_batch, undo_verdict_batch

HOUR = timedelta(hours=1)
SAID = {"note": None, "decided_by": "ann", "now": NOON}


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


class Shop:
    """An owner's suspects, made and crawled again."""

    def __init__(self, store: Store, owner_id: int) -> None:
        self.store, self.owner_id = store, owner_id
        self.product_id = new_product(store, owner_id)
        self.crawl = claimed(store, owner_id)

    def crawled(self, key: str, title: str = "a bag") -> int:
        """The suspect of a listing, after a crawl that has seen it so."""
        version = record(self.store, self.crawl, key=key, title=title).listing_version_id
        with self.store.write() as connection:
            found = record_assessments(
                connection,
                owner_id=self.owner_id,
                listing_version_id=version,
                made=[assessment(self.product_id, 0.8)],
                product_ids=None,
                threshold=0.5,
                now=NOON,
            )
        assert found is not None
        return found

    def get(self, suspect_id: int) -> Suspect:
        with self.store.read() as connection:
            return get_suspect(connection, self.owner_id, suspect_id)


@pytest.fixture
def shop(store: Store, owner_id: int) -> Shop:
    return Shop(store, owner_id)


def test_a_decided_listing_waits_again_only_when_it_changes(shop: Shop) -> None:
    one = shop.crawled("L1")
    assert shop.get(one).triage is Triage.UNDECIDED
    with shop.store.write() as connection:
        add_verdict(connection, shop.owner_id, one, VerdictKind.UNRELATED, **SAID)
    assert shop.get(one).triage is Triage.DECIDED
    shop.crawled("L1")
    assert shop.get(one).triage is Triage.DECIDED
    shop.crawled("L1", "another bag")
    found = shop.get(one)
    assert found.triage is Triage.CHANGED and found.verdict is VerdictKind.UNRELATED
    with shop.store.write() as connection:
        add_verdict(connection, shop.owner_id, one, VerdictKind.COUNTERFEIT, **SAID)
        assert get_suspect(connection, shop.owner_id, one).triage is Triage.DECIDED
        undo_verdict(connection, shop.owner_id, one, now=NOON)
        assert get_suspect(connection, shop.owner_id, one).triage is Triage.CHANGED
        undo_verdict(connection, shop.owner_id, one, now=NOON)
    assert shop.get(one).triage is Triage.UNDECIDED


def test_what_is_put_off_comes_back_when_its_time_has_come(shop: Shop) -> None:
    one, other = shop.crawled("L1"), shop.crawled("L2")
    with shop.store.write() as connection:
        snooze(connection, shop.owner_id, one, NOON + HOUR, now=NOON)
        snooze(connection, shop.owner_id, other, None, now=NOON)
        assert not has_due(connection, NOON) and wake_due(connection, NOON, 10) == 0
    before = shop.get(one)
    assert before.triage is shop.get(other).triage is Triage.SNOOZED
    with shop.store.write() as connection:
        waiting = outbox_size(connection)
        assert has_due(connection, NOON + HOUR) and wake_due(connection, NOON + HOUR, 10) == 1
        assert wake_due(connection, NOON + HOUR, 10) == 0 and outbox_size(connection) == waiting + 1
    assert shop.get(one).triage is Triage.UNDECIDED and shop.get(one).revision == before.revision + 1
    assert shop.get(other).triage is Triage.SNOOZED


def test_a_change_of_the_listing_or_a_verdict_ends_putting_off(shop: Shop) -> None:
    one, other = shop.crawled("L1"), shop.crawled("L2")
    with shop.store.write() as connection:
        for suspect_id in (one, other):
            snooze(connection, shop.owner_id, suspect_id, None, now=NOON)
        add_verdict(connection, shop.owner_id, other, VerdictKind.UNSURE, **SAID)
    shop.crawled("L1")
    assert shop.get(one).triage is Triage.SNOOZED
    shop.crawled("L1", "another bag")
    assert (shop.get(one).triage, shop.get(other).triage) == (Triage.UNDECIDED, Triage.DECIDED)


def test_putting_off_overwrites_nothing_and_takes_a_time_ahead(shop: Shop) -> None:
    one = shop.crawled("L1")
    with shop.store.write() as connection:
        with pytest.raises(Outdated):
            snooze(connection, shop.owner_id, one, None, expected_revision=7, now=NOON)
        for until in (NOON, NOON - HOUR, NOON + timedelta(days=400)):
            with pytest.raises(InvalidInput, match="ahead"):
                snooze(connection, shop.owner_id, one, until, now=NOON)
        with pytest.raises(Conflict, match="not put off"):
            wake(connection, shop.owner_id, one, now=NOON)
        with pytest.raises(NotFound):
            snooze(connection, shop.owner_id + 1, one, None, now=NOON)
        snooze(connection, shop.owner_id, one, None, now=NOON)
        assert wake(connection, shop.owner_id, one, now=NOON).triage is Triage.UNDECIDED


def decide(shop: Shop, revisions: dict[int, int], batch: str = "b" * 32) -> tuple[int, ...]:
    with shop.store.write() as connection:
        return add_verdict_batch(connection, shop.owner_id, batch, revisions, VerdictKind.COUNTERFEIT, **SAID)


def test_one_verdict_about_many_leaves_what_has_changed_and_is_taken_back_at_once(shop: Shop) -> None:
    ids = [shop.crawled(f"L{number}") for number in range(4)]
    shown = {one: shop.get(one).revision for one in ids}
    with shop.store.write() as connection:
        add_verdict(connection, shop.owner_id, ids[3], VerdictKind.AUTHORISED, **SAID)
    assert decide(shop, shown) == (ids[3],)
    assert [shop.get(one).verdict for one in ids] == [*["counterfeit"] * 3, "authorised"]
    with shop.store.write() as connection:
        # Somebody decides anew about one of them: that is not taken back with the others.
        add_verdict(connection, shop.owner_id, ids[1], VerdictKind.UNRELATED, **SAID)
        found = get_verdict_batch(connection, shop.owner_id, "b" * 32)
        assert found.suspect_ids == tuple(ids[:3]) and found.standing == (ids[0], ids[2])
        assert undo_verdict_batch(connection, shop.owner_id, "b" * 32, NOON) == (ids[0], ids[2])
        assert undo_verdict_batch(connection, shop.owner_id, "b" * 32, NOON) == ()
    assert [shop.get(one).verdict for one in ids] == [None, "unrelated", None, "authorised"]


def test_a_verdict_about_many_is_given_to_all_of_the_owners_or_to_none(shop: Shop) -> None:
    one = shop.crawled("L1")
    stranger = Shop(shop.store, new_owner(shop.store, "stranger")).crawled("X1")
    with pytest.raises(NotFound):
        decide(shop, {one: shop.get(one).revision, stranger: 1})
    with pytest.raises(Outdated, match="All of them"):
        decide(shop, {one: 99})
    for wrong in ({}, dict.fromkeys(range(201), 1)):
        with pytest.raises(InvalidInput, match="between 1 and 200"):
            decide(shop, wrong)
    assert shop.get(one).verdict is None
    with shop.store.read() as connection, pytest.raises(NotFound):
        get_verdict_batch(connection, shop.owner_id, "b" * 32)
