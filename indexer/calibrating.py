"""Makes calibration cards: edits a product's reference images, looks the copies up, and unrelated pictures too.

One step is one reference image, so that listings that wait to be judged never wait for a whole card.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from typing import TypeVar

from counterfoil.calibration import CalibratedImage, EditedCopy, FalseAlarm, as_json, image_from_json, make_card
from counterfoil.clock import now
from counterfoil.edits import EDITS, Edit
from counterfoil.evidence import EvidenceStore
from counterfoil.exceptions import EvidenceDamaged, NotFound, StoreError, StoreUnavailable, UnreadablePicture
from counterfoil.fingerprints import Sketch
from counterfoil.matching import MATCHING_VERSION, ReferenceBank
from counterfoil.models import Match, MatchKind, ReferenceImage
from counterfoil.settings import Settings
from counterfoil.store import Store
from counterfoil.store.calibrations import (
    Calibration,
    KeptCard,
    advance_calibration,
    claim_calibration,
    finish_calibration,
    get_card,
    release_calibration,
    renew_calibration,
    sample_unrelated,
)
from counterfoil.store.products import get_product, list_reference_images, product_names
from indexer.decoding import PictureDecoder
from indexer.heartbeat import kept_alive
from indexer.judges import Judges

T = TypeVar("T")
A = TypeVar("A")

log = logging.getLogger(__name__)

# Of a product with more, these are spread over all of them.
_MOST_IMAGES = 6
_MOST_CRAWLED = 300
_MOST_OTHERS = 200
# Other pictures in collages and behind cut-outs: crawled ones where there are any, else drawn ones.
_SCENERY = 4
# How long a person's command waits before it looks again at what another process is calibrating.
_GLANCE_SECONDS = 0.2


class Calibrating:
    """Takes steps of calibrations that were asked for. Any number of these may work on one database."""

    def __init__(
        self, store: Store, evidence: EvidenceStore, settings: Settings, decoder: PictureDecoder, judges: Judges
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._decoder = decoder
        self._judges = judges
        self._threads = settings.judge_processes

    def calibrate_once(self, product_id: int | None = None, *, eager: bool = True) -> bool:
        """Take one step of the oldest calibration, of one product or of any; false when there is none to be taken.

        Unless `eager`, a crawl that is under way comes first, for some minutes.
        """
        with self._store.write() as connection:
            claim = claim_calibration(connection, self._lease, now(), product_id, eager=eager)
        if claim is None:
            return False
        try:
            with kept_alive(lambda: self._renew(claim), self._lease.total_seconds() / 3):
                self._step(claim)
        except (StoreError, OSError):
            with suppress(StoreUnavailable), self._store.write() as connection:
                release_calibration(connection, claim)
            raise
        return True

    def _renew(self, claim: Calibration) -> None:
        with self._store.write() as connection:
            renew_calibration(connection, claim, self._lease, now())

    def _step(self, claim: Calibration) -> None:
        bank = self._judges.judge_of(claim.owner_id).bank
        with self._store.read() as connection:
            references = _spread(list_reference_images(connection, claim.owner_id, claim.product_id), _MOST_IMAGES)
            crawled = sample_unrelated(connection, claim.product_id, _MOST_CRAWLED)
        done = [image_from_json(values) for values in claim.measures]
        known = {image.reference_image_id for image in done}
        left = [reference for reference in references if reference.id not in known]
        if left:
            done.append(self._measure(bank, left[0], self._pictures(crawled[:_SCENERY])))
        if len(left) > 1:
            with self._store.write() as connection:
                advance_calibration(connection, claim, [asdict(image) for image in done])
            return
        self._finish(claim, bank, done, crawled)

    def _measure(self, bank: ReferenceBank, reference: ReferenceImage, scenery: Sequence[bytes]) -> CalibratedImage:
        data = self._picture(reference.image_sha256)
        sketch = None if data is None else self._sketch(data)
        if data is None or sketch is None:
            return _unreadable(reference)
        copies = self._in_threads(
            lambda edit: self._look_up_copy(bank, reference, data, edit, scenery), list(EDITS.values())
        )
        own = sketch.fingerprint
        others = {match.product_id for match in _copies(bank.match(sketch)) if match.product_id != reference.product_id}
        return CalibratedImage(
            reference_image_id=reference.id,
            source=reference.source,
            width=own.width,
            height=own.height,
            informative=own.informative,
            features=len(sketch.features),
            has_mask=any(copy is not None and copy.edit == "background" for copy in copies),
            copies=tuple(copy for copy in copies if copy is not None),
            like=tuple(sorted(others)),
        )

    def _look_up_copy(
        self, bank: ReferenceBank, reference: ReferenceImage, data: bytes, edit: Edit, scenery: Sequence[bytes]
    ) -> EditedCopy | None:
        """None where the edit cannot be made of this picture."""
        sketch = self._decoder.sketch_edited(data, edit.name, reference.id, scenery)
        if sketch is None:
            return None
        found = _copies(bank.match(sketch))
        own = next((match for match in found if match.product_id == reference.product_id), None)
        return EditedCopy(
            edit=edit.name,
            score=round(own.score, 4) if own else 0.0,
            decision=own.decision if own else None,
            other_first=bool(found) and found[0].product_id != reference.product_id,
        )

    def _finish(
        self, claim: Calibration, bank: ReferenceBank, done: Sequence[CalibratedImage], crawled: Sequence[str]
    ) -> None:
        with self._store.read() as connection:
            of_others = [
                (image.image_sha256, other)
                for other in product_names(connection, claim.owner_id)
                if other != claim.product_id
                for image in list_reference_images(connection, claim.owner_id, other)
            ]
        unrelated = [*((name, None) for name in crawled), *_spread(of_others, _MOST_OTHERS)]
        answers = self._in_threads(lambda one: self._alarm(bank, claim.product_id, *one), unrelated)
        looked_up = [one for one, answer in zip(unrelated, answers, strict=True) if answer is not False]
        card = make_card(
            MATCHING_VERSION,
            done,
            {edit.name: (edit.kind.value, edit.described) for edit in EDITS.values()},
            [answer for answer in answers if isinstance(answer, FalseAlarm)],
            crawled=sum(other is None for _, other in looked_up),
            others=sum(other is not None for _, other in looked_up),
        )
        with self._store.write() as connection:
            finish_calibration(connection, claim, as_json(card), now())

    def _alarm(self, bank: ReferenceBank, product_id: int, sha256: str, other: int | None) -> FalseAlarm | bool:
        """What an unrelated picture raises: an alarm, none (true), or nothing because it cannot be read (false)."""
        data = self._picture(sha256)
        sketch = None if data is None else self._sketch(data)
        if sketch is None:
            return False
        found = [match for match in _copies(bank.match(sketch)) if match.product_id == product_id]
        if not found:
            return True
        best = found[0]
        return FalseAlarm(image_sha256=sha256, product_id=other, score=round(best.score, 4), decision=best.decision)

    def _pictures(self, sha256s: Iterable[str]) -> list[bytes]:
        read = (self._picture(sha256) for sha256 in sha256s)
        return [data for data in read if data is not None]

    def _picture(self, sha256: str) -> bytes | None:
        try:
            return self._evidence.get_image(sha256)
        except (NotFound, EvidenceDamaged) as error:
            log.warning("picture %s is left out of a calibration, its stored file cannot be read: %s", sha256, error)
            return None

    def _sketch(self, data: bytes) -> Sketch | None:
        try:
            return self._decoder.sketch(data)
        except UnreadablePicture:
            return None

    def _in_threads(self, make: Callable[[A], T], parts: Sequence[A]) -> list[T]:
        with ThreadPoolExecutor(self._threads) as threads:
            return list(threads.map(make, parts))


def calibrate_product(
    store: Store, evidence: EvidenceStore, settings: Settings, owner_id: int, product_id: int
) -> KeptCard:
    """Take all steps of a product's calibration that was asked for; the card.

    Steps that the running service takes meanwhile are waited for. Raises NotFound when the product is removed.
    """
    with PictureDecoder(settings) as decoder:
        calibrating = Calibrating(store, evidence, settings, decoder, Judges(store, evidence, decoder, settings.data))
        while True:
            moved = calibrating.calibrate_once(product_id)
            with store.read() as connection:
                kept = get_card(connection, owner_id, get_product(connection, owner_id, product_id).id)
            if not kept.under_way:
                return kept
            if not moved:
                time.sleep(_GLANCE_SECONDS)


def _spread(every: Sequence[T], most: int) -> list[T]:
    """At most so many of a sequence, from everywhere in it, always the same ones."""
    if len(every) <= most:
        return list(every)
    return [every[number * len(every) // most] for number in range(most)]


def _copies(matches: Sequence[Match]) -> list[Match]:
    return [match for match in matches if match.kind is MatchKind.COPY]


def _unreadable(reference: ReferenceImage) -> CalibratedImage:
    return CalibratedImage(
        reference_image_id=reference.id,
        source=reference.source,
        width=0,
        height=0,
        informative=False,
        features=0,
        has_mask=False,
        copies=(),
    )
