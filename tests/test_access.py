"""Who may ask for what over HTTP: every route, and every way that somebody else could make a browser err."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import sqlalchemy as sa
import trustme
import uvicorn
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from people import HOST, PASSWORD, api_key, browser, new_account, program, session_token, visitor
from PIL import Image
from sample import filled
from servers import free_port
from suspicion import BODY, add_batch, add_registry, add_suspect, copied, declare_marketplace, png

import console.web.log_in
from console.app import create_app, routes
from console.guards.access import needed_role
from console.guards.pace import Pace
from console.guards.redirects import own_path
from console.installation import Installation
from console.server import run_server
from console.session import Session
from counterfoil.accounts import make_set_up_link
from counterfoil.clock import now
from counterfoil.exceptions import InvalidSetting, TooManyAttempts
from counterfoil.models import Account, Role
from counterfoil.store.accounts import get_account, set_role
from counterfoil.store.api_keys import revoke_api_key
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.owners import add_owner
from counterfoil.store.tables import metadata

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# What every account may change is its own.
OWN = frozenset({"/log-out", "/account/password", "/seen", "/api/v1/seen"})
# What is sent with these is looked for, and changes nothing.
SEARCHES = frozenset({"/api/v1/picture-search", "/picture-search"})
# What the forms of pages send: without it they answer 422, and nothing is proved.
FORMS = {
    "/suspects/{suspect_id}/verdict": {"kind": "counterfeit", "revision": "1"},
    "/suspects/{suspect_id}/undo": {"revision": "1"},
    "/suspects/{suspect_id}/snooze": {"revision": "1", "until": "day"},
    "/suspects/{suspect_id}/wake": {"revision": "1"},
    "/suspects/many": {"kind": "counterfeit", "suspect": ["1:1"]},
    "/monitors/new": {"name": "theirs", "marketplace": "example", "words": "lamp", "step": "save"},
    "/monitors/{monitor_id}/edit": {"name": "theirs", "marketplace": "example", "words": "lamp", "step": "save"},
    "/monitors/{monitor_id}/remove": {"sure": "yes"},
}
PICTURE = png(Image.effect_noise((96, 96), 90))


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    return Installation()


@pytest.fixture
def ann(installation: Installation) -> Account:
    """The admin of the owner `default`."""
    return new_account(installation.store, Session(None, installation).owner.id, "ann")


@pytest.fixture
def client(installation: Installation, ann: Account) -> TestClient:
    return browser(installation, ann)


# ----------------------------------------------------------------------------- every route x whoever asks


@dataclass
class Neighbours:
    """Two owners on one installation; `mine` is all that the first has, by the name of the path's parameter."""

    installation: Installation
    owner_id: int
    mine: dict[str, str]
    clients: dict[str, TestClient] = field(default_factory=dict)


# What stands in the first owner's rows, and must stand in no answer to anybody else.
SECRETS = ("Canary wharf", "shop.example", "it looks copied", "the page as it", "018999999", "Trusted shop")


