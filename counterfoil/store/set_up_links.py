"""Set-up links: addresses that, once and for a while, let their holder set a password. Only the hash is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from counterfoil.exceptions import NotFound
from counterfoil.store.conditional import changed_one
from counterfoil.store.tables import accounts, owners, set_up_links

_columns = set_up_links.c


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpLink:
    """Whose password a link sets; without an account, it makes the owner's first one."""

    id: int
    owner_id: int
    owner_name: str
    account_id: int | None
    account_name: str | None


def add_set_up_link(
    connection: sa.Connection,
    owner_id: int,
    account_id: int | None,
    token_sha256: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Store a new link's hash; those that have expired are forgotten."""
    connection.execute(set_up_links.delete().where(_columns.expires_at < now))
    values = {"owner_id": owner_id, "account_id": account_id, "token_sha256": token_sha256}
    connection.execute(set_up_links.insert().values(**values, created_at=now, expires_at=expires_at))


def get_set_up_link(connection: sa.Connection, token_sha256: str, now: datetime) -> SetUpLink:
    """The link of this token. Raises NotFound when it was used, has expired, or its account is gone."""
    wanted = (
        sa.select(set_up_links, owners.c.name.label("owner_name"), accounts.c.name.label("account_name"))
        .join(owners, owners.c.id == _columns.owner_id)
        .outerjoin(accounts, accounts.c.id == _columns.account_id)
        .where(
            _columns.token_sha256 == token_sha256,
            _columns.used_at.is_(None),
            _columns.expires_at > now,
            accounts.c.removed_at.is_(None),
        )
    )
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFound(
            "This set-up link was used already, has expired, or was copied in part. `counterfoil account link` prints "
            "a new one."
        )
    return _link(row)


def use_set_up_link(connection: sa.Connection, link: SetUpLink, now: datetime) -> None:
    """Take a link, and all others that do the same. Raises NotFound when somebody else was quicker."""
    unused = sa.and_(_columns.id == link.id, _columns.used_at.is_(None))
    if not changed_one(connection, set_up_links.update().where(unused).values(used_at=now)):
        raise NotFound("This set-up link was used at the same moment by somebody else.")
    end_set_up_links(connection, link.owner_id, link.account_id, now)


def end_set_up_links(connection: sa.Connection, owner_id: int, account_id: int | None, now: datetime) -> None:
    """Let no unused link of this account (None: those that make the owner's first) work any more."""
    same = sa.and_(
        _columns.owner_id == owner_id, _columns.account_id.is_not_distinct_from(account_id), _columns.used_at.is_(None)
    )
    connection.execute(set_up_links.update().where(same).values(used_at=now))


def _link(row: sa.Row[Any]) -> SetUpLink:
    return SetUpLink(
        id=row.id,
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        account_id=row.account_id,
        account_name=row.account_name,
    )
