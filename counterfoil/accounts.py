"""Logging in and out, setting passwords, and recognising whom a session or an API key belongs to.

What the pages, the HTTP interface and the commands share: each function opens its own transactions, because no password
is hashed while one is open.
"""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from counterfoil.exceptions import Conflict, Forbidden, InvalidInput, NotLoggedIn, TooManyAttempts
from counterfoil.models import Account, AccountSession, Actor, ApiKey, Channel, Role
from counterfoil.passwords import check_password, hash_password, is_outdated, verify_password
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.account_sessions import (
    begin_session,
    drop_dead_sessions,
    end_session,
    find_session,
    rotate_session,
    see_session,
)
from counterfoil.store.accounts import (
    account_name,
    account_named,
    add_account,
    get_account,
    owners_without_account,
    renew_password_hash,
    set_password_hash,
)
from counterfoil.store.api_keys import add_api_key, find_api_key, use_api_key
from counterfoil.store.audit import add_audit_entry
from counterfoil.store.log_in_failures import (
    Subject,
    count_attempt,
    drop_old_failures,
    forget_failures,
    take_back_attempt,
)
from counterfoil.store.set_up_links import add_set_up_link, end_set_up_links, get_set_up_link, use_set_up_link
from counterfoil.tokens import new_token, same_secret, token_digest

LINK_VALID_FOR = timedelta(hours=24)
_KEY_MARK = "cf"
_KEY_PREFIX = 8
# Requests that left the browser before it heard of the new token have this long to arrive.
_GRACE = timedelta(seconds=60)
_ROTATED_EVERY = timedelta(hours=1)
# Writing down every use would cost a transaction for each request.
_SEEN_EVERY = timedelta(minutes=1)
_NAME_FREE, _ADDRESS_FREE = 5, 20
_REFUSED = "The name or the password is wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who is logged in; `token` is there when the browser has to be told a new one."""

    account: Account
    session: AccountSession
    token: str | None = field(default=None, repr=False)


def log_in(store: Store, settings: Settings, name: str, password: str, address: str | None, now: datetime) -> Visit:
    """Begin a session.

    Raises NotLoggedIn, the same whatever was wrong, or TooManyAttempts, also for names that nobody has.
    """
    subjects = _subjects(name, address)
    _count(store, subjects, now)
    with store.read() as connection:
        account = account_named(connection, name)
    if not verify_password(password, account.password_hash if account else None) or account is None:
        _note_refusal(store, account, address, now)
        raise NotLoggedIn(_REFUSED)
    outdated = account.password_hash is not None and is_outdated(account.password_hash)
    renewed = hash_password(password) if outdated else None
    with store.write() as connection:
        _forgive(connection, subjects, now)
        drop_dead_sessions(connection, now)
        # Since it was read it may have been removed, or its password changed because somebody knew it.
        if account_named(connection, name) != account:
            raise NotLoggedIn(_REFUSED)
        if renewed is not None:
            renew_password_hash(connection, account, renewed)
        add_audit_entry(connection, account.owner_id, _actor(account, address), "account.log_in", account.name, now)
        return _begin(connection, settings, account, now)


def log_out(store: Store, visit: Visit, token: str, address: str | None, now: datetime) -> None:
    """End a session."""
    account = visit.account
    with store.write() as connection:
        end_session(connection, token_digest(token), now)
        add_audit_entry(connection, account.owner_id, _actor(account, address), "account.log_out", account.name, now)


def end_session_of(store: Store, token: str, now: datetime) -> None:
    """End the session of a token, where there is one: a browser that logs in again leaves none behind."""
    with store.write() as connection:
        end_session(connection, token_digest(token), now)


def visit_of(store: Store, settings: Settings, token: str, now: datetime, *, may_rotate: bool = False) -> Visit:
    """Who a session's token belongs to. Raises NotLoggedIn.

    With `may_rotate` a token that has served for an hour is replaced; the one before counts for another minute.
    """
    idle, digest = timedelta(minutes=settings.session_idle_minutes), token_digest(token)
    with store.read() as connection:
        session = find_session(connection, digest, now, idle=idle, grace=_GRACE)
        if session is None:
            raise NotLoggedIn("Your session has ended: log in again.")
        account = get_account(connection, session.owner_id, session.account_id)
    if may_rotate and session.rotated_at <= now - _ROTATED_EVERY:
        return Visit(account=account, session=session, token=_rotated(store, session, digest, now))
    if session.last_seen_at <= now - _SEEN_EVERY:
        with store.write() as connection:
            see_session(connection, session.id, now)
    return Visit(account=account, session=session)


