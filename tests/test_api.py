"""The HTTP interface for programs: pages, tags, asking twice, uploads, and that it does what the commands do."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from people import api_key, browser, new_account, program
from PIL import Image, ImageDraw
from suspicion import BODY, add_registry, add_suspect, declare_marketplace, png

from console.installation import Installation
from console.schemas.judgement import SuspectShown
from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Canary, Role
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.brands import create_brand
from counterfoil.store.idempotency_keys import KEPT_FOR
from counterfoil.store.monitors import get_monitor
from counterfoil.store.tables import idempotency_keys

TRADEMARK = {"kind": "trademark", "number": "018123456", "jurisdiction": "EU", "classes": [25]}


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_ALLOW_HOSTS", "127.0.0.1:8600")
    monkeypatch.setenv("COUNTERFOIL_JUDGE_PROCESSES", "1")
    session = Session()
    declare_marketplace(session)
    return session


@pytest.fixture
def client(session: Session) -> Iterator[TestClient]:
    """A program with a manager's key."""
    with program(session.installation, api_key(session.store, session.owner.id, Role.MANAGER)[1]) as client:
        yield client


@pytest.fixture
def installation(session: Session) -> Installation:
    return session.installation


def drawn(seed: int) -> bytes:
    """A picture that shows enough to find copies of."""
    import random

    chance, image = random.Random(seed), Image.new("RGB", (160, 160), "white")
    pen = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = chance.randrange(160), chance.randrange(160)
        colour = tuple(chance.randrange(256) for _ in range(3))
        pen.ellipse((x, y, x + chance.randrange(10, 70), y + chance.randrange(10, 70)), fill=colour)
    return png(image)


def new_brand(client: TestClient, name: str = "Acme", **headers: str) -> httpx.Response:
    return client.post("/api/v1/brands", json={"name": name}, headers=headers)


def new_product(client: TestClient, **fields: object) -> httpx.Response:
    brand_id = new_brand(client, f"brand of {fields.get('name', 'Lamp')}").json()["id"]
    return client.post("/api/v1/products", json={"brand_id": brand_id, "name": "Lamp", **fields})


# ---------------------------------------------------------------------------------------------------- pages


def test_pages_lose_and_repeat_nothing_while_the_list_grows(client: TestClient, session: Session) -> None:
    with session.store.write() as connection:
        for number in range(7):
            create_brand(connection, session.owner.id, f"brand {number}", (), now())
    seen: list[str] = []
    cursor = None
    while True:
        asked = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/v1/brands", params=asked).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) == 3:
            new_brand(client, "a brand that comes meanwhile")
        if cursor is None:
            break
    assert seen == [*(f"brand {number}" for number in range(7)), "a brand that comes meanwhile"]


@pytest.mark.parametrize("cursor", ["nonsense", "WyJydW5zIiwxXQ", "W1tbW1tb", "WyJicmFuZHMiLCIxIl0", "é", "-"])
def test_a_cursor_that_is_none_of_this_list_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/api/v1/brands", params={"cursor": cursor})
    assert answer.status_code == 422 and answer.json()["code"] == "invalid_cursor"


# ----------------------------------------------------------------------------------------- tags, lost updates


def test_of_two_who_change_the_same_thing_the_second_is_refused_and_overwrites_nothing(client: TestClient) -> None:
    path = new_brand(client).headers["location"]
    tag = client.get(path).headers["etag"]
    first = client.patch(path, json={"aliases": ["ACMÉ"]}, headers={"If-Match": tag})
    second = client.patch(path, json={"name": "Emca"}, headers={"If-Match": tag})
    assert (first.status_code, second.status_code, second.json()["code"]) == (200, 412, "outdated")
    assert client.get(path).json() == {"id": 1, "name": "Acme", "aliases": ["ACMÉ"]}
    assert client.patch(path, json={"name": "Emca"}, headers={"If-Match": first.headers["etag"]}).status_code == 200


def test_a_change_that_does_not_say_what_it_is_based_on_is_refused(client: TestClient) -> None:
    path = new_brand(client).headers["location"]
    for answer in (client.patch(path, json={"name": "x"}), client.delete(path)):
        assert answer.status_code == 428 and "If-Match" in answer.json()["detail"]
    assert client.delete(path, headers={"If-Match": 'W/"x", "y"'}).status_code == 412
    assert client.delete(path, headers={"If-Match": "*"}).status_code == 204
    assert client.get(path).status_code == 404


