"""The page of one suspect: what was found beside what is yours, and the verdict, in the order of a search."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from console.comparison import Comparison, compare
from console.guards.access import needs
from console.output import absence_words, deleted_words
from console.reason_words import reason_words
from console.rendering import render
from console.request import CurrentSession
from console.schemas.fields import PathId
from console.session import RequestSession
from console.suspect_history import SeenVersion, history_of
from console.suspect_view import SuspectView, view_suspect
from console.translation import gettext as _
from console.web.pictures import ShownPicture, pictures_of
from console.web.price_plot import PricePlot, plot_prices
from console.web.queue import queue_of
from console.web.searching import Asked, CurrentSearch
from console.wording import (
    LONGEST_TITLE,
    change_words,
    field_word,
    match_words,
    shortened,
    verdict_choices,
    verdict_word,
)
from counterfoil.changes import FieldChange
from counterfoil.clock import now
from counterfoil.models import (
    Assessment,
    Capture,
    CaptureMeans,
    CaptureState,
    ListingFacts,
    Product,
    Reason,
    Role,
    Verdict,
    VerdictKind,
)
from counterfoil.rates import write_amount, write_price
from counterfoil.store.products import get_products
from counterfoil.store.rates import latest_table
from counterfoil.store.snoozes import snooze, wake
from counterfoil.store.suspects import add_verdict, suspects_showing, undo_verdict
from counterfoil.store.verdict_batches import MOST_AT_ONCE
from indexer.document import SuspectDocument, seller_value
from indexer.query import SuspectQuery

router = APIRouter(prefix="/suspects/{suspect_id}", include_in_schema=False, dependencies=[needs(Role.VIEWER)])
_analyst = [needs(Role.ANALYST)]
_VERSIONS = 20
_OTHERS = 6
# Characters of what strangers wrote: a page stays below 300 KB. The whole is in the API, and in the capture.
_LONGEST, _LONGEST_TEXT, _LONGEST_CHANGE = 2_000, 20_000, 500

_Until = Literal["day", "week", "change"]
_SNOOZES = {"day": timedelta(days=1), "week": timedelta(days=7)}
Revision = Annotated[int, Form(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """All that the page shows, read in one transaction."""

    view: SuspectView
    compared: Comparison
    product: Product | None
    history: list[SeenVersion]
    others: list[SuspectDocument]
    pictures: Mapping[str, ShownPicture]
    plot: PricePlot | None
    showing: int


@router.get("", response_class=HTMLResponse)
def show_suspect(
    session: CurrentSession,
    suspect_id: PathId,
    asked: CurrentSearch,
    picture: Annotated[str, Query(max_length=64)] = "",
    reference: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """The page of one suspect: a picture of it beside one of yours, the reasons, its history, the verdict to be given.

    `picture` and `reference` choose what is compared, by SHA-256.
    """
    facts = _read(session, suspect_id, picture or None, reference or None)
    view, path = facts.view, f"/suspects/{suspect_id}"
    return HTMLResponse(
        render(
            "suspect.html",
            session,
            id=suspect_id,
            revision=view.suspect.revision,
            view=view,
            title=shortened(view.version.facts.title, _LONGEST),
            host=urlsplit(view.version.facts.url).hostname or "",
            changes=[change_words(one) for one in view.changes],
            seller=_seller(view),
            price=write_price(view.version.facts.price, view.version.facts.currency),
            honest=_honest(facts.product),
            why=_why(view),
            assessments=[_assessment(view, one, facts.compared, asked) for one in view.assessments],
            fields=list(_fields(view)),
            plot=facts.plot,
            others=[_other(one, facts.pictures) for one in facts.others],
            history=[_version(one) for one in facts.history],
            verdict=verdict_word(view.suspect.verdict) if view.suspect.verdict else None,
            verdicts=[_verdict(one) for one in view.verdicts],
            captures=[_capture(one) for one in view.captures],
            may_decide=session.actor.role.allows(Role.ANALYST),
            choices=verdict_choices(),
            queue=queue_of(session, asked, suspect_id),
            to_list=asked.address("/suspects"),
            to_decide=asked.address(f"{path}/verdict"),
            to_undo=asked.address(f"{path}/undo"),
            snoozes=[("day", _("for a day")), ("week", _("for a week")), ("change", _("until it changes"))],
            to_snooze=asked.address(f"{path}/snooze"),
            to_wake=asked.address(f"{path}/wake"),
            alike=_alike(facts, asked),
            **_compared(facts, asked, path),
        )
    )


@router.post("/verdict", response_class=HTMLResponse, dependencies=_analyst)
def post_verdict(
    session: CurrentSession,
    suspect_id: PathId,
    asked: CurrentSearch,
    kind: Annotated[VerdictKind, Form()],
    revision: Revision,
    note: Annotated[str, Form(max_length=10_000)] = "",
) -> RedirectResponse:
    """Decide about a suspect, and go on to the next of the search; 412 when it has changed since it was shown."""
    following = queue_of(session, asked, suspect_id).next
    with session.act("verdict.add", f"suspect {suspect_id}", kind=kind) as connection:
        add_verdict(
            connection,
            session.owner.id,
            suspect_id,
            kind,
            note=note.strip() or None,
            decided_by=session.person,
            expected_revision=revision,
            now=now(),
        )
    return RedirectResponse(following or asked.address("/suspects"), status_code=303)


@router.post("/undo", response_class=HTMLResponse, dependencies=_analyst)
def post_undo(
    session: CurrentSession, suspect_id: PathId, asked: CurrentSearch, revision: Revision
) -> RedirectResponse:
    """Take the last verdict back, and show the suspect again; 412 when it has changed since it was shown."""
    with session.act("verdict.undo", f"suspect {suspect_id}") as connection:
        undo_verdict(connection, session.owner.id, suspect_id, expected_revision=revision, now=now())
    return RedirectResponse(asked.address(f"/suspects/{suspect_id}"), status_code=303)


@router.post("/snooze", response_class=HTMLResponse, dependencies=_analyst)
def post_snooze(
    session: CurrentSession,
    suspect_id: PathId,
    asked: CurrentSearch,
    revision: Revision,
    until: Annotated[_Until, Form()],
) -> RedirectResponse:
    """Put a suspect off, and go on to the next of the search; 412 when it has changed since it was shown."""
    following, moment = queue_of(session, asked, suspect_id).next, now()
    ends = moment + _SNOOZES[until] if until in _SNOOZES else None
    with session.act("suspect.snooze", f"suspect {suspect_id}", until=until) as connection:
        snooze(connection, session.owner.id, suspect_id, ends, expected_revision=revision, now=moment)
    return RedirectResponse(following or asked.address("/suspects"), status_code=303)


@router.post("/wake", response_class=HTMLResponse, dependencies=_analyst)
def post_wake(
    session: CurrentSession, suspect_id: PathId, asked: CurrentSearch, revision: Revision
) -> RedirectResponse:
    """Let a suspect that was put off wait again, and show it; 412 when it has changed since it was shown."""
    with session.act("suspect.wake", f"suspect {suspect_id}") as connection:
        wake(connection, session.owner.id, suspect_id, expected_revision=revision, now=now())
    return RedirectResponse(asked.address(f"/suspects/{suspect_id}"), status_code=303)


def _read(session: RequestSession, suspect_id: int, picture: str | None, reference: str | None) -> _Facts:
    owner_id = session.owner.id
    with session.read() as connection:
        view = view_suspect(connection, owner_id, suspect_id)
        compared = compare(connection, owner_id, view, picture, reference)
        history = history_of(connection, owner_id, view.listing.id, _VERSIONS)
        products = get_products(connection, [compared.product_id]) if compared.product_id else {}
        product = next(iter(products.values()), None)
        plot = _plot(connection, view.version.facts, product)
        showing = len(suspects_showing(connection, owner_id, compared.picture or "", MOST_AT_ONCE))
    others = _others(session, view)
    shown = [*compared.pictures, compared.picture, compared.reference]
    shown += [one.image_sha256 for one in compared.references]
    shown += [one.image.sha256 for one in others if one.image]
    with session.read() as connection:
        pictures = pictures_of(connection, {one for one in shown if one})
    return _Facts(
        view=view,
        compared=compared,
        product=product,
        history=history,
        others=others,
        pictures=pictures,
        plot=plot,
        showing=showing,
    )


def _alike(facts: _Facts, asked: Asked) -> list[tuple[str, str]]:
    """(label, link) to one verdict about this and others: those with the same picture, those of the same seller."""
    found = []
    if facts.showing > 1:
        more = {"showing": facts.compared.picture or ""}
        found.append((_("All %(count)d with this picture") % {"count": facts.showing}, more))
    if facts.others and facts.view.listing.seller_id:
        found.append((_("All of this seller"), {"of_seller": str(facts.view.listing.seller_id)}))
    return [(label, asked.address("/suspects/many", **more)) for label, more in found]


def _others(session: RequestSession, view: SuspectView) -> list[SuspectDocument]:
    """The most suspicious of the seller's other suspects."""
    seller = view.version.facts.seller
    if seller is None:
        return []
    key = seller_value(view.listing.marketplace, seller.key)
    found = session.index.search(SuspectQuery(owner_id=session.owner.id, sellers=(key,), limit=_OTHERS + 1))
    return [one for one in found.suspects if one.id != view.suspect.id][:_OTHERS]