def change_password(store: Store, visit: Visit, old: str, new: str, address: str | None, now: datetime) -> None:
    """Give one's own account another password; all its other sessions end. Raises InvalidInput, TooManyAttempts."""
    account = visit.account
    check_password(new, account.name)
    subjects = _subjects(account.name, address)
    _count(store, subjects, now)
    if not verify_password(old, account.password_hash):
        _note_refusal(store, account, address, now)
        raise InvalidInput("The present password is wrong.")
    made = hash_password(new)
    with store.write() as connection:
        _forgive(connection, subjects, now)
        set_password_hash(connection, account, made, now, keep_session=visit.session.id)
        end_set_up_links(connection, account.owner_id, account.id, now)
        _note(connection, account, address, "account.change_password", now)


def set_password(store: Store, account: Account, password: str, actor: Actor, now: datetime) -> None:
    """Give an account a password without asking for the old one; all its sessions end. Raises InvalidInput."""
    check_password(password, account.name)
    made = hash_password(password)
    with store.write() as connection:
        set_password_hash(connection, account, made, now)
        end_set_up_links(connection, account.owner_id, account.id, now)
        forget_failures(connection, _name_subject(account.name))
        add_audit_entry(connection, account.owner_id, actor, "account.set_password", account.name, now)


def make_set_up_link(connection: sa.Connection, owner_id: int, account_id: int | None, now: datetime) -> str:
    """The token of a new link that sets an account's password once; without an account, makes the owner's first one.

    Raises Conflict where the owner's first account is there already.
    """
    if account_id is None and owner_id not in {owner.id for owner in owners_without_account(connection)}:
        raise Conflict("This owner has an account already: `counterfoil account add NAME` makes another.")
    token = new_token()
    add_set_up_link(connection, owner_id, account_id, token_digest(token), now + LINK_VALID_FOR, now)
    return token


def set_up(
    store: Store, settings: Settings, token: str, name: str, password: str, address: str | None, now: datetime
) -> Visit:
    """Set a password by a link, and log in. The owner's first account is an admin; `name` is asked for only then.

    Raises NotFound for a link that is not valid, InvalidInput or Conflict (then the link still works).
    """
    with store.read() as connection:
        link = get_set_up_link(connection, token_digest(token), now)
    chosen = link.account_name or account_name(name)
    check_password(password, chosen)
    made = hash_password(password)
    with store.write() as connection:
        use_set_up_link(connection, link, now)
        if link.account_id is None:
            _require_first(connection, link.owner_id)
            account = add_account(connection, link.owner_id, chosen, Role.ADMIN, now, password_hash=made)
        else:
            before = get_account(connection, link.owner_id, link.account_id)
            set_password_hash(connection, before, made, now)
            account = get_account(connection, link.owner_id, link.account_id)
        forget_failures(connection, _name_subject(account.name))
        _note(connection, account, address, "account.set_up", now)
        return _begin(connection, settings, account, now)


