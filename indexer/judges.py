"""Keeps a judge for each owner, as long as nothing that it judges by has changed."""

import math
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from counterfoil.assessment import Judge
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.rates import RateTable
from counterfoil.store import Store
from counterfoil.store.owners import registry_revision
from counterfoil.store.rates import latest_rates
from counterfoil.store.reassessments import reassess_missed
from counterfoil.store.registry import load_registry, references_without_fingerprint
from indexer.decoding import PictureDecoder
from indexer.fingerprinting import make_fingerprints

# How long a judge works without a reference picture whose file cannot be read, before it is looked for again.
_BLIND_SECONDS = 60.0

_Rates = tuple[date, str, dict[str, Decimal]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed:
    """A judge, and what it judges by: the registry's revision, the rates, and the products it knows.

    `until` (monotonic seconds) is when one that lacks a reference picture looks for it again.
    """

    judge: Judge
    revision: int
    rates: _Rates
    product_ids: Collection[int]
    until: float = math.inf


class Judges:
    """Judges by owner, made anew when the owner's registry or the exchange rates have changed."""

    def __init__(self, store: Store, evidence: EvidenceStore, decoder: PictureDecoder) -> None:
        self._store = store
        self._evidence = evidence
        self._decoder = decoder
        self._kept: dict[int, Appointed] = {}

    def judge_of(self, owner_id: int) -> Appointed:
        """The owner's judge. Ask only after claiming: a judge older than the claim could miss a new product."""
        with self._store.read() as connection:
            revision, rates = registry_revision(connection, owner_id), latest_rates(connection)
        kept = self._kept.get(owner_id)
        if kept is None or (kept.revision, kept.rates) != (revision, rates) or time.monotonic() > kept.until:
            kept = self._kept[owner_id] = self._appoint(owner_id)
        return kept

    def _appoint(self, owner_id: int) -> Appointed:
        tried: set[str] = set()
        while True:
            # In one view: a reference added between the two questions would be left out, and nobody would notice.
            with self._store.read() as connection:
                missing = references_without_fingerprint(connection, owner_id, FINGERPRINT_VERSION)
                if tried.issuperset(missing):
                    return _appointed(connection, owner_id, time.monotonic() + _BLIND_SECONDS if missing else math.inf)
            tried.update(missing)
            made = make_fingerprints(self._store, self._evidence, self._decoder, missing)
            if any(made.values()):
                with self._store.write() as connection:
                    reassess_missed(connection, owner_id, "a reference picture can be read again", now())


def _appointed(connection: sa.Connection, owner_id: int, until: float) -> Appointed:
    registry, rates = load_registry(connection, owner_id, FINGERPRINT_VERSION), latest_rates(connection)
    table = RateTable(as_of=rates[0], base=rates[1], rates=rates[2]) if rates else None
    return Appointed(
        judge=Judge(registry, table),
        revision=registry.revision,
        rates=rates,
        product_ids=frozenset(one.product.id for one in registry.products),
        until=until,
    )
