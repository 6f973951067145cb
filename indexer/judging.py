"""Judges listing versions for their owners: reads them, matches their pictures, asks the owner's judge."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import StoreError
from counterfoil.models import Assessment, ListingVersion, Match
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.listings import get_listings, get_versions
from indexer.decoding import PictureDecoder
from indexer.judges import Appointed, Judges
from indexer.likely_listings import LikelyListings
from indexer.matching import Found, PictureMatching
from indexer.renditions import Renditions

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One listing version to be judged for one owner: against all products, for siblings displace each other."""

    owner_id: int
    version_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the judge made of a listing version; `product_ids` are those that it was held against.

    `revision` is that of the registry, `pictures` are the version's stored ones. When it could not be judged there is
    an `error`, and nothing was made.
    """

    made: tuple[Assessment, ...] = ()
    product_ids: Collection[int] = ()
    revision: int = 0
    pictures: tuple[str, ...] = ()
    error: str | None = None

    @property
    def highest_score(self) -> float:
        """That of the likeliest product; 0 where there is none."""
        return max((assessment.score.value for assessment in self.made), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    versions: Mapping[int, ListingVersion]
    marketplaces: Mapping[int, str]
    judges: Mapping[int, Appointed]
    found: Found


class Judging:
    """Answers questions in batches; one that cannot be answered fails alone."""

    def __init__(self, store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder) -> None:
        self.store = store
        self.settings = settings
        self._matching = PictureMatching(store, evidence, decoder)
        self.judges = Judges(store, evidence, decoder, settings.data)
        self.likely = LikelyListings(store, evidence, decoder)
        self._renditions = Renditions(settings.data, evidence, decoder)

    def answer(self, questions: Collection[Question]) -> dict[Question, Judged]:
        """Judge all of these; one that cannot be judged is answered with the reason. Ask only after claiming them.

        Afterwards the thumbnails are there that pages will show of those that are suspicious.
        """
        answers = self._answer(questions)
        self._make_thumbnails(answers.values())
        return answers

    def _answer(self, questions: Collection[Question]) -> dict[Question, Judged]:
        try:
            material = self._read(questions)
            return {question: self._judge(question, material) for question in questions}
        except (StoreError, OSError):
            raise  # the database or the disk: no listing's fault
        except Exception as error:  # whatever one page can bring about must not stop the others
            if len(questions) > 1:
                return {question: self._answer([question])[question] for question in questions}
            (question,) = questions
            log.exception("version %s cannot be judged for owner %s", question.version_id, question.owner_id)
            return {question: Judged(error=f"{type(error).__name__}: {error}")}

    def _read(self, questions: Collection[Question]) -> _Material:
        with self.store.read() as connection:
            versions = get_versions(connection, {question.version_id for question in questions})
            listings = get_listings(connection, {version.listing_id for version in versions.values()})
        judges = {owner_id: self.judges.judge_of(owner_id) for owner_id in {one.owner_id for one in questions}}
        shown: dict[int, set[str]] = {owner_id: set() for owner_id in judges}
        for question in questions:
            shown[question.owner_id].update(_pictures(versions[question.version_id]))
        return _Material(
            versions=versions,
            marketplaces={listing.id: listing.marketplace for listing in listings.values()},
            judges=judges,
            found=self._matching.matches_of({owner_id: one.bank for owner_id, one in judges.items()}, shown),
        )

    def _judge(self, question: Question, material: _Material) -> Judged:
        appointed = material.judges[question.owner_id]
        version = material.versions[question.version_id]
        found: list[Match] = [
            match for sha256 in _pictures(version) for match in material.found.get((question.owner_id, sha256), ())
        ]
        made = appointed.judge.assess(version.facts, material.marketplaces[version.listing_id], found)
        return Judged(
            made=made,
            product_ids=appointed.product_ids,
            revision=appointed.revision,
            pictures=tuple(_pictures(version)),
        )

    def _make_thumbnails(self, answers: Iterable[Judged]) -> None:
        suspicious = [one for one in answers if one.highest_score >= self.settings.suspect_threshold]
        wanted = dict.fromkeys(sha256 for one in suspicious for sha256 in one.pictures)
        try:
            self._renditions.make_thumbnails(wanted)
        except (StoreError, OSError) as error:
            # What was judged counts for more; pages make a thumbnail that is missing.
            log.warning("thumbnails are left to be made when they are asked for: %s", error)


def _pictures(version: ListingVersion) -> list[str]:
    """The pictures of a listing version that could be fetched, each once."""
    return list(dict.fromkeys(image.sha256 for image in version.facts.images if image.sha256))