def make_api_key(
    connection: sa.Connection,
    owner_id: int,
    *,
    name: str,
    role: Role,
    expires_at: datetime | None,
    actor: Actor,
    account_id: int | None = None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is not stored and cannot be shown again.

    Raises Forbidden for a role above the maker's own, InvalidInput for an empty name or an expiry that has passed.
    """
    if not actor.role.allows(role):
        raise Forbidden("Your role {own_role} cannot give a key the role {role}.", own_role=actor.role, role=role)
    if not name.strip() or len(name) > 200:
        raise InvalidInput("Name the key after what will use it, in at most 200 characters.")
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("The key would have expired already: give a time to come.")
    prefix = f"{_KEY_MARK}_{new_token().replace('-', '').replace('_', '')[:_KEY_PREFIX]}"
    token = f"{prefix}_{new_token()}"
    made = add_api_key(
        connection,
        owner_id,
        name=name.strip(),
        prefix=prefix,
        token_sha256=token_digest(token),
        role=role,
        account_id=account_id,
        created_by=actor.name,
        expires_at=expires_at,
        now=now,
    )
    detail = {"role": role, "expires_at": expires_at.isoformat() if expires_at else None}
    add_audit_entry(connection, owner_id, actor, "key.add", f"{made.name} ({prefix})", now, detail)
    return made, token


def api_key_of(store: Store, token: str, now: datetime) -> ApiKey:
    """The valid key of a token. Raises NotLoggedIn, the same whatever is wrong with it."""
    prefix = token[: len(_KEY_MARK) + 1 + _KEY_PREFIX] if token.isascii() and token.isprintable() else ""
    with store.read() as connection:
        found = find_api_key(connection, prefix)
    # Also a prefix that nobody has is compared, so that it takes as long.
    key, digest = found if found is not None else (None, token_digest(""))
    right = same_secret(token_digest(token), digest)
    if key is None or not right or key.revoked_at or (key.expires_at and key.expires_at <= now):
        raise NotLoggedIn("The API key is not valid: it may have been revoked, or have expired.")
    if key.last_used_at is None or key.last_used_at <= now - _SEEN_EVERY:
        with store.write() as connection:
            use_api_key(connection, key.id, now)
    return key


def _begin(connection: sa.Connection, settings: Settings, account: Account, now: datetime) -> Visit:
    token = new_token()
    session = begin_session(
        connection,
        owner_id=account.owner_id,
        account_id=account.id,
        token_sha256=token_digest(token),
        csrf_token=new_token(),
        expires_at=now + timedelta(hours=settings.session_hours),
        now=now,
    )
    return Visit(account=account, session=session, token=token)


def _rotated(store: Store, session: AccountSession, digest: str, now: datetime) -> str | None:
    token = new_token()
    with store.write() as connection:
        return token if rotate_session(connection, session.id, digest, token_digest(token), now) else None


def _require_first(connection: sa.Connection, owner_id: int) -> None:
    if owner_id not in {owner.id for owner in owners_without_account(connection)}:
        raise Conflict("This owner has an account already: log in, or ask its admin for a link of your own.")


def _subjects(name: str, address: str | None) -> tuple[Subject, ...]:
    by_name = _name_subject(name)
    return (by_name, Subject(f"address {_network(address)}", _ADDRESS_FREE)) if address else (by_name,)


def _name_subject(name: str) -> Subject:
    try:
        return Subject(f"name {account_name(name)}", _NAME_FREE)
    except InvalidInput:
        return Subject("no name at all", _NAME_FREE)


def _network(address: str) -> str:
    """What one person can choose addresses from: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _count(store: Store, subjects: tuple[Subject, ...], now: datetime) -> None:
    with store.write() as connection:
        drop_old_failures(connection, now)
        wait = count_attempt(connection, subjects, now)
    if wait is not None:
        seconds = max(1, int(wait.total_seconds()) + 1)
        raise TooManyAttempts("Too many wrong passwords: wait {seconds} seconds, then try again.", seconds=seconds)


def _forgive(connection: sa.Connection, subjects: tuple[Subject, ...], now: datetime) -> None:
    by_name, *by_address = subjects
    forget_failures(connection, by_name)
    for subject in by_address:
        # One's own account must not wipe out what the same address tried on others.
        take_back_attempt(connection, subject, now)


def _note_refusal(store: Store, account: Account | None, address: str | None, now: datetime) -> None:
    # Written in either case, so that both take as long; a name that nobody has may be a password, and is not kept.
    owner_id, name = (account.owner_id, account.name) if account else (None, "(nobody's name)")
    actor = Actor(name=name, channel=Channel.BROWSER, role=Role.VIEWER, address=address)
    with store.write() as connection:
        add_audit_entry(connection, owner_id, actor, "account.log_in_refused", name, now)


def _note(connection: sa.Connection, account: Account, address: str | None, action: str, now: datetime) -> None:
    add_audit_entry(connection, account.owner_id, _actor(account, address), action, account.name, now)


def _actor(account: Account, address: str | None) -> Actor:
    return Actor(name=account.name, channel=Channel.BROWSER, role=account.role, address=address)
