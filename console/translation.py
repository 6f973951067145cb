"""The texts of the pages in the language of whoever reads them: catalogues in `console/locale`, English without one.

Wrap what people read in `_()` or `ngettext()`, in templates in `{{ _("...") }}` or `{% trans %}`. GNU gettext:
`console/locale/<language>/LC_MESSAGES/counterfoil.mo`.
"""

import gettext as catalogues
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DOMAIN = "counterfoil"
LOCALE = Path(__file__).parent / "locale"
_chosen: ContextVar[tuple[str, ...]] = ContextVar("languages", default=())


def choose_languages(languages: Sequence[str]) -> None:
    """From here on in this request, the first of these languages that there is a catalogue for; else English."""
    _chosen.set(tuple(languages))


def gettext(message: str) -> str:
    """One text in the chosen language."""
    return _catalogue(_chosen.get()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """One text that depends on a number, in the chosen language."""
    return _catalogue(_chosen.get()).ngettext(one, many, number)


_ = gettext


def accepted_languages(header: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), best first, named as catalogues are (`pt_BR`)."""
    weighed = []
    for part in header.split(",")[:20]:
        name, _, weight = part.partition(";q=")
        if name.strip().replace("-", "").isalnum():
            weighed.append((_weight(weight), name.strip().replace("-", "_")))
    return [name for weight, name in sorted(weighed, key=lambda one: -one[0]) if weight > 0]


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


@cache
def _catalogue(languages: tuple[str, ...]) -> catalogues.NullTranslations:
    if not languages or languages[0].partition("_")[0] == "en":
        return catalogues.NullTranslations()
    return catalogues.translation(DOMAIN, LOCALE, languages, fallback=True)
