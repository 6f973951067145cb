"""Checks of what the operator has declared: settings and marketplaces."""

from collections.abc import Iterator

from console.doctor.findings import Finding, NotLookedAt, hint, together, wrong
from console.doctor.place import Place
from counterfoil.exceptions import InvalidDeclaration
from counterfoil.marketplaces import load_marketplaces
from counterfoil.settings import Settings
from counterfoil.store.backlog import monitored_marketplaces

_LOW, _HIGH = 0.2, 0.9
_SHORT_LEASE = 5


def check_settings(place: Place) -> Finding:
    """The settings make sense together."""
    problems = [*_odd(place.settings)]
    if place.settings.contact is None:
        text, remedy = "nobody can be reached for what is crawled", "set COUNTERFOIL_CONTACT to an address or e-mail"
        refused = f"{text}: no public marketplace is crawled"
        problems.append(wrong(refused, remedy) if _monitored(place) else hint(refused, remedy))
    return together(problems, f"contact {place.settings.contact}")


def check_marketplaces(place: Place) -> Finding:
    """Every declaration can be read, and every monitor's marketplace is declared."""
    folder = place.settings.marketplaces_folder
    if place.settings.marketplaces is not None and not folder.is_dir():
        return wrong(f"COUNTERFOIL_MARKETPLACES={folder} is no folder", "make it, or mend the setting")
    try:
        declared = load_marketplaces(place.settings)
    except InvalidDeclaration as error:
        return wrong(str(error), "mend the declaration: until then no marketplace can be crawled")
    unknown = {name: monitors for name, monitors in _monitored(place).items() if name not in declared}
    problems = [
        wrong(f"monitors ({', '.join(monitors)}) crawl {name}, which is not declared", f"declare it in {folder}")
        for name, monitors in unknown.items()
    ]
    return together(problems, f"{len(declared)} declared: {', '.join(sorted(declared)) or 'none'}")


def _odd(settings: Settings) -> Iterator[Finding]:
    threshold = settings.suspect_threshold
    remedy = "the default of COUNTERFOIL_SUSPECT_THRESHOLD is 0.5"
    if threshold < _LOW:
        yield hint(f"with a threshold of {threshold:g} nearly every listing is a suspect", remedy)
    if threshold > _HIGH:
        yield hint(f"with a threshold of {threshold:g} hardly any listing is a suspect", remedy)
    if settings.lease_seconds < _SHORT_LEASE:
        text = f"COUNTERFOIL_LEASE_SECONDS={settings.lease_seconds:g}: work is taken from workers that are only slow"
        yield hint(text, "the default is 30")
    if (settings.proxy_address or "").startswith("https:"):
        yield wrong("COUNTERFOIL_PROXY speaks TLS, which Scrapy does not", "set an http:// address")


def _monitored(place: Place) -> dict[str, list[str]]:
    try:
        with place.tables() as connection:
            return monitored_marketplaces(connection)
    except NotLookedAt:
        return {}