def test_whoever_has_the_newest_already_is_told_so(client: TestClient) -> None:
    made = new_brand(client)
    path, tag = made.headers["location"], made.headers["etag"]
    assert client.get(path).headers["etag"] == tag
    answer = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert answer.status_code == 304 and answer.content == b"" and answer.headers["etag"] == tag
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_two_people_do_not_overwrite_each_others_verdict(session: Session) -> None:
    suspect = add_suspect(session, "Lamp")
    path = f"/api/v1/suspects/{suspect}"
    ann, bob = (
        browser(session.installation, new_account(session.store, session.owner.id, name, Role.ANALYST))
        for name in ("ann", "bob")
    )
    tag = ann.get(path).headers["etag"]
    assert bob.get(path).headers["etag"] == tag
    first = bob.post(f"{path}/verdicts", json={"kind": "authorised"}, headers={"If-Match": tag})
    second = ann.post(f"{path}/verdicts", json={"kind": "counterfeit"}, headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (201, 412)
    assert ann.post(f"{path}/verdicts", json={"kind": "counterfeit"}).status_code == 428
    (kept,) = ann.get(f"{path}/verdicts").json()
    assert (kept["kind"], kept["decided_by"]) == ("authorised", "bob")
    assert ann.get(path).json()["suspect"]["verdict"] == "authorised"


# ---------------------------------------------------------------------------------------------- asking twice


def test_a_create_that_is_sent_again_makes_nothing_twice_and_is_answered_alike(client: TestClient) -> None:
    first, again = (new_brand(client, **{"Idempotency-Key": "order-1"}) for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert (first.json(), first.headers["location"], first.headers["etag"]) == (
        again.json(),
        again.headers["location"],
        again.headers["etag"],
    )
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert len(client.get("/api/v1/brands").json()["items"]) == 1


def test_a_key_for_another_request_is_refused_and_another_askers_is_their_own(
    client: TestClient, session: Session
) -> None:
    new_brand(client, **{"Idempotency-Key": "order-1"})
    assert new_brand(client, "Other", **{"Idempotency-Key": "order-1"}).status_code == 422
    other = program(session.installation, api_key(session.store, session.owner.id)[1])
    assert new_brand(other, "Other", **{"Idempotency-Key": "order-1"}).status_code == 201


def test_a_create_that_was_refused_can_be_sent_again(client: TestClient) -> None:
    sent = {"brand_id": 1, **TRADEMARK}
    headers = {"Idempotency-Key": "order-2"}
    assert client.post("/api/v1/rights", json=sent, headers=headers).status_code == 404
    new_brand(client)
    assert client.post("/api/v1/rights", json=sent, headers=headers).status_code == 201


def test_creates_sent_at_once_under_one_key_make_one_thing(client: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: new_brand(client, **{"Idempotency-Key": "k"}), range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.text for answer in answers}) == 1


def test_an_answer_is_kept_for_a_day(client: TestClient, session: Session) -> None:
    new_brand(client, **{"Idempotency-Key": "old"})
    with session.store.write() as connection:
        connection.execute(idempotency_keys.update().values(created_at=now() - KEPT_FOR * 1.01))
    assert new_brand(client, **{"Idempotency-Key": "old"}).status_code == 409


# ------------------------------------------------------------------------------------------------- registry


def test_a_product_with_everything_is_registered_changed_and_taken_back(client: TestClient) -> None:
    price = {"low": "80", "high": "120.5", "currency": "EUR"}
    made = new_product(
        client, sku="A-1", keywords=["desk lamp"], price_range=price, official_pages=["https://acme.example/lamp"]
    )
    assert made.status_code == 201 and made.json()["price_range"] == price
    path, headers = made.headers["location"], {"If-Match": "*"}
    changed = client.patch(path, json={"name": "Lamp 2", "price_range": None}, headers=headers).json()
    assert (changed["name"], changed["price_range"], changed["sku"]) == ("Lamp 2", None, "A-1")
    assert client.patch(path, json={"sku": None}, headers=headers).json()["sku"] is None
    assert client.patch(path, json={"name": None}, headers=headers).json()["name"] == "Lamp 2"
    assert client.delete(path, headers=headers).status_code == 204
    assert client.get("/api/v1/products").json()["items"] == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"price_range": {"low": "9", "high": "1", "currency": "EUR"}}, "above the highest"),
        ({"price_range": {"low": "0", "high": "1", "currency": "EUR"}}, "no price above zero"),
        ({"price_range": {"low": "1e5", "high": "1", "currency": "EUR"}}, "price_range.low"),
        ({"name": ""}, "body.name"),
        ({"name": "a\x00b"}, "body.name"),
        ({"name": "x" * 301}, "body.name"),
        ({"official_pages": ["javascript:alert(1)"]}, "official_pages"),
        ({"owner_id": 2}, "body.owner_id"),
        ({"brand_id": 2**63}, "body.brand_id"),
    ],
)
def test_what_cannot_be_registered_is_refused_by_name(client: TestClient, fields: dict[str, object], told: str) -> None:
    new_brand(client)
    answer = client.post("/api/v1/products", json={"brand_id": 1, "name": "Lamp", **fields})
    assert answer.status_code == 422 and told in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_name_or_sku_that_another_product_has_is_a_conflict(client: TestClient) -> None:
    new_product(client, sku="A-1")
    other = client.post("/api/v1/products", json={"brand_id": 1, "name": "Chair", "sku": "B-1"}).headers["location"]
    for change in ({"name": "Lamp"}, {"sku": "A-1"}):
        assert client.patch(other, json=change, headers={"If-Match": "*"}).status_code == 409
        assert client.post("/api/v1/products", json={"brand_id": 1, "name": "Sofa", **change}).status_code == 409


