"""Fills templates: escaped by default, with what every page's head needs."""

from pathlib import Path
from typing import Any

import jinja2

from console.session import RequestSession
from console.translation import gettext, ngettext
from console.web.navigation import entries

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


_TEMPLATES.filters["outward"] = outward


def render(template: str, session: RequestSession | None, **values: Any) -> str:
    """The page of a template; without a session it has no owner, no name, nowhere to go and nothing to log out of."""
    navigation = entries(session.actor.role) if session else ()
    return _TEMPLATES.get_template(template).render(session=session, navigation=navigation, **values)
