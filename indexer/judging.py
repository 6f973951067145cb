"""Judges listing versions for their owners: reads them, takes missing fingerprints, asks the owner's judge."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import StoreError
from counterfoil.models import Assessment, Fingerprint, ListingVersion
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.listings import get_listings, get_versions
from indexer.decoding import PictureDecoder
from indexer.fingerprinting import fingerprints_of
from indexer.judges import Judges

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One listing version to be judged for one owner: against all products, for siblings displace each other."""

    owner_id: int
    version_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the judge made of a listing version; `product_ids` are those that it was held against.

    `revision` is that of the registry. When it could not be judged there is an `error`, and nothing was made.
    """

    made: tuple[Assessment, ...] = ()
    product_ids: Collection[int] = ()
    revision: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    versions: Mapping[int, ListingVersion]
    marketplaces: Mapping[int, str]
    fingerprints: Mapping[str, Fingerprint]


class Judging:
    """Answers questions in batches; one that cannot be answered fails alone."""

    def __init__(self, store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder) -> None:
        self.store = store
        self.settings = settings
        self._evidence = evidence
        self._decoder = decoder
        self._judges = Judges(store, evidence, decoder)

    def answer(self, questions: Collection[Question]) -> dict[Question, Judged]:
        """Judge all of these; one that cannot be judged is answered with the reason. Ask only after claiming them."""
        try:
            material = self._read({question.version_id for question in questions})
            return {question: self._judge(question, material) for question in questions}
        except (StoreError, OSError):
            raise  # the database or the disk: no listing's fault
        except Exception as error:  # whatever one page can bring about must not stop the others
            if len(questions) > 1:
                return {question: self.answer([question])[question] for question in questions}
            (question,) = questions
            log.exception("version %s cannot be judged for owner %s", question.version_id, question.owner_id)
            return {question: Judged(error=f"{type(error).__name__}: {error}")}

    def _read(self, version_ids: Collection[int]) -> _Material:
        with self.store.read() as connection:
            versions = get_versions(connection, version_ids)
            listings = get_listings(connection, {version.listing_id for version in versions.values()})
        shown = {image.sha256 for version in versions.values() for image in version.facts.images if image.sha256}
        return _Material(
            versions=versions,
            marketplaces={listing.id: listing.marketplace for listing in listings.values()},
            fingerprints=fingerprints_of(self.store, self._evidence, self._decoder, shown),
        )

    def _judge(self, question: Question, material: _Material) -> Judged:
        appointed = self._judges.judge_of(question.owner_id)
        version = material.versions[question.version_id]
        shown = [image.sha256 for image in version.facts.images if image.sha256]
        made = appointed.judge.assess(
            version.facts,
            material.marketplaces[version.listing_id],
            {sha256: material.fingerprints[sha256] for sha256 in shown if sha256 in material.fingerprints},
        )
        return Judged(made=made, product_ids=appointed.product_ids, revision=appointed.revision)
