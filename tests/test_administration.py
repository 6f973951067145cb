"""The pages of authorised sellers, accounts, API keys and the audit log: what they change, and what they refuse."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from people import PASSWORD, browser, new_account, program, visitor
from suspicion import add_suspect, declare_marketplace

from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Account, Role
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.owners import add_owner
from counterfoil.store.sellers import list_authorised_sellers

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An owner with a declared marketplace and a suspect whose seller, Bob's bags, a crawl has seen."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    declare_marketplace(session)
    add_suspect(session, "Lamp")
    return session


@pytest.fixture
def ann(session: Session) -> Account:
    return new_account(session.store, session.owner.id, "ann")


@pytest.fixture
def client(session: Session, ann: Account) -> TestClient:
    """An admin."""
    return browser(session.installation, ann)


def authorised(session: Session) -> list[tuple[str, str | None]]:
    with session.read() as connection:
        return [(one.seller_key, one.name) for one in list_authorised_sellers(connection, session.owner.id)]


def actions(session: Session) -> list[str]:
    with session.read() as connection:
        return [entry.action for entry in list_audit_entries(connection, session.owner.id)]


# ---------------------------------------------------------------------------------------- authorised sellers


def add_seller(client: TestClient, seller: str, **fields: str) -> tuple[int, str]:
    answer = client.post("/authorised-sellers", data={"marketplace": "example", "seller": seller, **fields})
    return answer.status_code, answer.text


def test_a_seller_is_authorised_by_id_or_by_the_name_that_a_crawl_has_seen(
    client: TestClient, session: Session
) -> None:
    assert add_seller(client, "acme-official", name="Acme flagship")[0] == 303
    assert add_seller(client, "Bob's bags")[0] == 303
    assert authorised(session) == [("acme-official", "Acme flagship"), ("s-1", "Bob's bags")]
    assert "authorised already" in client.get("/authorised-sellers?added=0").text.casefold()
    status, page = add_seller(client, "https://shop.example/never-seen")
    assert status == 422 and "No crawl has seen" in page
    assert add_seller(client, "x", marketplace="nowhere")[0] == add_seller(client, " ")[0] == 422
    assert len(authorised(session)) == 2


def test_a_seller_that_was_removed_comes_back(client: TestClient, session: Session) -> None:
    add_seller(client, "acme-official", name=EVIL)
    page = client.get("/authorised-sellers").text
    assert EVIL not in page and "&lt;script&gt;" in page
    assert client.post("/authorised-sellers/1/remove").headers["location"] == "/authorised-sellers?removed=1"
    assert authorised(session) == []
    assert 'action="/authorised-sellers/1/restore"' in client.get("/authorised-sellers?removed=1").text
    for _ in range(2):
        assert client.post("/authorised-sellers/1/restore").status_code == 303
    assert authorised(session) == [("acme-official", EVIL)]


def test_a_file_of_sellers_is_shown_with_its_mistakes_and_authorised_whole(
    client: TestClient, session: Session
) -> None:
    text = "marketplace;seller_id;name\nexample;s1;One\nnowhere;s2;Two\nexample;;Three\nexample;s4;\n"
    answer = client.post("/authorised-sellers/file", files={"file": ("sellers.csv", text.encode())})
    path = answer.headers["location"]
    page = client.get(path).text
    assert (
        "2 rows cannot be used" in page and "row 3" in page and "nowhere" in page and "the seller_id is empty" in page
    )
    assert authorised(session) == []
    assert client.get(path.replace("/authorised-sellers/", "/products/")).status_code == 404
    assert client.post(f"{path}/register").headers["location"] == "/authorised-sellers?added=2"
    assert authorised(session) == [("s1", "One"), ("s4", None)] and client.get(path).status_code == 404
    assert actions(session)[:3] == ["draft.register", "seller.authorise", "seller.authorise"]


@pytest.mark.parametrize("data", [b"", b"seller\nx\n", b"marketplace,seller_id\n"])
def test_a_file_that_is_no_list_of_sellers_is_refused(client: TestClient, data: bytes) -> None:
    answer = client.post("/authorised-sellers/file", files={"file": ("sellers.csv", data)})
    assert answer.status_code == 422 and 'id="file-wrong"' in answer.text


# -------------------------------------------------------------------------------------------------- accounts


def test_somebody_is_invited_by_a_link_that_is_shown_once(client: TestClient, session: Session) -> None:
    page = client.post("/accounts", data={"name": "Bob@Example.com", "role": "analyst"}).text
    link = page.split('class="secret">')[1].split("<")[0]
    assert "bob@example.com" in page and link not in client.get("/accounts").text
    path = link.split(":8787")[-1]
    guest = visitor(session.installation)
    done = guest.post(path, data={"name": "bob@example.com", "password": PASSWORD, "again": PASSWORD})
    assert done.status_code == 303 and guest.get("/suspects").status_code == 200
    assert (
        guest.get("/accounts").status_code == guest.get("/keys").status_code == guest.get("/audit").status_code == 403
    )
    again = client.post("/accounts", data={"name": "bob@example.com", "role": "viewer"})
    assert again.status_code == 422 and "taken" in again.text
    assert client.post("/accounts", data={"name": "two words", "role": "viewer"}).status_code == 422
    assert client.post("/accounts", data={"name": "eve", "role": "emperor"}).status_code == 422


def test_roles_sessions_and_accounts_are_taken_away_but_not_from_the_last_admin(
    client: TestClient, session: Session, ann: Account
) -> None:
    bob = new_account(session.store, session.owner.id, "bob", Role.VIEWER)
    theirs = browser(session.installation, bob)
    assert theirs.get("/products/new").status_code == 403
    assert client.post(f"/accounts/{bob.id}/role", data={"role": "manager"}).status_code == 303
    assert theirs.get("/products/new").status_code == 200
    assert client.post(f"/accounts/{bob.id}/end-sessions").status_code == 303
    assert theirs.get("/suspects").status_code == 303
    for answer in (
        client.post(f"/accounts/{ann.id}/role", data={"role": "viewer"}),
        client.post(f"/accounts/{ann.id}/remove"),
    ):
        assert answer.status_code == 422 and "last admin" in answer.text
    assert client.post(f"/accounts/{bob.id}/role", data={"role": "emperor"}).status_code == 422
    assert "set-up/" in client.post(f"/accounts/{bob.id}/link").text
    assert client.post(f"/accounts/{bob.id}/remove").status_code == 303
    assert "bob" not in client.get("/accounts").text
    expected = ["account.remove", "account.link", "account.end_sessions", "account.role"]
    assert actions(session)[:4] == expected


def test_a_key_is_shown_once_works_as_far_as_its_role_and_is_revoked(client: TestClient, session: Session) -> None:
    page = client.post("/keys", data={"name": "nightly", "role": "viewer", "days": "30"}).text
    token = page.split('class="secret">')[1].split("<")[0]
    listed = client.get("/keys").text
    assert "nightly" in listed and token not in listed and token[:11] in listed
    assert program(session.installation, token).get("/api/v1/products").status_code == 200
    assert program(session.installation, token).get("/api/v1/accounts").status_code == 403
    assert client.post("/keys", data={"name": "x", "role": "viewer", "days": "0"}).status_code == 422
    assert client.post("/keys/1/revoke").status_code == 303
    assert program(session.installation, token).get("/api/v1/products").status_code == 401
    assert "revoked" in client.get("/keys").text


# ------------------------------------------------------------------------------------------------- the log


def test_the_audit_log_is_filtered_and_read_page_by_page(client: TestClient, session: Session) -> None:
    for number in range(120):
        with session.act("product.change", f"product {number}{EVIL}"):
            pass
    add_seller(client, "s1")
    page = client.get("/audit").text
    assert "seller.authorise" in page and EVIL not in page and page.count("product.change") == 99
    older = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(older).text.count("product.change") == 21
    only = client.get("/audit", params={"about": "seller", "actor": "ann"}).text
    assert only.count("seller.authorise") == 1 and "product.change" not in only
    today = now().date().isoformat()
    assert "seller.authorise" in client.get("/audit", params={"since": today, "until": today}).text
    assert "Nothing of this kind" in client.get("/audit", params={"until": "2001-01-01"}).text
    for wrong, told in (({"since": "31.3.2026"}, "is no day"), ({"about": "%"}, "choose from the list")):
        refused = client.get("/audit", params=wrong)
        assert refused.status_code == 422 and told in refused.text and "seller.authorise" not in refused.text
    assert client.get("/audit", params={"cursor": "nonsense"}).status_code == 422


def test_an_admin_reaches_nothing_of_another_owner(client: TestClient, session: Session, ann: Account) -> None:
    with session.store.write() as connection:
        other = add_owner(connection, "other", now()).id
    stranger = browser(session.installation, new_account(session.store, other, "bob"))
    client.post("/keys", data={"name": "nightly", "role": "viewer", "days": "30"})
    for path in (
        f"/accounts/{ann.id}/role",
        f"/accounts/{ann.id}/link",
        f"/accounts/{ann.id}/remove",
        "/keys/1/revoke",
    ):
        assert stranger.post(path, data={"role": "viewer"}).status_code == 404
    assert "nightly" not in stranger.get("/keys").text + stranger.get("/audit").text