def _compared(facts: _Facts, asked: Asked, path: str) -> dict[str, Any]:
    """The two pictures, what else could be compared, and where the pictures of their match are."""
    compared, pictures = facts.compared, facts.pictures

    def choices(name: str, shas: Sequence[str], chosen: str | None) -> list[dict[str, Any]]:
        present = {"picture": compared.picture or "", "reference": compared.reference or ""}
        return [
            {
                "image": pictures[sha256],
                "link": asked.address(path, **{**present, name: sha256}),
                "chosen": sha256 == chosen,
            }
            for sha256 in shas
        ]

    match = compared.match
    return {
        "listing_image": pictures.get(compared.picture or ""),
        "reference_image": pictures.get(compared.reference or ""),
        "product": facts.product,
        "match": match_words(match) if match else None,
        "overlay": _overlay(facts) if match and match.transform else None,
        "pictures": choices("picture", compared.pictures, compared.picture) if len(compared.pictures) > 1 else [],
        "references": choices("reference", [one.image_sha256 for one in compared.references], compared.reference)
        if len(compared.references) > 1
        else [],
    }


def _overlay(facts: _Facts) -> dict[str, str]:
    asked = urlencode({"picture": facts.compared.picture or "", "reference": facts.compared.reference or ""})
    place = f"/api/v1/suspects/{facts.view.suspect.id}/overlay?{asked}"
    return {"aligned": f"{place}&kind=aligned", "difference": f"{place}&kind=difference"}


