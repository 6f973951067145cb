"""An owner with one of everything, the pages that show it, and a browser in which its admin looks at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from browsers import a_chromium, serving_pages
from fastapi.datastructures import DefaultPlaceholder
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from people import api_key, new_account, session_token
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from suspicion import BODY, add_batch, add_registry, add_suspect, copied, declare_marketplace, png

from console.app import routes
from console.installation import Installation
from console.session import Session
from counterfoil.accounts import make_set_up_link
from counterfoil.clock import now
from counterfoil.models import Account, VerdictKind
from counterfoil.settings import load_settings
from counterfoil.store.owners import add_owner
from counterfoil.store.suspects import add_verdict, undo_verdict


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An installation with one of everything; `ids` of the owner's things by the path's parameter."""

    installation: Installation
    admin: Account
    ids: dict[str, str]

    @property
    def session(self) -> Session:
        """The owner's."""
        return Session(None, self.installation)


def make_sample(folder: Path) -> Sample:
    """An owner with a suspect in every state that its page shows, and one of all that can be registered."""
    installation = Installation()
    given = {"COUNTERFOIL_DATA": str(folder), "COUNTERFOIL_HTTP_REQUESTS_PER_MINUTE": "1000000"}
    installation.__dict__["settings"] = load_settings({**given, "COUNTERFOIL_JUDGE_PROCESSES": "1"})
    session, store = Session(None, installation), installation.store
    declare_marketplace(session)
    picture = png(Image.effect_noise((320, 240), 90))
    ours = copied(session)
    suspects = [add_suspect(session, f"Lámpa {number}", f"L{number}", picture, matches=ours) for number in range(1, 4)]
    registered = add_registry(session, picture)
    with store.write() as connection:
        other = add_owner(connection, "other", now())
        link = make_set_up_link(connection, other.id, None, now())
        said = {"note": "Nåja", "decided_by": "ann", "now": now()}
        for suspect in suspects[1:]:
            add_verdict(connection, session.owner.id, suspect, VerdictKind.COUNTERFEIT, **said)
        undo_verdict(connection, session.owner.id, suspects[2], now=now())
    ids = {
        **registered,
        **dict.fromkeys(("monitor_id", "run_id", "crawl_id", "listing_id", "seller_id"), "1"),
        "name": "example",
        "marketplace": "example",
        "suspect_id": str(suspects[1]),
        "images/{sha256}": installation.evidence.put_image(picture),
        "bodies/{sha256}": installation.evidence.put_body(BODY),
        "key_id": str(api_key(store, session.owner.id)[0]),
        "token": link,
        "batch_id": add_batch(session, suspects[0], suspects[1]),
    }
    admin = new_account(store, session.owner.id, "ann")
    return Sample(installation=installation, admin=admin, ids={**ids, "account_id": str(admin.id)})


def filled(route: APIRoute, ids: dict[str, str]) -> str:
    """A route's path with ids in it."""
    path = route.path
    for name in route.param_convertors:
        known = ids.get(f"{path.split(f'/{{{name}}}')[0].rpartition('/')[2]}/{{{name}}}") or ids.get(name)
        assert known, f"teach this test, or tests/sample.py, an id of the first owner for {{{name}}} of {route.path}"
        path = path.replace(f"{{{name}}}", known)
    return path


def pages(sample: Sample) -> list[str]:
    """The address of every page, and of those that pages lead to when there is nothing, or something is wrong."""
    found = [filled(route, sample.ids) for route in page_routes()]
    return [*found, "/suspects?words=nothing+such", "/suspects?words=l%C3%A1mpa&sort=newest", "/nothing-here"]


def page_routes() -> list[APIRoute]:
    """Every route that shows a page."""
    return [route for route in routes() if "GET" in (route.methods or ()) and _is_page(route)]


def _is_page(route: APIRoute) -> bool:
    kind = route.response_class
    return not isinstance(kind, DefaultPlaceholder) and issubclass(kind, HTMLResponse)


@dataclass(frozen=True)
class Visit:
    """A browser at the pages; `complaints` is what its console, its policies and its dialogs have said so far."""

    browser: Browser
    address: str
    sample: Sample
    complaints: list[str]

    def enter(self, *, languages: str | None = None, **options: object) -> BrowserContext:
        """A window of the admin's; of the browser's own settings any may be another."""
        headers = {"Accept-Language": languages} if languages else {}
        context = self.browser.new_context(extra_http_headers=headers, **options)  # type: ignore[arg-type]
        token, _ = session_token(self.sample.installation.store, self.sample.admin)
        context.add_cookies([{"name": "counterfoil", "value": token, "url": self.address}])
        context.add_init_script(_WATCH)
        context.on("page", lambda page: self._listen(page))
        return context

    def _listen(self, page: Page) -> None:
        page.on("console", lambda said: self._complain(page, said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self._complain(page, str(error)))
        page.on("dialog", lambda dialog: (self._complain(page, f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda asked: self._of_ours(page, asked.url))

    def _of_ours(self, page: Page, address: str) -> None:
        if not address.startswith((self.address, "data:", "blob:", "about:")):
            self._complain(page, f"asked for {address}")

    def _complain(self, page: Page, text: str) -> None:
        if "404 (Not Found)" not in text:
            self.complaints.append(f"{page.url}: {text}")


# Reports of the policy come to the console as well; a script of somebody else's could keep that from us, not this.
_WATCH = """
addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective));
"""


@contextmanager
def visiting(folder: Path) -> Iterator[Visit]:
    """The sample behind a real server, and a browser."""
    sample = make_sample(folder)
    with serving_pages(sample.installation) as address, a_chromium() as chromium:
        yield Visit(chromium, address, sample, [])
