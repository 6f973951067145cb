"""Fills templates: escaped by default, with what every page's head needs."""

from pathlib import Path
from typing import Any

import jinja2

from console.session import RequestSession
from console.translation import gettext, ngettext
from console.web.navigation import entries
from console.wording import right_word, role_word, verdict_word
from counterfoil.models import RightKind, Role, VerdictKind

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_TEMPLATES.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]


def outward(address: str | None) -> str:
    """A stranger's address as a link may hold it: one of the web, else none. For every `target="_blank"`."""
    return address if address and address.lower().startswith(("http://", "https://")) else ""


def word(code: Role | RightKind | VerdictKind) -> str:
    """What a role, a right or a verdict is called in the reader's language."""
    if isinstance(code, Role):
        return role_word(code)
    return right_word(code) if isinstance(code, RightKind) else verdict_word(code)


_TEMPLATES.filters.update(outward=outward, word=word)


def render(template: str, session: RequestSession | None, **values: Any) -> str:
    """The page of a template; without a session it has no owner, no name, nowhere to go and nothing to log out of."""
    navigation = entries(session.actor.role) if session else ()
    return _TEMPLATES.get_template(template).render(session=session, navigation=navigation, **values)