def _plot(connection: sa.Connection, facts: ListingFacts, product: Product | None) -> PricePlot | None:
    honest = product.price_range if product else None
    if honest is None or facts.price is None or facts.currency is None:
        return None
    rates = latest_table(connection) if facts.currency != honest.currency else None
    price = facts.price if rates is None else rates.convert(facts.price, facts.currency, honest.currency)
    if price is None or (rates is None and facts.currency != honest.currency):
        return None
    return plot_prices([], honest.currency, honest=honest, this=round(price, 2))


def _why(view: SuspectView) -> list[str]:
    """The reasons against the likeliest product, to be read before the pictures are looked at."""
    best = view.assessments[0].score.reasons if view.assessments else ()
    return [shortened(reason_words(reason), LONGEST_TITLE) for reason in best]


def _honest(product: Product | None) -> str | None:
    honest = product.price_range if product else None
    if honest is None:
        return None
    low, high = write_amount(honest.low), write_amount(honest.high)
    return f"{low} {honest.currency}" if low == high else f"{low}–{high} {honest.currency}"


def _assessment(view: SuspectView, one: Assessment, compared: Comparison, asked: Asked) -> dict[str, Any]:
    picture, reference = compared.matched.get(one.product_id, ("", ""))
    link = asked.address(f"/suspects/{view.suspect.id}", picture=picture, reference=reference)
    return {
        "compare": link if picture and one.product_id != compared.product_id else None,
        "product": view.product_names.get(one.product_id, _("a product that was removed")),
        "link": f"/products/{one.product_id}" if one.product_id in view.product_names else None,
        "score": f"{one.score.value:.2f}",
        "judge": one.judge_version,
        "reasons": [
            {
                "weight": f"{reason.weight:.2f}",
                "text": shortened(reason_words(reason), _LONGEST),
                "evidence": list(_evidence(reason)),
            }
            for reason in one.score.reasons
        ],
    }