@pytest.fixture
def neighbours(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    """The owner `default` with one of everything, and `other`, who must never see any of it."""
    store, session = installation.store, Session(None, installation)
    declare_marketplace(session)
    suspect = add_suspect(session, "Canary wharf lamp", picture=PICTURE, matches=copied(session))
    with store.write() as connection:
        other = add_owner(connection, "other", now())
        link = make_set_up_link(connection, other.id, None, now())
    owner = session.owner
    key_id, revoked = api_key(store, owner.id)
    with store.write() as connection:
        revoke_api_key(connection, owner.id, key_id, now())
    ann = new_account(store, owner.id, "ann")
    mine = {
        **add_registry(session, PICTURE),
        **dict.fromkeys(("monitor_id", "run_id", "crawl_id", "listing_id", "seller_id"), "1"),
        "name": "example",
        "suspect_id": str(suspect),
        "images/{sha256}": installation.evidence.put_image(PICTURE),
        "bodies/{sha256}": installation.evidence.put_body(BODY),
        "account_id": str(ann.id),
        "batch_id": add_batch(session, suspect),
        "key_id": str(key_id),
        "token": link,
    }
    found = Neighbours(installation=installation, owner_id=owner.id, mine=mine)
    found.clients = {
        "owner": browser(installation, ann),
        "viewer": browser(installation, new_account(store, owner.id, "vic", Role.VIEWER)),
        "other owner": browser(installation, new_account(store, other.id, "bob")),
        "other owner's key": program(installation, api_key(store, other.id)[1]),
        "anonymous": visitor(installation),
        "revoked key": program(installation, revoked),
    }
    return found


def body_of(route: APIRoute, method: str, description: dict[str, Any]) -> dict[str, Any]:
    """What a request of this route sends, after its own examples: what is asked must fail for who asks, not for how."""
    if not route.include_in_schema:
        return {"data": FORMS.get(route.path, {})}
    said = description["paths"][route.path][method.lower()].get("requestBody", {}).get("content", {})
    headers = {"If-Match": "*"}
    if "multipart/form-data" in said:
        return {"files": {"file": ("canary.png", PICTURE, "image/png")}, "headers": headers}
    if "application/json" in said:
        schema = said["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return {"json": description["components"]["schemas"][schema]["examples"][0], "headers": headers}
    return {"headers": headers}


def every_request(neighbours: Neighbours) -> Iterator[tuple[APIRoute, str, str, dict[str, Any]]]:
    """(route, method, path, what is sent) of everything that can be asked; what ends the session comes last."""
    description = create_app(neighbours.installation).openapi()
    for route in sorted(routes(), key=lambda route: route.path in OWN):
        for method in sorted(route.methods or ()):
            yield route, method, filled(route, neighbours.mine), body_of(route, method, description)


def everything_of(neighbours: Neighbours) -> list[Any]:
    """Every row that the first owner has, but for when their accounts and keys were last used."""
    with neighbours.installation.store.read() as connection:
        return [
            (table.name, connection.execute(sa.select(table).where(table.c.owner_id == neighbours.owner_id)).all())
            for table in metadata.sorted_tables
            if "owner_id" in table.c
        ]


def test_no_route_shows_or_changes_anything_for_whom_it_is_not(neighbours: Neighbours) -> None:
    leaks, asked, before = [], 0, everything_of(neighbours)
    for route, method, path, sent in every_request(neighbours):
        for who in ("other owner", "other owner's key", "anonymous", "revoked key"):
            answer = neighbours.clients[who].request(method, path, **sent)
            asked += 1
            if any(secret in answer.text for secret in SECRETS):
                leaks.append(f"{who}: {method} {route.path} shows what it must not")
            public = needed_role(route) is None
            if who in {"anonymous", "revoked key"} and not public and answer.status_code not in {401, 303, 403}:
                leaks.append(f"{who}: {method} {route.path} answers {answer.status_code}")
            mine = route.param_convertors and not public and not route.path.startswith("/api/v1/marketplaces/{name}")
            if who.startswith("other") and mine and answer.status_code != 404:
                leaks.append(f"{who}: {method} {route.path} answers {answer.status_code}, not 404")
    assert leaks == []
    assert everything_of(neighbours) == before
    assert asked >= 4 * 60


def test_a_viewer_can_change_nothing_but_their_own_account(neighbours: Neighbours) -> None:
    allowed, before = [], everything_of(neighbours)
    for route, method, path, sent in every_request(neighbours):
        if method in CHANGES and needed_role(route) is not None and route.path not in OWN | SEARCHES:
            answer = neighbours.clients["viewer"].request(method, path, **sent)
            if answer.status_code != 403:
                allowed.append(f"{method} {route.path} answers {answer.status_code}")
    assert allowed == [] and everything_of(neighbours) == before


def test_the_owner_sees_every_route_that_reads(neighbours: Neighbours) -> None:
    refused = []
    for _, method, path, _sent in every_request(neighbours):
        if method == "GET" and neighbours.clients["owner"].get(path, follow_redirects=True).status_code != 200:
            refused.append(path)
    assert refused == []


def test_what_another_owner_has_looks_exactly_like_what_nobody_has(neighbours: Neighbours) -> None:
    client = neighbours.clients["other owner"]
    for name in ("brand", "product", "right", "monitor", "run", "crawl", "listing", "suspect", "account", "key"):
        mine = neighbours.mine[f"{name}_id"]
        foreign, missing = (client.get(f"/api/v1/{name}s/{one}") for one in (mine, "987654321"))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.text.replace(mine, "N") == missing.text.replace("987654321", "N")


def test_every_route_says_who_may_use_it_and_only_these_are_open_to_everybody() -> None:
    public = {route.path for route in routes() if needed_role(route) is None}
    assert public == {"/healthz", "/readyz", "/log-in", "/set-up/{token}"}


def test_a_route_that_does_not_say_who_may_use_it_keeps_the_server_from_starting() -> None:
    route = APIRoute("/open", lambda: None)
    with pytest.raises(AssertionError, match="/open does not say who may use it"):
        needed_role(route)


# --------------------------------------------------------------------------------------- logging in and out


def log_in(client: TestClient, password: str = PASSWORD, **fields: str) -> httpx.Response:
    return client.post("/log-in", data={"name": "ann", "password": password, **fields})


def test_a_person_logs_in_sees_the_suspects_and_logs_out(installation: Installation, ann: Account) -> None:
    client = visitor(installation)
    assert client.get("/suspects?words=x%26y").headers["location"] == "/log-in?next=%2Fsuspects%3Fwords%3Dx%2526y"
    answer = log_in(client, next="/suspects?words=x%26y")
    assert (answer.status_code, answer.headers["location"]) == (303, "/suspects?words=x%26y")
    page = client.get("/suspects")
    assert page.status_code == 200 and ann.name in page.text
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    kept = client.cookies["counterfoil"]
    assert client.post("/log-out", data={"csrf_token": token}).headers["location"] == "/log-in"
    assert "counterfoil" not in client.cookies
    client.cookies.set("counterfoil", kept, domain="127.0.0.1")
    assert client.get("/suspects").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(installation: Installation, ann: Account) -> None:
    said = log_in(visitor(installation)).headers["set-cookie"]
    assert "HttpOnly" in said and "SameSite=lax" in said and "Path=/" in said and "Secure" not in said


def test_over_tls_the_cookie_is_bound_to_the_host_and_browsers_stay_with_tls(
    installation: Installation, ann: Account
) -> None:
    tls = installation.settings.model_copy(update={"http_url": "https://console.example"})
    installation.__dict__["settings"] = tls
    client = visitor(installation)
    answer = client.post(
        "/log-in",
        data={"name": "ann", "password": PASSWORD},
        headers={"Host": "console.example", "Origin": "https://console.example"},
    )
    assert answer.headers["set-cookie"].startswith("__Host-counterfoil=") and "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]
    assert client.get("/log-in", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_session_that_somebody_planted_is_not_the_one_that_is_logged_in(
    installation: Installation, ann: Account
) -> None:
    client = visitor(installation)
    client.cookies.set("counterfoil", "planted", domain="127.0.0.1", path="/")
    said = log_in(client).headers["set-cookie"]
    assert "planted" not in said
    attacker = visitor(installation)
    attacker.cookies.set("counterfoil", "planted", domain="127.0.0.1", path="/")
    assert attacker.get("/suspects").status_code == 303


def test_whoever_logs_in_again_ends_the_session_that_was_there(installation: Installation, ann: Account) -> None:
    client = visitor(installation)
    log_in(client)
    before = client.cookies["counterfoil"]
    log_in(client)
    assert client.cookies["counterfoil"] != before
    client.cookies.set("counterfoil", before, domain="127.0.0.1", path="/")
    assert client.get("/suspects").status_code == 303


def test_a_page_takes_a_sessions_new_token_home(installation: Installation, ann: Account) -> None:
    old, _ = session_token(installation.store, ann, now() - timedelta(hours=2))
    client = visitor(installation)
    client.cookies.set("counterfoil", old, domain="127.0.0.1", path="/")
    assert "set-cookie" not in client.get("/api/v1/suspects").headers
    said = client.get("/suspects").headers["set-cookie"]
    assert old not in said and "HttpOnly" in said
    assert client.get("/suspects").status_code == 200


def test_wrong_passwords_are_answered_alike_and_then_slower(
    installation: Installation, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visitor(installation)
    pages = []
    for name in ("ann", "nobody"):
        answer = client.post("/log-in", data={"name": name, "password": "wrong password"})
        pages.append((answer.status_code, answer.text.replace(name, "NAME")))
    assert pages[0] == pages[1] and pages[0][0] == 403
    # The clock stands still: on a busy machine hashing a password takes longer than the first wait.
    moment = now()
    monkeypatch.setattr(console.web.log_in, "now", lambda: moment)
    statuses = [log_in(client, "wrong password").status_code for _ in range(5)]
    assert statuses == [403] * 4 + [429]
    blocked = log_in(client)
    assert blocked.status_code == 429 and int(blocked.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "evil.example",
        "/%09/evil.example\r\nSet-Cookie: x=y",
        "",
        "/ok\\..\\..",
    ],
)
def test_logging_in_never_leads_to_another_host(path: str) -> None:
    assert own_path(path) == "/"


def test_logging_in_leads_to_the_page_that_was_asked_for() -> None:
    assert own_path("/suspects/7?words=a%2Fb") == "/suspects/7?words=a%2Fb"


def test_another_password_is_set_on_ones_own_page(installation: Installation, client: TestClient, ann: Account) -> None:
    elsewhere = browser(installation, ann)
    fields = {"old": PASSWORD, "password": "a much better password", "again": "a much better password"}
    assert client.post("/account/password", data={**fields, "again": "differs"}).status_code == 422
    assert client.post("/account/password", data=fields).status_code == 200
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 303


def test_the_first_person_sets_up_their_account_by_the_link(installation: Installation) -> None:
    owner = Session(None, installation).owner
    with installation.store.write() as connection:
        token = make_set_up_link(connection, owner.id, None, now())
    client = visitor(installation)
    path = f"/set-up/{token}"
    assert "first account" in client.get(path).text
    fields = {"name": "Ann@example.com", "password": PASSWORD, "again": PASSWORD}
    assert "differ" in client.post(path, data={**fields, "again": "x"}).text
    assert client.post(path, data=fields).headers["location"] == "/"
    assert "ann@example.com" in client.get("/account").text
    assert client.get(path).status_code == 404
    assert client.post(path, data=fields).status_code == 404


# -------------------------------------------------------------------------------------------- other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": HOST, "Sec-Fetch-Site": "cross-site"},
        {"Origin": HOST, "Sec-Fetch-Site": "same-site"},
        {"Origin": HOST, "Sec-Fetch-Site": "none"},
        {"Origin": ""},
    ],
)
def test_nothing_is_changed_for_another_site(neighbours: Neighbours, headers: dict[str, str]) -> None:
    client = neighbours.clients["owner"]
    asked = 0
    for _, method, path, _sent in every_request(neighbours):
        if method in CHANGES:
            asked += 1
            assert client.request(method, path, headers=headers).status_code == 403, path
    assert asked >= 4 and client.get("/account").status_code == 200


def test_without_origin_and_fetch_metadata_only_a_program_with_a_key_may_change_something(
    neighbours: Neighbours,
) -> None:
    client = neighbours.clients["owner"]
    del client.headers["Origin"]
    for _, method, path, _sent in every_request(neighbours):
        if method in CHANGES:
            assert client.request(method, path).status_code == 403, path


@pytest.mark.parametrize("token", [None, "", "x" * 43])
def test_every_change_takes_the_token_that_only_our_pages_have(neighbours: Neighbours, token: str | None) -> None:
    client = neighbours.clients["owner"]
    del client.headers["X-CSRF-Token"]
    given = {} if token is None else {"X-CSRF-Token": token}
    for route, method, path, _sent in every_request(neighbours):
        if method in CHANGES and needed_role(route) is not None:
            answer = client.request(method, path, headers=given)
            assert answer.status_code == 403 and "no longer valid" in answer.text, path


def test_a_token_of_another_session_does_not_fit(installation: Installation, ann: Account, client: TestClient) -> None:
    _, foreign = session_token(installation.store, ann)
    assert client.post("/log-out", headers={"X-CSRF-Token": foreign}).status_code == 403


def test_a_key_speaks_for_itself_whatever_cookie_comes_along(
    installation: Installation, ann: Account, client: TestClient
) -> None:
    for authorization in ("Bearer nonsense", "Basic YW5uOng=", "Bearer", ""):
        assert client.get("/api/v1/suspects", headers={"Authorization": authorization}).status_code == 401
    answer = visitor(installation).get("/api/v1/suspects")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_logged_in"


def test_a_key_cannot_do_what_takes_a_person(installation: Installation, ann: Account) -> None:
    client = program(installation, api_key(installation.store, ann.owner_id)[1])
    assert client.get("/api/v1/suspects").status_code == 200
    assert client.post("/account/password", data={"old": PASSWORD}).status_code == 403


def test_every_answer_may_not_be_framed_cached_or_sniffed(neighbours: Neighbours) -> None:
    for who in ("owner", "anonymous"):
        for _, method, path, _sent in every_request(neighbours):
            headers = neighbours.clients[who].request(method, path, headers={"Origin": "null"}).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy or "sandbox" in policy
            assert headers["x-frame-options"] == "DENY" and headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
            stored_file = path.startswith(("/api/v1/images/", "/api/v1/bodies/", "/api/v1/captures/"))
            picture = headers.get("content-type", "").startswith("image/") and "private" in headers["cache-control"]
            assert "no-store" in headers["cache-control"] or stored_file or picture


def test_an_unknown_page_is_a_page_and_an_unknown_address_for_programs_a_problem(client: TestClient) -> None:
    page = client.get("/nothing-here")
    assert page.status_code == 404 and page.headers["content-type"].startswith("text/html")
    answer = client.get("/api/v1/nothing-here")
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json"
    wrong = client.get("/api/v1/suspects", params={"limit": "many"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["where"] == "query.limit"


def test_a_mistake_of_ours_says_nothing_of_the_inside(
    installation: Installation, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("console.api.suspects.view_suspect", fail)
    crashing = TestClient(client.app, base_url=HOST, raise_server_exceptions=False, cookies=client.cookies)
    answer = crashing.get("/api/v1/suspects/1")
    assert answer.status_code == 500 and "secret" not in answer.text
    assert answer.headers["content-security-policy"] and answer.headers["content-type"] == "application/problem+json"


# --------------------------------------------------------------------------------------------- roles, audit


def test_a_role_that_was_taken_counts_from_the_next_request_on(
    installation: Installation, client: TestClient, ann: Account
) -> None:
    new_account(installation.store, ann.owner_id, "bob")
    assert "admin" in client.get("/account").text
    with installation.store.write() as connection:
        set_role(connection, get_account(connection, ann.owner_id, ann.id), Role.VIEWER)
    assert "<dd>viewer</dd>" in client.get("/account").text


def test_what_was_done_in_a_browser_names_the_account_and_the_address(
    installation: Installation, client: TestClient, ann: Account
) -> None:
    client.post("/log-out")
    with installation.store.read() as connection:
        entry = list_audit_entries(connection, ann.owner_id)[0]
    assert (entry.action, entry.actor, entry.channel, entry.address) == (
        "account.log_out",
        "ann",
        "browser",
        "testclient",
    )


def test_whoever_asks_too_often_waits_and_nobody_else_does() -> None:
    at = [0.0]
    pace = Pace(60, clock=lambda: at[0])
    for _ in range(60):
        pace.take("ann")
    with pytest.raises(TooManyAttempts) as error:
        pace.take("ann")
    assert error.value.seconds == 1
    pace.take("bob")
    at[0] = 1.0
    pace.take("ann")


def test_too_many_requests_are_answered_with_when_to_come_back(installation: Installation, ann: Account) -> None:
    installation.__dict__["settings"] = installation.settings.model_copy(update={"http_requests_per_minute": 3})
    client = browser(installation, ann)
    answers = [client.get("/api/v1/suspects") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


# -------------------------------------------------------------------------------------------- a real server


@contextmanager
def serving(installation: Installation, **update: object) -> Iterator[int]:
    """The application in a real server on a free port."""
    installation.__dict__["settings"] = installation.settings.model_copy(update=update)
    stop, port = threading.Event(), free_port()
    thread = threading.Thread(target=run_server, args=(installation, "127.0.0.1", port, stop))
    thread.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    try:
        yield port
    finally:
        stop.set()
        thread.join()


def test_a_gigabyte_is_refused_before_it_is_read(installation: Installation, ann: Account) -> None:
    process = psutil.Process()
    sent = 0
    with serving(installation) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        before = process.memory_info().rss
        connection.sendall(
            b"POST /log-in HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(16_384):
                connection.sendall(piece)
                sent += 65_536
        grown = process.memory_info().rss - before
    assert sent < 200_000_000 and grown < 100_000_000


def test_a_body_that_says_it_is_too_long_is_refused_at_once(installation: Installation, ann: Account) -> None:
    with serving(installation) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"POST /log-in HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Length: 1000000000\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_body_that_grows_too_long_is_refused_although_it_never_said_so(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/log-in", content=pieces(), headers=headers)
    assert answer.status_code == 413 and "1 MB" in answer.text


def test_over_tls_the_server_shows_its_certificate(installation: Installation, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    chain, key, trusted = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(trusted)
    import ssl

    with serving(installation, http_tls_certificate=chain, http_tls_key=key) as port:
        context = ssl.create_default_context(cafile=str(trusted))
        answer = httpx.get(f"https://127.0.0.1:{port}/log-in", verify=context)
        assert answer.status_code == 200 and "strict-transport-security" in answer.headers
        assert "server" not in answer.headers


def test_other_machines_are_served_only_with_tls_or_by_an_explicit_setting(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server: started.append(server.config.host))

    def serve(**update: object) -> None:
        settings = installation.settings.model_copy(update=update)
        other = Installation()
        other.__dict__.update(settings=settings, store=installation.store)
        run_server(other, "0.0.0.0", 8787, threading.Event())

    with pytest.raises(InvalidSetting, match="in the clear"):
        serve()
    with pytest.raises(InvalidSetting, match="go together"):
        serve(http_tls_certificate=tmp_path / "none.pem", http_without_tls=True)
    with pytest.raises(InvalidSetting, match="COUNTERFOIL_HTTP_TLS_CERTIFICATE"):
        serve(http_tls_certificate=tmp_path / "none.pem", http_tls_key=tmp_path / "none.key")
    assert started == []
    serve(http_url="https://console.example")
    serve(http_without_tls=True)
    assert started == ["0.0.0.0", "0.0.0.0"]


def test_a_proxy_is_believed_only_where_it_is_named(installation: Installation, ann: Account) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "Origin": "http://127.0.0.1"}
    for proxies, expected in (((), "127.0.0.1"), (("127.0.0.1",), "203.0.113.9")):
        with serving(installation, http_trusted_proxies=proxies) as port:
            httpx.post(
                f"http://127.0.0.1:{port}/log-in",
                data={"name": "ann", "password": "wrong password"},
                headers={**forged, "Origin": f"http://127.0.0.1:{port}"},
            )
        with installation.store.read() as connection:
            assert list_audit_entries(connection, ann.owner_id)[0].address == expected


def test_the_description_of_the_routes_can_be_read_by_everybody(installation: Installation) -> None:
    assert create_app(installation).openapi()["openapi"].startswith("3.1")
    assert visitor(installation).get("/api/v1/openapi.json").status_code == 200
