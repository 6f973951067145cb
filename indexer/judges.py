"""Keeps a judge for each owner, as long as nothing that it judges by has changed."""

import math
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from counterfoil.assessment import Judge
from counterfoil.clock import now
from counterfoil.evidence import EvidenceStore
from counterfoil.fingerprints import FINGERPRINT_VERSION
from counterfoil.matching import ReferenceBank
from counterfoil.matching.same_product import looked_for_by_print
from counterfoil.rates import RateTable
from counterfoil.store import Store
from counterfoil.store.owners import registry_revision
from counterfoil.store.rates import latest_rates
from counterfoil.store.reassessments import reassess_missed
from counterfoil.store.registry import load_registry, references_without_fingerprint
from indexer.decoding import PictureDecoder
from indexer.fingerprinting import make_fingerprints
from indexer.print_folder import PrintFolder
from indexer.references import ReferenceFolder

# How long a judge works without a reference picture whose file cannot be read, before it is looked for again.
_BLIND_SECONDS = 60.0

_Rates = tuple[date, str, dict[str, Decimal]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed:
    """A judge, and what it judges by: the references, the registry's revision, the rates, and the products it knows.

    `lacking` are the reference pictures that cannot be matched now.

    `until` (monotonic seconds) is when one that lacks a reference picture looks for it again.
    """

    judge: Judge
    bank: ReferenceBank
    lacking: frozenset[str]
    revision: int
    rates: _Rates
    product_ids: Collection[int]
    until: float = math.inf


class Judges:
    """Judges by owner, made anew when the owner's registry or the exchange rates have changed."""

    def __init__(self, store: Store, evidence: EvidenceStore, decoder: PictureDecoder, data: Path) -> None:
        self._store = store
        self._evidence = evidence
        self._decoder = decoder
        self._data = data
        self._kept: dict[int, Appointed] = {}

    def judge_of(self, owner_id: int) -> Appointed:
        """The owner's judge. Ask only after claiming: a judge older than the claim could miss a new product."""
        with self._store.read() as connection:
            revision, rates = registry_revision(connection, owner_id), latest_rates(connection)
        kept = self._kept.get(owner_id)
        if kept is None or (kept.revision, kept.rates) != (revision, rates) or time.monotonic() > kept.until:
            kept = self._kept[owner_id] = self._appoint(owner_id, kept.lacking if kept else frozenset())
        return kept

    def _appoint(self, owner_id: int, lacked: frozenset[str]) -> Appointed:
        back = self._make_fingerprints(owner_id)
        with self._store.read() as connection:
            registry, rates = load_registry(connection, owner_id, FINGERPRINT_VERSION), latest_rates(connection)
            unread = frozenset(references_without_fingerprint(connection, owner_id, FINGERPRINT_VERSION))
        references = [reference for one in registry.products for reference in one.references]
        names = {reference.fingerprint.image_sha256 for reference in references}
        folder = ReferenceFolder(self._data / "references" / f"owner-{owner_id}", self._evidence, self._decoder)
        segments = folder.segments(names)
        prints = PrintFolder(self._data / "prints", self._evidence, self._decoder).prints(
            looked_for_by_print(references)
        )
        lacking = unread | (names - {name for segment in segments for name in segment.names})
        if back or lacked - lacking:
            with self._store.write() as connection:
                reassess_missed(connection, owner_id, "a reference picture can be read again", now())
        return Appointed(
            judge=Judge(registry, RateTable(as_of=rates[0], base=rates[1], rates=rates[2]) if rates else None),
            bank=ReferenceBank(references, segments=segments, prints=prints),
            lacking=lacking,
            revision=registry.revision,
            rates=rates,
            product_ids=frozenset(one.product.id for one in registry.products),
            until=time.monotonic() + _BLIND_SECONDS if lacking else math.inf,
        )

    def _make_fingerprints(self, owner_id: int) -> bool:
        """Take the fingerprints of references that have none; true if any could be taken that could not before."""
        with self._store.read() as connection:
            missing = references_without_fingerprint(connection, owner_id, FINGERPRINT_VERSION)
        return any(make_fingerprints(self._store, self._evidence, self._decoder, missing).values())