def _evidence(reason: Reason) -> Iterator[tuple[str, str]]:
    for name, value in reason.evidence.items():
        if value not in (None, "", [], {}):
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield name.replace("_", " "), shortened(said, _LONGEST)


def _seller(view: SuspectView) -> dict[str, Any] | None:
    seller = view.version.facts.seller
    if seller is None:
        return None
    link = f"/sellers/{view.listing.seller_id}" if view.listing.seller_id else None
    return {"name": seller.name or seller.key, "link": link}


def _fields(view: SuspectView) -> Iterator[tuple[str, Any]]:
    facts = view.version.facts
    price = f"{write_amount(facts.price)} {facts.currency or _('(no currency)')}" if facts.price is not None else None
    values = {
        _("Price"): price,
        _("Ships from"): facts.ships_from,
        _("Condition"): _spelt_out(facts.condition),
        _("Availability"): _spelt_out(facts.availability),
        _("Category"): facts.category,
        _("Marketplace"): view.listing.marketplace,
        _("First seen"): view.listing.first_seen_at,
        _("Last seen"): view.listing.last_seen_at,
        _("Absent"): absence_words(view.absence) if view.absence else None,
        _("Read"): view.version.captured_at,
        _("Description"): shortened(facts.description or "", _LONGEST_TEXT),
    }
    yield from ((name, value) for name, value in values.items() if value)


def _spelt_out(said: str | None) -> str | None:
    """A term of schema.org as people write it: `NewCondition` is new, `InStock` in stock; else as the page says it."""
    if said is None or not re.fullmatch(r"(?:[A-Z][a-z]+)+", said):
        return said
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", said.removesuffix("Condition") or said).lower()


def _other(one: SuspectDocument, pictures: Mapping[str, ShownPicture]) -> dict[str, Any]:
    return {
        "title": shortened(one.title, LONGEST_TITLE),
        "image": pictures.get(one.image.sha256 or "") if one.image else None,
        "link": f"/suspects/{one.id}",
        "score": f"{one.score:.2f}",
        "verdict": verdict_word(one.verdict) if one.verdict else None,
    }


def _version(one: SeenVersion) -> dict[str, Any]:
    return {
        "number": one.version.number,
        "at": one.version.captured_at,
        "changes": [_change(change) for change in one.changes],
    }


def _change(change: FieldChange) -> dict[str, Any]:
    is_pictures = change.field == "images"
    return {
        "field": field_word(change.field),
        "words": change_words(change) if is_pictures else None,
        "before": shortened(change.before or "", _LONGEST_CHANGE),
        "after": shortened(change.after or "", _LONGEST_CHANGE),
    }


def _capture(one: Capture) -> dict[str, Any]:
    """A capture in words, with links to those of its files that are still there."""
    files = {file.role: file for file in one.files}
    deleted = next((file.deleted_at for file in one.files if file.deleted_at), None)
    words, moment, more = _capture_words(one)
    return {
        "words": words,
        "at": moment,
        "more": more,
        "detail": one.detail,
        "deleted": deleted_words(deleted) if deleted else None,
        "links": {role: f"/api/v1/captures/{one.id}/{role}" for role, file in files.items() if not file.deleted_at},
    }


def _capture_words(one: Capture) -> tuple[str, datetime | None, str]:
    """What became of it, when, and how."""
    if one.state is CaptureState.WAITING:
        return _("waits to be captured since"), one.requested_at, ""
    if one.state is CaptureState.FAILED or one.captured_at is None:
        return _("could not be captured"), None, ""
    by = _("by a browser") if one.means is CaptureMeans.BROWSER else _("without a browser")
    return _("captured"), one.captured_at, _("%(by)s, answered %(status)s") % {"by": by, "status": one.status}


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict_word(one.kind),
        "by": one.decided_by,
        "at": one.decided_at,
        "note": one.note,
        "undone": one.undone_at,
    }
