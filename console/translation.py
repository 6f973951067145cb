"""The texts of the pages in the language of whoever reads them: catalogues in `console/locale`, English without one.

Wrap what people read in `_()` or `ngettext()`, in templates in `{{ _("...") }}` or `{% trans %}`; what an error says is
put into words by `worded()`. GNU gettext: `console/locale/<language>/LC_MESSAGES/counterfoil.mo`.
"""

import gettext as catalogues
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path

from counterfoil.exceptions import CounterfoilError

DOMAIN = "counterfoil"
LOCALE = Path(__file__).parent / "locale"
_ENGLISH = catalogues.NullTranslations()
_chosen: ContextVar[catalogues.NullTranslations] = ContextVar("catalogue", default=_ENGLISH)


def choose_languages(languages: Sequence[str]) -> None:
    """From here on in this request, the first of these languages that is English or has a catalogue; else English."""
    _chosen.set(_catalogue(languages))


def gettext(message: str) -> str:
    """One text in the chosen language."""
    return _chosen.get().gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """One text that depends on a number, in the chosen language."""
    return _chosen.get().ngettext(one, many, number)


def worded(error: CounterfoilError) -> str:
    """What an error says in the chosen language, and so an error that it speaks of."""
    text = gettext(error.message) if error.message else ""
    values = {name: worded(one) if isinstance(one, CounterfoilError) else one for name, one in error.values.items()}
    return text.format(**values) if values else text


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


def _catalogue(languages: Sequence[str]) -> catalogues.NullTranslations:
    for language in languages:
        if language.partition("_")[0] == "en":
            break
        # The library keeps what it has read, and forgets what is not there: no header can fill the memory.
        if catalogues.find(DOMAIN, LOCALE, [language]):
            return catalogues.translation(DOMAIN, LOCALE, [language])
    return _ENGLISH