def test_a_brand_with_products_cannot_be_taken_back(client: TestClient) -> None:
    new_product(client)
    answer = client.delete("/api/v1/brands/1", headers={"If-Match": "*"})
    assert answer.status_code == 409 and "1 products" in answer.json()["detail"]


def test_a_change_of_the_registry_asks_for_a_reassessment_and_is_noted(client: TestClient, session: Session) -> None:
    add_suspect(session, "Lamp")
    new_product(client)
    client.patch("/api/v1/brands/1", json={"aliases": ["ACMÉ"]}, headers={"If-Match": "*"})
    with session.store.read() as connection:
        causes = connection.exec_driver_sql("SELECT cause FROM reassessments").scalars().all()
        entries = list_audit_entries(connection, session.owner.id)
    assert causes
    assert [(entry.action, entry.channel) for entry in reversed(entries)][-3:] == [
        ("brand.add", "api_key"),
        ("product.add", "api_key"),
        ("brand.change", "api_key"),
    ]
    assert entries[0].actor.startswith("program (cf_")


def test_a_seller_of_an_undeclared_marketplace_cannot_be_trusted(client: TestClient) -> None:
    said = {"marketplace": "nowhere", "seller_key": "x"}
    assert client.post("/api/v1/authorised-sellers", json=said).status_code == 404
    said["marketplace"] = "example"
    made = client.post("/api/v1/authorised-sellers", json=said)
    assert made.status_code == 201
    assert client.post("/api/v1/authorised-sellers", json=said).status_code == 409
    assert client.delete(made.headers["location"], headers={"If-Match": made.headers["etag"]}).status_code == 204


# -------------------------------------------------------------------------------------------------- uploads


def test_a_picture_is_decoded_apart_registered_and_shown_again(client: TestClient) -> None:
    new_product(client)
    data = drawn(1)
    made = client.post("/api/v1/products/1/images", files={"file": ("front.png", data, "image/png")})
    assert made.status_code == 201 and made.json()["informative"] is True and made.json()["source"] == "front.png"
    assert client.get(f"/api/v1/images/{made.json()['image_sha256']}").content == data
    twice = client.post("/api/v1/products/1/images", files={"file": ("again.png", data, "image/png")})
    assert twice.status_code == 409
    plain = client.post("/api/v1/products/1/images", files={"file": ("p.png", png(Image.new("RGB", (99, 99))), "")})
    assert plain.json()["informative"] is False
    assert client.delete(made.headers["location"], headers={"If-Match": "*"}).status_code == 204
    assert [one["source"] for one in client.get("/api/v1/products/1/images").json()] == ["p.png"]


def test_an_upload_that_is_sent_again_under_its_key_is_registered_once(client: TestClient) -> None:
    new_product(client)
    headers = {"Idempotency-Key": "picture-1"}

    def send(data: bytes) -> httpx.Response:
        return client.post("/api/v1/products/1/images", files={"file": ("a.png", data, "image/png")}, headers=headers)

    first, again, other = send(drawn(1)), send(drawn(1)), send(drawn(2))
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.json() == again.json()


