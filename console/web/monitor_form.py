"""The form of a monitor: its fields as a browser sends them, the plan that they say, and what it offers to choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from console.monitoring import Plan, obstacle_of
from console.output import robots_words
from console.session import RequestSession
from console.translation import gettext as _
from console.web.schedules import Choice, choice_of, schedule_of
from counterfoil.access import access_in_words
from counterfoil.exceptions import InvalidInput
from counterfoil.models import CrawlLimits, Monitor, Product, RobotsOverride
from counterfoil.store.products import list_products
from counterfoil.store.robots_overrides import robots_overrides_of

# A form with more boxes to tick than these is no form any more.
MOST_PRODUCTS = 500
_LARGEST = 1_000_000_000
_LONGEST_QUERY = 300
_MOST_QUERIES = 1_000

Text = Annotated[str, StringConstraints(max_length=400)]


class MonitorForm(BaseModel):
    """The fields of the form, as text: what is wrong with them is said beside the form, nothing typed is lost.

    `scope` is `all` or `chosen`; `words` are queries, one a line.
    """

    model_config = ConfigDict(frozen=True)

    name: Text = ""
    scope: Text = "all"
    product: Annotated[list[Text], Field(max_length=10_000)] = []
    marketplace: Annotated[list[Text], Field(max_length=1_000)] = []
    words: Annotated[str, StringConstraints(max_length=400_000)] = ""
    rhythm: Text = Choice().rhythm
    at: Text = Choice().at
    weekday: Text = Choice().weekday
    number: Text = Choice().number
    unit: Text = Choice().unit
    cron: Text = Choice().cron
    time_zone: Text = ""
    jitter: Text = "0"
    pages: Text = str(CrawlLimits().pages)
    depth: Text = str(CrawlLimits().depth)
    seconds: Text = str(CrawlLimits().seconds)
    megabytes: Text = str(CrawlLimits().megabytes)
    barren_pages: Text = str(CrawlLimits().barren_pages)
    at_once: Text = ""
    etag: Text = ""
    step: Text = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedMarket:
    """A marketplace to choose: by which way it is read, what was really tried, and why it cannot be watched."""

    name: str
    title: str
    route: str
    exercised: str
    terms: str
    robots: str | None
    obstacle: str | None


def form_of(monitor: Monitor, etag: str) -> MonitorForm:
    """A monitor as the form shows it; `etag` is that of what is changed."""
    choice, limits = choice_of(monitor.schedule), monitor.limits
    return MonitorForm(
        name=monitor.name,
        scope="chosen" if monitor.product_ids else "all",
        product=[str(product_id) for product_id in monitor.product_ids],
        marketplace=list(monitor.marketplaces),
        words="\n".join(monitor.queries),
        rhythm=choice.rhythm,
        at=choice.at,
        weekday=choice.weekday,
        number=choice.number,
        unit=choice.unit,
        cron=choice.cron,
        time_zone=choice.time_zone,
        jitter=choice.jitter,
        pages=str(limits.pages),
        depth=str(limits.depth),
        seconds=str(limits.seconds),
        megabytes=str(limits.megabytes),
        barren_pages=str(limits.barren_pages),
        etag=etag,
    )


def plan_of(form: MonitorForm) -> Plan:
    """What the form asks for. Raises InvalidInput for the first thing that is wrong."""
    if not form.name.strip() or len(form.name.strip()) > 200 or not form.name.isprintable():
        raise InvalidInput(_("Give the monitor a name, of at most 200 characters."))
    product_ids = tuple(int(one) for one in form.product if one.isdecimal()) if form.scope == "chosen" else ()
    if form.scope == "chosen" and not product_ids:
        raise InvalidInput(_("Choose at least one product, or all of them."))
    if not form.marketplace:
        raise InvalidInput(_("Choose at least one marketplace."))
    choice = Choice(
        rhythm=form.rhythm,
        at=form.at,
        weekday=form.weekday,
        number=form.number,
        unit=form.unit,
        cron=form.cron,
        time_zone=form.time_zone,
    )
    return Plan(
        name=form.name.strip(),
        marketplaces=tuple(form.marketplace),
        schedule=schedule_of(choice, _number(form.jitter, _("Spread"), 0, 86_400)),
        product_ids=product_ids,
        queries=_queries(form.words),
        limits=_limits(form),
    )


def offered_products(connection: sa.Connection, owner_id: int, chosen: list[str]) -> list[Product]:
    """The products to choose from: all, but for those beyond the first few hundred that are not chosen already."""
    every = list_products(connection, owner_id)
    return [product for place, product in enumerate(every) if place < MOST_PRODUCTS or str(product.id) in chosen]


def offered_markets(connection: sa.Connection, session: RequestSession) -> list[OfferedMarket]:
    """The marketplaces to choose from, those that can be watched first, by title."""
    overrides = robots_overrides_of(connection, session.owner.id)
    offered = [_offered(session, name, overrides) for name in session.marketplaces]
    return sorted(offered, key=lambda one: (one.obstacle is not None, one.title.casefold()))


def _offered(session: RequestSession, name: str, overrides: Mapping[str, RobotsOverride]) -> OfferedMarket:
    one = session.marketplaces[name]
    override = overrides.get(name)
    return OfferedMarket(
        name=name,
        title=one.title,
        route=access_in_words(one, session.settings),
        exercised=one.exercised,
        terms=one.terms,
        robots=robots_words(override) if override else None,
        obstacle=obstacle_of(session, one),
    )


def _queries(text: str) -> tuple[str, ...]:
    queries = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(queries) > _MOST_QUERIES:
        raise InvalidInput(_("These are more than 1,000 searches: split them over several monitors."))
    for place, query in enumerate(queries, start=1):
        if len(query) > _LONGEST_QUERY or not query.isprintable():
            raise InvalidInput(_("Words, line %(line)d: at most 300 characters that can be printed.") % {"line": place})
    return queries


def _limits(form: MonitorForm) -> CrawlLimits:
    return CrawlLimits(
        pages=_number(form.pages, _("Pages"), 1, _LARGEST),
        depth=_number(form.depth, _("Result pages of a search"), 1, _LARGEST),
        seconds=_number(form.seconds, _("Seconds"), 1, _LARGEST),
        megabytes=_number(form.megabytes, _("Megabytes"), 1, _LARGEST),
        barren_pages=_number(form.barren_pages, _("Pages without anything new"), 1, _LARGEST),
    )


def _number(text: str, label: str, least: int, most: int) -> int:
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12 and least <= int(digits) <= most):
        raise InvalidInput(
            _("%(field)s: expected a number from %(least)d to %(most)d.")
            % {"field": label, "least": least, "most": most}
        )
    return int(digits)
