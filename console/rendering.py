"""Fills templates: escaped by default, with what every page's head needs."""

from pathlib import Path
from typing import Any

import jinja2

from console.session import RequestSession

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, session: RequestSession | None, **values: Any) -> str:
    """The page of a template; without a session it has no owner, no name and nothing to log out of."""
    return _TEMPLATES.get_template(template).render(session=session, **values)
