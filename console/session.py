"""What every command works with: the settings, the database and the owner, each opened when first asked for."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import sqlalchemy as sa

from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore, open_evidence
from counterfoil.marketplaces import Marketplace, load_marketplaces
from counterfoil.models import Owner
from counterfoil.settings import Settings, load_settings
from counterfoil.store import Store, open_store
from counterfoil.store.owners import add_owner, get_owner
from indexer.base import SuspectIndex
from indexer.delivery import fill_if_missing
from indexer.opening import open_index

_DEFAULT_OWNER = "default"


class Session:
    """One command's view of the installation."""

    def __init__(self, owner: str | None = None) -> None:
        self._owner_name = owner

    @cached_property
    def settings(self) -> Settings:
        """The settings, read from the environment once."""
        return load_settings()

    @cached_property
    def store(self) -> Store:
        """The database, made or migrated first where needed."""
        return open_store(self.settings)

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Where pictures and bodies are kept."""
        # The database first: a folder with evidence and without one is a folder whose database was lost.
        _ = self.store
        return open_evidence(self.settings)

    @cached_property
    def bare_index(self) -> SuspectIndex:
        """The suspect index as it is, also when it has to be rebuilt."""
        return open_index(self.settings)

    @cached_property
    def index(self) -> SuspectIndex:
        """The suspect index, made from the database where there is none yet."""
        fill_if_missing(self.store, self.bare_index)
        return self.bare_index

    @cached_property
    def marketplaces(self) -> dict[str, Marketplace]:
        """The declared marketplaces."""
        return load_marketplaces(self.settings)

    @cached_property
    def owner(self) -> Owner:
        """The owner this command works for; only the one named `default` is made without being asked for."""
        name = self._owner_name or self.settings.owner
        if name == _DEFAULT_OWNER:
            with self.store.write() as connection:
                return add_owner(connection, name, now())
        with self.store.read() as connection:
            return get_owner(connection, name)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A writing transaction for this owner, who is looked up (or made) before it begins: writers do not nest."""
        _ = self.owner
        with self.store.write() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A reading transaction for this owner."""
        _ = self.owner
        with self.store.read() as connection:
            yield connection

    @property
    def person(self) -> str:
        """The name written beside a verdict."""
        return self.settings.decided_by or getpass.getuser()
