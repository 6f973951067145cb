"""Accounts, sessions, API keys, set-up links, back-off and the audit log, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from people import OPERATOR, PASSWORD, api_key, new_account, session_token
from rows import NOON, at_once, count, new_owner

from counterfoil.accounts import (
    LINK_VALID_FOR,
    Visit,
    api_key_of,
    change_password,
    log_in,
    log_out,
    make_api_key,
    make_set_up_link,
    set_password,
    set_up,
    visit_of,
)
from counterfoil.clock import now
from counterfoil.exceptions import Conflict, Forbidden, InvalidInput, NotFound, NotLoggedIn, TooManyAttempts
from counterfoil.models import Account, Role
from counterfoil.passwords import check_password, hash_password, verify_password
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.accounts import (
    account_name,
    add_account,
    find_account,
    get_account,
    list_accounts,
    remove_account,
    set_role,
)
from counterfoil.store.api_keys import get_api_key, list_api_keys, revoke_api_key
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.log_in_failures import delay_after
from counterfoil.store.tables import account_sessions, accounts, audit_entries
from counterfoil.tokens import token_digest

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
OTHER = "another good password"


@pytest.fixture
def owner_id(store: Store) -> int:
    return new_owner(store)


@pytest.fixture
def ann(store: Store, owner_id: int) -> Account:
    return new_account(store, owner_id, "ann")


def try_in(store: Store, settings: Settings, password: str, at: datetime = NOON, name: str = "ann") -> Visit:
    return log_in(store, settings, name, password, "192.0.2.1", at)


# ------------------------------------------------------------------------------------------------ passwords


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ann@example.com!", "counterfoil12", "x" * 1_001])
def test_a_password_that_is_easily_guessed_is_refused_with_the_reason(password: str) -> None:
    with pytest.raises(InvalidInput, match="password"):
        check_password(password, "ann@example.com")


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and one != other
    assert verify_password(PASSWORD, one) and not verify_password(PASSWORD + " ", one)


def test_a_password_typed_with_combining_letters_is_the_same() -> None:
    assert verify_password("cafe\u0301 noir et blanc", hash_password("caf\u00e9 noir et blanc"))


def test_no_password_fits_an_account_without_one() -> None:
    assert not verify_password("the password of an account that does not exist", None)


# ------------------------------------------------------------------------------------------------ logging in


def test_whoever_knows_the_password_gets_a_session(store: Store, settings: Settings, ann: Account) -> None:
    visit = try_in(store, settings, PASSWORD)
    assert visit.account == ann and visit.token is not None
    assert visit_of(store, settings, visit.token, NOON).account == ann


def test_a_session_cannot_be_read_out_of_the_database(store: Store, settings: Settings, ann: Account) -> None:
    visit = try_in(store, settings, PASSWORD)
    with store.read() as connection:
        stored = str(connection.execute(sa.select(account_sessions)).all())
    assert visit.token and visit.token not in stored and token_digest(visit.token) in stored


def test_a_wrong_password_and_a_name_that_nobody_has_are_refused_alike(
    store: Store, settings: Settings, ann: Account
) -> None:
    said = []
    for name in ("ann", "nobody", "not a name"):
        with pytest.raises(NotLoggedIn) as error:
            try_in(store, settings, "wrong password", name=name)
        said.append(str(error.value))
    assert len(set(said)) == 1


def test_an_account_that_was_removed_or_has_no_password_cannot_log_in(store: Store, settings: Settings) -> None:
    owner_id = new_owner(store)
    with store.write() as connection:
        add_account(connection, owner_id, "new", Role.VIEWER, NOON)
        gone = new_account_in(connection, owner_id, "gone")
        remove_account(connection, gone, NOON)
    for name in ("new", "gone"):
        with pytest.raises(NotLoggedIn):
            try_in(store, settings, PASSWORD, name=name)


def new_account_in(connection: sa.Connection, owner_id: int, name: str) -> Account:
    return add_account(connection, owner_id, name, Role.VIEWER, NOON, password_hash=hash_password(PASSWORD))


def test_a_session_ends_when_it_idles_or_expires_or_is_ended(store: Store, settings: Settings, ann: Account) -> None:
    settings = settings.model_copy(update={"session_idle_minutes": 60, "session_hours": 3})
    token, _ = session_token(store, ann, NOON)
    for hours in (0.9, 1.8, 2.7):
        visit_of(store, settings, token, NOON + hours * HOUR)
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, token, NOON + 3.7 * HOUR)
    idle, _ = session_token(store, ann, NOON)
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, idle, NOON + 1.1 * HOUR)
    ended = try_in(store, settings, PASSWORD)
    log_out(store, ended, str(ended.token), None, NOON)
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, str(ended.token), NOON)


def test_a_sessions_token_is_changed_every_hour_and_the_old_one_dies_a_minute_later(
    store: Store, settings: Settings, ann: Account
) -> None:
    old, _ = session_token(store, ann, NOON)
    at = NOON + HOUR
    assert visit_of(store, settings, old, at - SECOND, may_rotate=True).token is None
    new = visit_of(store, settings, old, at, may_rotate=True).token
    assert new and new != old
    assert visit_of(store, settings, old, at + 59 * SECOND, may_rotate=True).token is None
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, old, at + 61 * SECOND)
    assert visit_of(store, settings, new, at + 61 * SECOND).account == ann


def test_requests_at_once_change_a_sessions_token_only_once(store: Store, settings: Settings, ann: Account) -> None:
    old, _ = session_token(store, ann, NOON)
    made = at_once(4, lambda _: visit_of(store, settings, old, NOON + HOUR, may_rotate=True).token)
    assert len([token for token in made if token]) == 1


def test_a_changed_password_ends_every_other_session(store: Store, settings: Settings, ann: Account) -> None:
    here, elsewhere = (try_in(store, settings, PASSWORD) for _ in range(2))
    with pytest.raises(InvalidInput, match="present password"):
        change_password(store, here, "not the present one", OTHER, None, NOON)
    change_password(store, here, PASSWORD, OTHER, None, NOON)
    assert visit_of(store, settings, str(here.token), NOON).account.name == "ann"
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, str(elsewhere.token), NOON)
    with pytest.raises(NotLoggedIn):
        try_in(store, settings, PASSWORD)
    assert try_in(store, settings, OTHER, NOON + HOUR).account.name == "ann"


def test_a_hash_of_older_parameters_is_renewed_at_log_in(store: Store, settings: Settings, ann: Account) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD.encode())
    with store.write() as connection:
        connection.execute(accounts.update().values(password_hash=weak))
    try_in(store, settings, PASSWORD)
    with store.read() as connection:
        renewed = get_account(connection, ann.owner_id, ann.id).password_hash
    assert renewed and "m=65536" in renewed and verify_password(PASSWORD, renewed)


# -------------------------------------------------------------------------------------------------- back-off


def test_after_five_wrong_passwords_each_further_one_takes_twice_as_long() -> None:
    seconds = [delay_after(failures, 5).total_seconds() for failures in range(3, 18)]
    assert seconds == [0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_wrong_passwords_at_once_do_not_get_around_the_back_off(
    sqlite_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_account(sqlite_store, new_owner(sqlite_store))
    looked_at = []

    def refuse(*_: object) -> bool:
        looked_at.append(1)
        return False

    monkeypatch.setattr("counterfoil.accounts.verify_password", refuse)

    def attempt(_: int) -> None:
        with pytest.raises((NotLoggedIn, TooManyAttempts)):
            try_in(sqlite_store, settings, "wrong")

    at_once(12, attempt)
    assert len(looked_at) == 5


def test_a_thousand_guesses_in_an_hour_look_at_fewer_than_twenty(
    sqlite_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_account(sqlite_store, new_owner(sqlite_store))
    looked_at = []
    monkeypatch.setattr("counterfoil.accounts.verify_password", lambda *_: bool(looked_at.append(1)))
    waits = []
    for number in range(1_000):
        with pytest.raises((NotLoggedIn, TooManyAttempts)) as error:
            # From a thousand addresses: it is the name that is counted.
            log_in(
                sqlite_store,
                settings,
                "ann",
                "guess",
                f"198.51.{number // 250}.{number % 250}",
                NOON + number * 3.6 * SECOND,
            )
        if isinstance(error.value, TooManyAttempts):
            waits.append(error.value.seconds)
    assert 10 <= len(looked_at) < 20 and max(waits) <= 901


def test_one_address_cannot_try_a_password_on_many_names(
    sqlite_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = []
    monkeypatch.setattr("counterfoil.accounts.verify_password", lambda *_: bool(looked_at.append(1)))
    for number in range(100):
        with pytest.raises((NotLoggedIn, TooManyAttempts)):
            # A person is given a whole IPv6 network to choose from.
            log_in(sqlite_store, settings, f"name{number}", "Spring2026!!", f"2001:db8::{number:x}", NOON)
    assert len(looked_at) == 20


def test_names_that_nobody_has_wait_like_those_that_somebody_has(
    sqlite_store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_account(sqlite_store, new_owner(sqlite_store))
    monkeypatch.setattr("counterfoil.accounts.verify_password", lambda *_: False)
    said: dict[str, list[str]] = {"ann": [], "nobody": []}
    for name, answers in said.items():
        for number in range(8):
            with pytest.raises((NotLoggedIn, TooManyAttempts)) as error:
                log_in(sqlite_store, settings, name, "wrong", f"192.0.2.{number}", NOON)
            answers.append(str(error.value))
    assert said["ann"] == said["nobody"]


def test_the_right_password_is_not_looked_at_while_a_name_has_to_wait_and_counts_anew_afterwards(
    store: Store, settings: Settings, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.accounts.verify_password", lambda given, _: given == PASSWORD)
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            try_in(store, settings, "wrong")
    with pytest.raises(TooManyAttempts):
        try_in(store, settings, PASSWORD)
    try_in(store, settings, PASSWORD, NOON + 2 * SECOND)
    with pytest.raises(NotLoggedIn):
        try_in(store, settings, "wrong", NOON + 2 * SECOND)
    try_in(store, settings, PASSWORD, NOON + 2 * SECOND)


def test_an_operator_who_sets_the_password_lets_a_locked_out_person_in(
    store: Store, settings: Settings, ann: Account
) -> None:
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            try_in(store, settings, "wrong")
    set_password(store, ann, OTHER, OPERATOR, NOON)
    assert log_in(store, settings, "ann", OTHER, "192.0.2.2", NOON).account.name == "ann"


# -------------------------------------------------------------------------------------------- set-up links


def test_the_first_account_is_made_by_a_link_that_works_once(store: Store, settings: Settings, owner_id: int) -> None:
    with store.write() as connection:
        tokens = [make_set_up_link(connection, owner_id, None, NOON) for _ in range(2)]
    with pytest.raises(InvalidInput):
        set_up(store, settings, tokens[0], "Ann", "short", None, NOON)
    visit = set_up(store, settings, tokens[0], "Ann@Example.com", PASSWORD, None, NOON)
    assert (visit.account.name, visit.account.role) == ("ann@example.com", Role.ADMIN)
    for token in tokens:
        with pytest.raises(NotFound):
            set_up(store, settings, token, "eve", PASSWORD, None, NOON)
    with store.write() as connection, pytest.raises(Conflict):
        make_set_up_link(connection, owner_id, None, NOON)


def test_a_link_that_two_people_use_at_once_makes_one_account(store: Store, settings: Settings, owner_id: int) -> None:
    with store.write() as connection:
        token = make_set_up_link(connection, owner_id, None, NOON)

    def use(number: int) -> str:
        try:
            return set_up(store, settings, token, f"name{number}", PASSWORD, None, NOON).account.name
        except (NotFound, Conflict):
            return ""

    made = at_once(2, use)
    assert sorted(map(bool, made)) == [False, True]
    assert count(store, accounts) == 1


def test_a_link_expires(store: Store, settings: Settings, owner_id: int) -> None:
    with store.write() as connection:
        token = make_set_up_link(connection, owner_id, None, NOON)
    with pytest.raises(NotFound, match="expired"):
        set_up(store, settings, token, "ann", PASSWORD, None, NOON + LINK_VALID_FOR)


def test_a_link_for_an_account_sets_its_password_and_ends_its_sessions(
    store: Store, settings: Settings, ann: Account
) -> None:
    before = try_in(store, settings, PASSWORD)
    with store.write() as connection:
        token = make_set_up_link(connection, ann.owner_id, ann.id, NOON)
    assert set_up(store, settings, token, "", OTHER, None, NOON).account.id == ann.id
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, str(before.token), NOON)


def test_a_link_of_an_account_that_was_removed_does_not_work(store: Store, settings: Settings, ann: Account) -> None:
    with store.write() as connection:
        token = make_set_up_link(connection, ann.owner_id, ann.id, NOON)
        remove_account(connection, ann, NOON)
    with pytest.raises(NotFound):
        set_up(store, settings, token, "", OTHER, None, NOON)


# ------------------------------------------------------------------------------------------------- accounts


def test_an_account_name_is_one_however_it_is_typed(store: Store, owner_id: int) -> None:
    new_account(store, owner_id, "ann@example.com")
    with store.write() as connection, pytest.raises(Conflict):
        add_account(connection, new_owner_in(connection), " ＡＮＮ@Example.COM ", Role.VIEWER, NOON)
    for odd in ("", "two words", "a\u202eb", "x" * 201):
        with pytest.raises(InvalidInput):
            account_name(odd)


def new_owner_in(connection: sa.Connection) -> int:
    from counterfoil.store.owners import add_owner

    return add_owner(connection, "another", NOON).id


def test_the_last_admin_of_several_accounts_stays(store: Store, owner_id: int, ann: Account) -> None:
    bob = new_account(store, owner_id, "bob", Role.VIEWER)
    with store.write() as connection, pytest.raises(Conflict, match="last admin"):
        set_role(connection, ann, Role.VIEWER)
    with store.write() as connection, pytest.raises(Conflict, match="last admin"):
        remove_account(connection, ann, NOON)
    with store.write() as connection:
        set_role(connection, bob, Role.ADMIN)
        remove_account(connection, ann, NOON)
        assert [one.name for one in list_accounts(connection, owner_id)] == ["bob"]


def test_a_removed_accounts_sessions_and_keys_end_with_it(store: Store, settings: Settings, ann: Account) -> None:
    bob = new_account(store, ann.owner_id, "bob")
    visit = try_in(store, settings, PASSWORD)
    with store.write() as connection:
        _, token = make_api_key(
            connection,
            ann.owner_id,
            name="hers",
            role=Role.VIEWER,
            expires_at=None,
            actor=OPERATOR,
            account_id=ann.id,
            now=NOON,
        )
        remove_account(connection, ann, NOON)
    with pytest.raises(NotLoggedIn):
        visit_of(store, settings, str(visit.token), NOON)
    with pytest.raises(NotLoggedIn):
        api_key_of(store, token, NOON)
    assert bob.owner_id == ann.owner_id


def test_another_owners_accounts_and_keys_are_not_there(store: Store, ann: Account) -> None:
    other = new_owner(store, "other")
    key_id, _ = api_key(store, ann.owner_id)
    with store.write() as connection:
        for look in (
            lambda: find_account(connection, other, "ann"),
            lambda: get_account(connection, other, ann.id),
            lambda: get_api_key(connection, other, key_id),
            lambda: revoke_api_key(connection, other, key_id, NOON),
        ):
            with pytest.raises(NotFound):
                look()
        assert list_accounts(connection, other) == [] and list_api_keys(connection, other) == []


# ------------------------------------------------------------------------------------------------- API keys


def test_a_key_is_recognised_and_only_its_hash_and_first_characters_are_stored(store: Store, ann: Account) -> None:
    key_id, token = api_key(store, ann.owner_id, Role.ANALYST)
    assert api_key_of(store, token, NOON).role is Role.ANALYST
    with store.read() as connection:
        key = get_api_key(connection, ann.owner_id, key_id)
        everything = str(connection.exec_driver_sql("SELECT * FROM api_keys").all())
    assert key.last_used_at == NOON and token.startswith(key.prefix)
    assert token not in everything and token.removeprefix(key.prefix + "_") not in everything


def test_a_key_that_expired_was_revoked_or_is_not_quite_right_is_refused_alike(store: Store, ann: Account) -> None:
    with store.write() as connection:
        _, short = make_api_key(
            connection,
            ann.owner_id,
            name="short",
            role=Role.VIEWER,
            expires_at=NOON + HOUR,
            actor=OPERATOR,
            now=NOON,
        )
    key_id, revoked = api_key(store, ann.owner_id)
    _, good = api_key(store, ann.owner_id)
    with store.write() as connection:
        assert revoke_api_key(connection, ann.owner_id, key_id, NOON)
        assert not revoke_api_key(connection, ann.owner_id, key_id, NOON)
    said = set()
    for token in (short, revoked, good[:-1] + "_", good[:11], "", "cf_nobodys0_key", "\udcff"):
        with pytest.raises(NotLoggedIn) as error:
            api_key_of(store, token, NOON + HOUR)
        said.add(str(error.value))
    assert len(said) == 1


def test_nobody_gives_a_key_more_than_they_may_do_themselves(store: Store, owner_id: int) -> None:
    analyst = replace(OPERATOR, role=Role.ANALYST)
    with store.write() as connection, pytest.raises(Forbidden):
        make_api_key(connection, owner_id, name="x", role=Role.MANAGER, expires_at=None, actor=analyst, now=now())


# ------------------------------------------------------------------------------------------------ audit log


def test_who_logged_in_failed_and_changed_what_stands_in_the_audit_log(
    store: Store, settings: Settings, ann: Account
) -> None:
    visit = try_in(store, settings, PASSWORD)
    with pytest.raises(NotLoggedIn):
        try_in(store, settings, "wrong")
    change_password(store, visit, PASSWORD, OTHER, "192.0.2.1", NOON)
    log_out(store, visit, str(visit.token), "192.0.2.1", NOON)
    with pytest.raises(NotLoggedIn):
        try_in(store, settings, "swordfish!", name="my-password-by-mistake")
    with store.read() as connection:
        mine = list_audit_entries(connection, ann.owner_id)
        nobodys = list_audit_entries(connection, None)
    assert [entry.action.removeprefix("account.") for entry in reversed(mine)] == [
        "log_in",
        "log_in_refused",
        "change_password",
        "log_out",
    ]
    assert {entry.address for entry in mine} == {"192.0.2.1"}
    assert [entry.action for entry in nobodys] == ["account.log_in_refused"]
    everything = str(mine + nobodys)
    assert all(secret not in everything for secret in (PASSWORD, OTHER, "swordfish", "my-password", str(visit.token)))


def test_the_database_itself_refuses_to_change_or_delete_what_was_noted(
    store: Store, settings: Settings, ann: Account
) -> None:
    try_in(store, settings, PASSWORD)
    for change in (audit_entries.update().values(actor="eve"), audit_entries.delete()):
        with pytest.raises((sa.exc.DatabaseError, Exception), match="only added to"), store.write() as connection:
            connection.execute(change)
    assert count(store, audit_entries, audit_entries.c.actor == "ann") == 1
