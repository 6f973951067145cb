"""Sellers on pages: what one sells, who else shows the same pictures, and trusting one with a click."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from people import browser, new_account
from suspicion import PNG, add_suspect

from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Role, SellerFacts
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.owners import add_owner
from counterfoil.store.reassessments import count_reassessments
from counterfoil.store.sellers import list_authorised_sellers

EVE = SellerFacts(key="s-2", name="<b>Eve</b> & sons", url="javascript:alert(1)")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Bob sells two suspects, one with a picture that Eve shows too; Mallory shows none of theirs."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    session = Session()
    add_suspect(session, "Lamp 1", "L1")
    add_suspect(session, "Lamp 2", "L2", picture=PNG + b"2", price="12.00")
    add_suspect(session, "Lamp 3", "L3", seller=EVE)
    add_suspect(session, "Lamp 4", "L4", picture=PNG + b"4", seller=SellerFacts(key="s-3", name="Mallory"))
    return session


def person(session: Session, name: str, role: Role) -> TestClient:
    return browser(session.installation, new_account(session.store, session.owner.id, name, role))


def test_a_seller_is_shown_with_listings_prices_and_who_shows_the_same_pictures(session: Session) -> None:
    client = person(session, "vic", Role.VIEWER)
    listed = client.get("/sellers").text
    assert (
        "Bob&#39;s bags" in listed
        and "&lt;b&gt;Eve" in listed
        and 'href="/suspects?seller=example%2Fs-1&amp;triage=all"' in listed
    )
    page = client.get("/sellers/1").text
    assert "Lamp 1" in page and "Lamp 2" in page and "Lamp 4" not in page
    assert "2 prices, from 12 EUR to 48.90 EUR." in page and "<dd>2</dd>" in page
    assert 'href="/sellers/2"' in page and 'href="/sellers/3"' not in page and "1 picture</span>" in page
    eve = client.get("/sellers/2").text
    assert "&lt;b&gt;Eve&lt;/b&gt;" in eve and "javascript:" not in eve and 'href="/sellers/1"' in eve
    assert "No other seller" in client.get("/sellers/3").text
    said = client.get("/api/v1/sellers/1/activity").json()
    assert (said["listing_count"], said["suspect_count"], said["verdicts"]) == (2, 2, {"none": 2})
    assert [(one["title"], one["price"], one["state"]) for one in said["listings"]] == [
        ("Lamp 2", "12", "open"),
        ("Lamp 1", "48.9", "open"),
    ]
    assert [(one["seller"]["id"], one["count"]) for one in said["shared_pictures"]] == [(2, 1)]
    assert said["first_seen_at"] <= said["last_seen_at"] == max(one["last_seen_at"] for one in said["listings"])
    assert len(client.get("/api/v1/sellers/1/activity?limit=1").json()["listings"]) == 1
    assert 'href="/sellers/1"' in client.get("/suspects").text
    assert 'href="/sellers/1"' in client.get("/suspects/1").text


def test_a_manager_trusts_a_seller_with_a_click_and_takes_it_back(session: Session) -> None:
    manager, owner_id = person(session, "max", Role.MANAGER), session.owner.id
    for _ in range(2):
        assert manager.post("/sellers/1/authorise").headers["location"] == "/sellers/1"
    assert "Trust it no longer" in manager.get("/sellers/1").text
    with session.store.write() as connection:
        assert [one.seller_key for one in list_authorised_sellers(connection, owner_id)] == ["s-1"]
        assert count_reassessments(connection, owner_id) == 1
    for _ in range(2):
        assert manager.post("/sellers/1/distrust").status_code == 303
    assert "Authorise this seller" in manager.get("/sellers/1").text
    with session.read() as connection:
        assert list_authorised_sellers(connection, owner_id) == []
        actions = {entry.action for entry in list_audit_entries(connection, owner_id)}
    assert actions == {"seller.authorise", "seller.remove"}


def test_an_analyst_sees_sellers_and_trusts_none_and_another_owner_sees_none(session: Session) -> None:
    analyst = person(session, "ann", Role.ANALYST)
    assert "Authorise this seller" not in analyst.get("/sellers/1").text
    assert analyst.post("/sellers/1/authorise").status_code == 403
    with session.store.write() as connection:
        other = add_owner(connection, "other", now())
    client = browser(session.installation, new_account(session.store, other.id, "olaf"))
    assert client.get("/sellers/1").status_code == client.post("/sellers/1/authorise").status_code == 404
    assert client.get("/api/v1/sellers/1/activity").status_code == 404
    assert "Bob" not in client.get("/sellers").text
