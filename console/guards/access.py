"""Who asks, and whether their role reaches that far. Every route declares what it needs; none is open by oversight."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from console.guards.cookies import session_token
from console.guards.origin import SAFE_METHODS
from console.guards.pace import Pace
from console.installation import Installation
from console.session import RequestSession
from counterfoil.accounts import Visit, api_key_of, visit_of
from counterfoil.clock import now
from counterfoil.exceptions import Forbidden, NotLoggedIn
from counterfoil.models import Actor, Channel, Role
from counterfoil.store.owners import get_owner_by_id
from counterfoil.tokens import same_secret

CSRF_FIELD = "csrf_token"
_CSRF_HEADER = "x-csrf-token"
# A list of 250 products has a tick for each and for each of its pictures; how long a form may be, BodyLimit says.
MOST_FIELDS = 5_000


def installation_of(request: Request) -> Installation:
    """The installation that the application serves."""
    installation: Installation = request.app.state.installation
    return installation


def address_of(request: Request) -> str | None:
    """The client's address; behind a trusted proxy, the one that the proxy names."""
    return request.client.host if request.client else None


def _authenticate(request: Request) -> RequestSession:
    """The request's session. Raises NotLoggedIn, or TooManyAttempts for a client that asks too often."""
    try:
        session = _session_of(request)
    except NotLoggedIn:
        _take_for_address(request)
        raise
    _pace(request).take(f"{session.actor.channel} {session.owner.id} {session.actor.name}")
    return session


def _take_for_address(request: Request) -> None:
    _pace(request).take(f"address {address_of(request)}")


def _pace(request: Request) -> Pace:
    pace: Pace = request.app.state.pace
    return pace


def _session_of(request: Request) -> RequestSession:
    authorization = request.headers.get("authorization")
    if authorization is not None:
        # Then nothing else speaks for the request: a cookie that came along is not looked at.
        return _session_of_key(request, authorization)
    token = session_token(request, installation_of(request).settings)
    if not token:
        raise NotLoggedIn("Nobody is logged in.")
    return _session_of_account(request, token)


def _session_of_key(request: Request, authorization: str) -> RequestSession:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotLoggedIn("The Authorization header is not understood: expected `Bearer` and an API key.")
    installation = installation_of(request)
    key = api_key_of(installation.store, token.strip(), now())
    with installation.store.read() as connection:
        owner = get_owner_by_id(connection, key.owner_id)
    actor = Actor(
        name=f"{key.name} ({key.prefix})", channel=Channel.API_KEY, role=key.role, address=address_of(request)
    )
    return RequestSession(installation, owner, actor)


def _session_of_account(request: Request, token: str) -> RequestSession:
    installation = installation_of(request)
    # Only a page can be relied on to take a new token home: of what it loads, any number is under way at once.
    is_page = request.method == "GET" and not request.url.path.startswith(("/api/", "/progress"))
    visit = visit_of(installation.store, installation.settings, token, now(), may_rotate=is_page)
    request.state.visit, request.state.new_token = visit, visit.token
    with installation.store.read() as connection:
        owner = get_owner_by_id(connection, visit.account.owner_id)
    return RequestSession(
        installation,
        owner,
        actor_of(visit, request),
        account_id=visit.account.id,
        csrf_token=visit.session.csrf_token,
    )


def require_still(request: Request) -> None:
    """Raise NotLoggedIn where whoever asked is no longer logged in, or their key no longer valid."""
    _session_of(request)


def actor_of(visit: Visit, request: Request) -> Actor:
    """A logged-in person, for the audit log."""
    account = visit.account
    return Actor(name=account.name, channel=Channel.BROWSER, role=account.role, address=address_of(request))


async def _check_csrf(request: Request, session: Annotated[RequestSession, Depends(_authenticate)]) -> None:
    """Raise Forbidden for a change that a browser asks for without the token that only our own pages have."""
    if request.method in SAFE_METHODS or session.csrf_token is None:
        return
    given = request.headers.get(_CSRF_HEADER)
    if given is None:
        given = (await request.form(max_fields=MOST_FIELDS)).get(CSRF_FIELD)  # type: ignore[assignment]
    if not isinstance(given, str) or not same_secret(given, session.csrf_token):
        raise Forbidden("The form is no longer valid: go back, load the page anew, and send it again.")


CurrentSession = Annotated[RequestSession, Depends(_authenticate)]


@dataclass(frozen=True)
class _NeedsRole:
    role: Role

    def __call__(self, session: CurrentSession, _: Annotated[None, Depends(_check_csrf)]) -> None:
        """Raise Forbidden where the role does not reach that far."""
        if not session.actor.role.allows(self.role):
            raise Forbidden(
                "This takes the role {role}, and yours is {own_role}: ask your admin.",
                role=self.role,
                own_role=session.actor.role,
            )


@dataclass(frozen=True)
class _NeedsNobody:
    role: None = None

    def __call__(self, request: Request) -> None:
        """Let everybody in, but nobody too often. Raises TooManyAttempts."""
        _take_for_address(request)


def needs(role: Role) -> Any:
    """The dependency of a route (or a router) that only this role and those above it may use."""
    return Depends(_NeedsRole(role))


# The dependency of a route that everybody may use.
PUBLIC = Depends(_NeedsNobody())


def needed_role(route: APIRoute) -> Role | None:
    """The role that a route demands; None for a public one. Raises AssertionError for a route that declares nothing."""
    declared = (one.dependency for one in route.dependencies if isinstance(one, Dependency))
    found = [one.role for one in declared if isinstance(one, _NeedsRole | _NeedsNobody)]
    if not found:
        raise AssertionError(f"{route.path} does not say who may use it: give it needs(Role...), or PUBLIC.")
    roles = [role for role in found if role is not None]
    return max(roles, key=list(Role).index) if roles else None