@pytest.mark.parametrize("data", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_refused_and_not_kept(client: TestClient, session: Session, data: bytes) -> None:
    new_product(client)
    answer = client.post("/api/v1/products/1/images", files={"file": ("evil\r\n.png", data, "image/png")})
    assert answer.status_code == 422
    assert list(session.evidence.folder.rglob("*.*")) == []


def test_an_upload_that_is_too_large_is_refused_before_it_is_parsed(client: TestClient) -> None:
    new_product(client)
    for size in (20_000_001, 22_000_000):
        answer = client.post("/api/v1/products/1/images", files={"file": ("a.png", b"x" * size, "image/png")})
        assert answer.status_code == 413


def test_a_search_by_picture_finds_the_suspects_that_show_one_like_it(client: TestClient, session: Session) -> None:
    add_suspect(session, "Lamp")
    found = client.post("/api/v1/picture-search", files={"file": ("a.png", drawn(3), "image/png")})
    assert found.status_code == 200 and found.json()["suspects"] == []
    plain = png(Image.new("RGB", (99, 99)))
    told = client.post("/api/v1/picture-search", files={"file": ("a.png", plain, "image/png")}).json()
    assert told["suspects"] == [] and "too plain" in told["notice"]


# ----------------------------------------------------------------------------------------------- monitoring

DAILY = {"kind": "cron", "expression": "30 2 * * *", "time_zone": "Europe/Berlin"}


def new_monitor(client: TestClient, **fields: object) -> httpx.Response:
    said = {"name": "nightly", "marketplaces": ["example"], "schedule": DAILY, **fields}
    return client.post("/api/v1/monitors", json=said)


def test_a_monitor_is_set_up_previewed_changed_paused_resumed_and_taken_back(client: TestClient) -> None:
    new_product(client)
    made = new_monitor(client)
    assert made.status_code == 201 and made.json()["product_ids"] == []
    path, any_tag = made.headers["location"], {"If-Match": "*"}
    preview = client.get(f"{path}/preview").json()
    assert preview["queries"] == ["brand of Lamp Lamp"] and len(preview["next_times"]) == 5
    changed = client.patch(path, json={"queries": ["lamp"]}, headers=any_tag).json()
    assert changed["queries"] == ["lamp"] and changed["next_due_at"] == made.json()["next_due_at"]
    hourly = {"kind": "interval", "expression": "1h"}
    moved = client.patch(path, json={"schedule": hourly}, headers=any_tag).json()
    assert moved["next_due_at"] != changed["next_due_at"]
    assert client.patch(path, json={"state": "paused"}, headers=any_tag).json()["next_due_at"] is None
    assert client.patch(path, json={"queries": ["x"]}, headers=any_tag).json()["next_due_at"] is None
    assert client.patch(path, json={"state": "active"}, headers=any_tag).json()["next_due_at"] is not None
    assert client.delete(path, headers=any_tag).status_code == 204
    assert client.get(path).status_code == 404


def test_canaries_of_a_monitor_are_named_replaced_and_taken_back(client: TestClient, session: Session) -> None:
    new_product(client)
    first = {"marketplace": "example", "query": "steel watch", "listing": "841028151"}
    second = {**first, "listing": "7"}
    made = new_monitor(client, canaries=[first, {**first, "query": "watch"}])
    # Of one listing the last counts.
    assert made.status_code == 201 and made.json()["canaries"] == [{**first, "query": "watch"}]
    path, any_tag = made.headers["location"], {"If-Match": "*"}
    changed = client.patch(path, json={"canaries": [first, second]}, headers=any_tag)
    assert changed.json()["canaries"] == [first, second] and changed.headers["etag"] != made.headers["etag"]
    assert client.patch(path, json={"name": "daily"}, headers=any_tag).json()["canaries"] == [first, second]
    told = client.patch(path, json={"canaries": [{**first, "marketplace": "ebay"}]}, headers=any_tag)
    assert told.status_code == 422 and "does not watch 'ebay'" in told.json()["detail"]
    assert client.patch(path, json={"canaries": [{"listing": "7"}]}, headers=any_tag).status_code == 422
    with session.read() as connection:
        assert get_monitor(connection, session.owner.id, 1).canaries == (Canary(**first), Canary(**second))
    assert client.patch(path, json={"canaries": []}, headers=any_tag).json()["canaries"] == []
    assert new_monitor(client, name="other", canaries=[{**first, "marketplace": "nowhere"}]).status_code == 404
    assert len(client.get("/api/v1/monitors").json()["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"marketplaces": ["nowhere"]}, 404),
        ({"marketplaces": []}, 422),
        ({"marketplaces": ["ebay"]}, 422),
        ({"marketplaces": ["example", "amazon"]}, 422),
        ({"product_ids": [99]}, 404),
        ({"schedule": {"kind": "cron", "expression": "61 * * * *"}}, 422),
        ({"schedule": {"kind": "cron", "expression": "0 0 30 2 *"}}, 422),
        ({"schedule": {"kind": "interval", "expression": "1s"}}, 422),
        ({"schedule": {**DAILY, "time_zone": "Mars/Olympus"}}, 422),
        ({"limits": {"pages": 0}}, 422),
    ],
)
def test_a_monitor_that_cannot_be_is_refused(client: TestClient, fields: dict[str, object], status: int) -> None:
    new_product(client)
    answer = new_monitor(client, **fields)
    assert answer.status_code == status and answer.json()["detail"]
    assert client.get("/api/v1/monitors").json()["items"] == []


def test_what_a_monitor_watches_already_is_not_held_against_it_when_the_keys_are_gone(
    client: TestClient, session: Session
) -> None:
    new_product(client)
    with_keys = {"ebay_client_id": "app", "ebay_client_secret": "s3cret"}
    settings = session.settings
    session.installation.__dict__["settings"] = settings.model_copy(update={**with_keys, "contact": "me@example.com"})
    made = new_monitor(client, marketplaces=["ebay"])
    assert made.status_code == 201
    session.installation.__dict__["settings"] = settings.model_copy(update={"contact": "me@example.com"})
    path, any_tag = made.headers["location"], {"If-Match": "*"}
    assert client.patch(path, json={"name": "daily"}, headers=any_tag).status_code == 200
    refused = client.patch(path, json={"marketplaces": ["ebay", "etsy"]}, headers=any_tag)
    assert refused.status_code == 422 and "COUNTERFOIL_ETSY_KEYSTRING" in refused.json()["detail"]


def test_a_marketplace_that_must_not_be_reached_is_not_monitored(client: TestClient, session: Session) -> None:
    session.installation.__dict__["settings"] = session.settings.model_copy(update={"allow_hosts": ()})
    new_product(client)
    assert new_monitor(client).status_code == 422


def test_a_run_is_started_once_cancelled_and_shown_with_its_crawls(client: TestClient) -> None:
    new_product(client)
    monitor = new_monitor(client).headers["location"]
    run = client.post(f"{monitor}/runs")
    assert run.status_code == 201 and run.json()["trigger"] == "manual"
    assert client.post(f"{monitor}/runs").status_code == 409
    path = run.headers["location"]
    assert [one["state"] for one in client.get(f"{path}/crawls").json()] == ["waiting"]
    assert [client.post(f"{path}/cancel").json()["cancelled"] for _ in range(2)] == [1, 0]
    assert client.get(path).json()["state"] == "finished"
    (crawl,) = client.get("/api/v1/crawls").json()["items"]
    assert client.get(f"/api/v1/crawls/{crawl['id']}").json()["reason"] == "cancelled"


# ------------------------------------------------------------------------------------------------- evidence


def test_a_suspects_evidence_can_be_fetched_byte_for_byte(client: TestClient, session: Session) -> None:
    suspect = add_suspect(session, "Lamp")
    found = client.get(f"/api/v1/suspects/{suspect}/evidence").json()
    assert [one["kind"] for one in found] == ["body", "image"]
    body = client.get(found[0]["path"])
    assert body.content == BODY and body.headers["content-type"] == "application/octet-stream"
    assert (
        body.headers["content-disposition"].startswith("attachment")
        and "sandbox" in body.headers["content-security-policy"]
    )
    assert client.get(found[1]["path"]).status_code == 200
    add_registry(session)
    whole = SuspectShown.model_validate(client.get(f"/api/v1/suspects/{suspect}").json())
    assert [file.media_type for file in whole.captures[0].files] == ["text/html"] and whole.absence is None


def test_listings_and_sellers_of_the_owners_crawls_are_shown(client: TestClient, session: Session) -> None:
    add_suspect(session, "Lamp")
    (listing,) = client.get("/api/v1/listings", params={"marketplace": "example"}).json()["items"]
    assert client.get("/api/v1/listings", params={"marketplace": "other"}).json()["items"] == []
    (version,) = client.get(f"/api/v1/listings/{listing['id']}/versions").json()["items"]
    assert version["facts"]["title"] == "Lamp" and version["facts"]["price"] == "48.9"
    (seller,) = client.get("/api/v1/sellers").json()["items"]
    assert client.get("/api/v1/listings", params={"seller_id": seller["id"]}).json()["items"] == [listing]


# ------------------------------------------------------------------------------------------ accounts, keys


def test_an_admin_makes_accounts_and_keys_and_reads_who_did_what(session: Session) -> None:
    admin = browser(session.installation, new_account(session.store, session.owner.id, "ann"))
    made = admin.post("/api/v1/accounts", json={"name": "bob@example.com", "role": "analyst"})
    assert made.status_code == 201 and "/set-up/" in made.json()["set_up_link"]
    path = made.headers["location"]
    assert admin.patch(path, json={"role": "manager"}, headers={"If-Match": "*"}).json()["role"] == "manager"
    token = admin.post("/api/v1/keys", json={"name": "export", "days": 1}).json()["token"]
    caller = program(session.installation, token)
    assert caller.get("/api/v1/suspects").status_code == 200
    assert caller.get("/api/v1/keys").status_code == 403
    assert admin.delete("/api/v1/keys/1").status_code == 204
    assert caller.get("/api/v1/suspects").status_code == 401
    assert admin.delete(path, headers={"If-Match": "*"}).status_code == 204
    said = admin.get("/api/v1/audit").json()["items"]
    actions = ["account.remove", "key.revoke", "key.add", "account.role", "account.add"]
    assert [entry["action"] for entry in said] == actions
    assert token not in str(said)


def test_an_admin_sends_new_links_ends_log_ins_and_filters_who_did_what(session: Session) -> None:
    ann, bob = (new_account(session.store, session.owner.id, name) for name in ("ann", "bob"))
    admin, theirs = browser(session.installation, ann), browser(session.installation, bob)
    path = f"/api/v1/accounts/{bob.id}"
    link = admin.post(f"{path}/set-up-links")
    assert link.status_code == 201 and "/set-up/" in link.json()["set_up_link"]
    assert theirs.get("/api/v1/accounts").status_code == 200
    for _ in range(2):
        assert admin.post(f"{path}/end-sessions").status_code == 204
    assert theirs.get("/api/v1/accounts").status_code == 401
    new_brand(admin)

    def noted(**asked: str) -> list[str]:
        return [entry["action"] for entry in admin.get("/api/v1/audit", params=asked).json()["items"]]

    assert noted(about="account") == ["account.end_sessions", "account.end_sessions", "account.link"]
    assert noted(actor="ann") == ["brand.add", *noted(about="account")] and noted(actor="eve") == []
    assert noted(since="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00Z") == []
    assert admin.get("/api/v1/audit", params={"about": "weather"}).status_code == 422


def test_the_last_admin_stays(session: Session) -> None:
    ann = new_account(session.store, session.owner.id, "ann")
    new_account(session.store, session.owner.id, "bob", Role.VIEWER)
    admin = browser(session.installation, ann)
    answer = admin.patch(f"/api/v1/accounts/{ann.id}", json={"role": "viewer"}, headers={"If-Match": "*"})
    assert answer.status_code == 409 and "last admin" in answer.json()["detail"]


# ---------------------------------------------------------------------------------------------- description


def test_every_operation_is_described_with_its_role_its_errors_and_examples(installation: Installation) -> None:
    from console.app import create_app

    said = create_app(installation).openapi()
    operations = [(path, method, one) for path, methods in said["paths"].items() for method, one in methods.items()]
    assert said["openapi"].startswith("3.1") and len(operations) >= 50
    assert len({one["operationId"] for _, _, one in operations}) == len(operations)
    for path, method, one in operations:
        assert "4XX" in one["responses"] and one["summary"], path
        if path.startswith("/api/"):
            assert one["x-role"] in set(Role) and one["security"], path
        sent = one.get("requestBody", {}).get("content", {}).get("application/json")
        if sent:
            assert said["components"]["schemas"][sent["schema"]["$ref"].rpartition("/")[2]]["examples"], (path, method)


def test_registry_made_by_commands_is_what_programs_see(client: TestClient, session: Session) -> None:
    add_suspect(session, "Lamp")
    ids = add_registry(session)
    assert client.get(f"/api/v1/rights/{ids['right_id']}").json()["number"] == "018999999"
    assert client.get(f"/api/v1/authorised-sellers/{ids['authorised_id']}").json()["seller_key"] == "trusted"
