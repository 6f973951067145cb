"""What people do on pages to register, take back and bring back, done by programs: with the same outcome."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from market import Answer, Market
from people import api_key, browser, new_account, program
from registering import session_beside
from shops import picture, three_lamps
from suspicion import add_registry, add_suspect, declare_marketplace

from console.session import Session
from console.sheets import LARGEST
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.settings import load_settings
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.drafts import DraftKind, add_draft
from counterfoil.store.owners import add_owner
from indexer.decoding import PictureDecoder

ANY = {"If-Match": "*"}
SCHEDULE = {"kind": "interval", "expression": "1d"}


@pytest.fixture
def shop() -> Iterator[Market]:
    with three_lamps() as shop:
        yield shop


@pytest.fixture(scope="module")
def decoder() -> Iterator[PictureDecoder]:
    """One for all: its processes take longer to start than to decode."""
    with PictureDecoder(load_settings({"COUNTERFOIL_DATA": "unused", "COUNTERFOIL_JUDGE_PROCESSES": "1"})) as decoder:
        yield decoder


@pytest.fixture
def session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Market, decoder: PictureDecoder, sqlite_template: Path
) -> Session:
    session = session_beside(shop, tmp_path / "data", sqlite_template, decoder, monkeypatch)
    declare_marketplace(session)
    return session


def caller(session: Session, role: Role = Role.MANAGER, owner_id: int | None = None) -> TestClient:
    """A program with a key of this role."""
    owner = session.owner.id if owner_id is None else owner_id
    return program(session.installation, api_key(session.store, owner, role)[1])


@pytest.fixture
def client(session: Session) -> TestClient:
    return caller(session)


@pytest.fixture
def stranger(session: Session) -> TestClient:
    """A program of another owner's."""
    with session.store.write() as connection:
        other = add_owner(connection, "other", now())
    return caller(session, owner_id=other.id)


def actions(session: Session) -> list[str]:
    """What the audit log says, oldest first, besides that keys were made."""
    with session.read() as connection:
        noted = [entry.action for entry in reversed(list_audit_entries(connection, session.owner.id))]
    return [action for action in noted if action != "key.add"]


def made(answer: httpx.Response, status: int = 201) -> str:
    """The address of what was made."""
    assert answer.status_code == status, answer.text
    return str(answer.headers["location"])


# ------------------------------------------------------------------------------------------- taken back, back


def test_what_was_removed_comes_back_once_however_often_it_is_asked_for(
    client: TestClient, stranger: TestClient, session: Session
) -> None:
    brand = made(client.post("/api/v1/brands", json={"name": "Acme"}))
    right = {"brand_id": 1, "number": "018123456", "jurisdiction": "EU"}
    right_path = made(client.post("/api/v1/rights", json=right))
    product = made(client.post("/api/v1/products", json={"brand_id": 1, "name": "Lamp", "sku": "L-1"}))
    image = made(client.post(f"{product}/images", files={"file": ("lamp.png", picture(1))}))
    seller = {"marketplace": "example", "seller_key": "acme-official"}
    trusted = made(client.post("/api/v1/authorised-sellers", json=seller))
    paths = (trusted, image, product, brand)
    before = {path: client.get(path) for path in paths}
    for path in paths:
        assert client.delete(path, headers=ANY).status_code == 204 and client.get(path).status_code == 404
    assert client.get(right_path).status_code == 404
    told = client.post(f"{product}/restore")
    assert (told.status_code, told.json()["code"]) == (409, "conflict") and "restore it first" in told.json()["detail"]
    assert client.post(f"{image}/restore").status_code == 404
    viewer = caller(session, Role.VIEWER)
    for path in reversed(paths):
        assert stranger.post(f"{path}/restore").status_code == 404
        assert viewer.post(f"{path}/restore").status_code == 403
        for _ in range(2):
            back = client.post(f"{path}/restore")
            assert back.status_code == 200, back.text
        same = {name: value for name, value in before[path].json().items() if path != trusted or name != "id"}
        assert same.items() <= back.json().items()
        again = client.get(trusted.replace("/1", f"/{back.json()['id']}") if path == trusted else path)
        assert again.json() == back.json() and again.headers["etag"] == back.headers["etag"]
    assert client.get(right_path).status_code == 200
    assert [one["seller_key"] for one in client.get("/api/v1/authorised-sellers").json()["items"]] == ["acme-official"]
    assert [one for one in actions(session) if one.endswith("restore")] == [
        *("brand.restore",) * 2,
        *("product.restore",) * 2,
        *("image.restore",) * 2,
        *("seller.restore",) * 2,
    ]


def test_what_was_given_away_meanwhile_does_not_come_back(client: TestClient) -> None:
    brand = made(client.post("/api/v1/brands", json={"name": "Acme"}))
    assert client.delete(brand, headers=ANY).status_code == 204
    assert client.post("/api/v1/brands", json={"name": "Acme"}).status_code == 201
    assert client.post(f"{brand}/restore").status_code == 409
    lamp = made(client.post("/api/v1/products", json={"brand_id": 2, "name": "Lamp", "sku": "L-1"}))
    shown = picture(1)
    image = made(client.post(f"{lamp}/images", files={"file": ("lamp.png", shown)}))
    assert client.delete(image, headers=ANY).status_code == 204
    again = made(client.post(f"{lamp}/images", files={"file": ("again.png", shown)}))
    assert again != image and client.post(f"{image}/restore").json()["id"] == int(again.rpartition("/")[2])
    assert client.delete(lamp, headers=ANY).status_code == 204
    assert client.post("/api/v1/products", json={"brand_id": 2, "name": "Other", "sku": "L-1"}).status_code == 201
    told = client.post(f"{lamp}/restore")
    assert (told.status_code, told.json()["code"]) == (409, "conflict")


def test_a_calibration_is_asked_for_anew_where_there_are_pictures(client: TestClient, stranger: TestClient) -> None:
    made(client.post("/api/v1/brands", json={"name": "Acme"}))
    lamp = made(client.post("/api/v1/products", json={"brand_id": 1, "name": "Lamp"}))
    told = client.post(f"{lamp}/calibration")
    assert told.status_code == 409 and "no reference image" in told.json()["detail"]
    made(client.post(f"{lamp}/images", files={"file": ("lamp.png", picture(1))}))
    assert stranger.post(f"{lamp}/calibration").status_code == 404
    for _ in range(2):
        asked = client.post(f"{lamp}/calibration")
        assert asked.status_code == 202 and asked.json() == client.get(f"{lamp}/calibration").json()
        assert asked.json()["under_way"] and asked.json()["card"] is None


def test_a_seller_that_a_crawl_has_seen_is_found_by_name_trusted_and_distrusted(
    client: TestClient, stranger: TestClient, session: Session
) -> None:
    add_suspect(session, "Lamp")
    add_registry(session)
    (seller,) = client.get("/api/v1/sellers", params={"marketplace": "example", "called": "Bob's bags"}).json()["items"]
    assert client.get("/api/v1/sellers", params={"called": "nobody"}).json()["items"] == []
    path = f"/api/v1/sellers/{seller['id']}"
    for answer in (stranger.post(f"{path}/authorise"), stranger.post(f"{path}/distrust")):
        assert answer.status_code == 404
    assert caller(session, Role.ANALYST).post(f"{path}/authorise").status_code == 403
    for _ in range(2):
        trusted = client.post(f"{path}/authorise")
        assert trusted.status_code == 200 and trusted.json()["seller_key"] == seller["seller_key"]
    listed = client.get(f"/api/v1/authorised-sellers/{trusted.json()['id']}")
    assert listed.headers["etag"] == trusted.headers["etag"]
    for _ in range(2):
        assert client.post(f"{path}/distrust").status_code == 204
    assert client.get(f"/api/v1/authorised-sellers/{trusted.json()['id']}").status_code == 404


# ----------------------------------------------------------------------------------------------------- drafts


def settled(client: TestClient, path: str) -> httpx.Response:
    """A draft once nobody works on it."""
    for _ in range(1_200):
        answer = client.get(path)
        if not answer.json()["under_way"]:
            return answer
        time.sleep(0.05)
    raise AssertionError("it is still under way")


def entries_of(client: TestClient, path: str, **asked: object) -> list[dict[str, Any]]:
    """All entries of a draft, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = client.get(f"{path}/entries", params={"limit": 2, **asked, **({"cursor": cursor} if cursor else {})})
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found


def register(client: TestClient, path: str, body: dict[str, object]) -> httpx.Response:
    asked = client.post(f"{path}/register", json=body, headers={"If-Match": client.get(path).headers["etag"]})
    assert asked.status_code == 202, asked.text
    return settled(client, path)


def test_a_shop_is_read_looked_at_and_registered_as_chosen(
    client: TestClient, stranger: TestClient, session: Session, shop: Market
) -> None:
    said, key = {"address": f"{shop.url}/search?q=lamp"}, {"Idempotency-Key": "one"}
    first = client.post("/api/v1/drafts", json=said, headers=key)
    path = made(first)
    again = client.post("/api/v1/drafts", json=said, headers=key)
    assert again.headers["idempotency-replayed"] == "true" and again.json() == first.json()
    assert first.json()["state"] == "reading" and first.json()["under_way"]
    draft = settled(client, path)
    assert draft.json()["state"] == "ready" and draft.json()["said"] is None
    assert client.get(path, headers={"If-None-Match": draft.headers["etag"]}).status_code == 304
    found = entries_of(client, path)
    assert [(one["number"], one["name"], one["offered"]) for one in found] == [
        (number, f"Lamp {number + 1}", True) for number in range(3)
    ]
    assert found[0]["product"]["price_range"] == {"low": "1.5", "high": "1.5", "currency": "EUR"}
    (shown,) = found[0]["pictures"]
    assert shown["informative"] and shown["chosen"] and shown["refused"] is None
    assert client.get(f"{path}/pictures/{shown['sha256']}").headers["content-type"].startswith("image/")
    assert client.get(f"{path}/pictures/{'0' * 64}").status_code == 404
    page = client.get(f"{path}/entries", params={"brand": "Acme"}).json()
    assert page["brand_needed"] and page["brand"] == "Acme" and page["new_brands"] == ["Acme"]
    for answer in (
        stranger.get(path),
        stranger.get(f"{path}/entries"),
        stranger.get(f"{path}/pictures/{shown['sha256']}"),
        stranger.post(f"{path}/register", json={"brand": "Acme"}, headers=ANY),
        stranger.delete(path, headers=ANY),
    ):
        assert answer.status_code == 404
    assert stranger.get("/api/v1/drafts").json()["items"] == []
    assert caller(session, Role.ANALYST).get(path).status_code == 403
    bad: list[tuple[dict[str, object], dict[str, str], int, str]] = [
        ({"brand": "Acme"}, {}, 428, "If-Match"),
        ({"brand": "Acme"}, {"If-Match": '"old"'}, 412, "look at it again"),
        ({}, ANY, 422, "brand is not named"),
        ({"brand": "Acme", "entries": []}, ANY, 422, "Nothing is chosen"),
        ({"brand": "Acme", "entries": [{"number": 3}]}, ANY, 422, "no entry 3"),
        ({"brand": "Acme", "entries": [{"number": 0, "pictures": [1]}]}, ANY, 422, "no picture 1"),
        ({"brand": "Acme", "entries": [{"number": 0, "name": "a\u202eb"}]}, ANY, 422, "name of entry 0"),
        ({"brand": "Acme", "entries": [{"number": 0}, {"number": 0}]}, ANY, 422, "twice"),
    ]
    for body, headers, status, told in bad:
        refused = client.post(f"{path}/register", json=body, headers=headers)
        assert refused.status_code == status and told in refused.json()["detail"], refused.text
    assert client.get("/api/v1/products").json()["items"] == []
    chosen = [{"number": 0}, {"number": 2, "name": " Desk  lamp ", "pictures": []}]
    done = register(client, path, {"brand": "Acme", "entries": chosen})
    assert (done.json()["state"], done.json()["attempt"]) == ("registered", 1)
    products = client.get("/api/v1/products").json()["items"]
    assert [one["name"] for one in products] == ["Lamp 1", "Desk lamp"]
    images = [len(client.get(f"/api/v1/products/{one['id']}/images").json()) for one in products]
    assert images == [1, 0]
    left = entries_of(client, path)
    assert [one["product_id"] for one in left] == [products[0]["id"], None, products[1]["id"]]
    assert [one["offered"] for one in left] == [False] * 3
    told = client.post(f"{path}/register", json={"entries": [{"number": 0}]}, headers=ANY)
    assert told.status_code == 422 and "registered already" in told.json()["detail"]
    register(client, path, {"entries": [{"number": 1}]})
    assert len(client.get("/api/v1/products").json()["items"]) == 3
    assert [one["id"] for one in client.get("/api/v1/drafts").json()["items"]] == [done.json()["id"]]
    assert client.delete(path).status_code == 428
    assert client.delete(path, headers=ANY).status_code == 204
    assert client.delete(path, headers=ANY).status_code == client.get(path).status_code == 404
    assert len(client.get("/api/v1/products").json()["items"]) == 3
    expected = ["draft.read", "draft.register", "product.add", "product.add", "draft.register", "product.add"]
    assert actions(session) == [*expected, "draft.discard"]


def test_what_cannot_be_read_fails_with_the_reason(client: TestClient, shop: Market) -> None:
    shop.faults["/gone"] = Answer(status=404)
    addresses = {
        f"{shop.url}/gone": "404",
        "http://169.254.169.254/latest/meta-data": "169.254.169.254",
        "http://localhost:1/": "localhost",
    }
    for address, told in addresses.items():
        failed = settled(client, made(client.post("/api/v1/drafts", json={"address": address}))).json()
        assert failed["state"] == "failed" and told in failed["said"], failed
        path = f"/api/v1/drafts/{failed['id']}"
        assert client.get(f"{path}/entries").json()["items"] == []
        refused = client.post(f"{path}/register", json={"brand": "Acme"}, headers=ANY)
        assert refused.status_code == 422
    for address in ("no address", " ", "x" * 2_001):
        assert client.post("/api/v1/drafts", json={"address": address}).status_code == 422
    assert {one["state"] for one in client.get("/api/v1/drafts").json()["items"]} == {"failed"}


def test_a_draft_that_nobody_works_on_any_more_says_so_and_only_so_many_are_worked_on_at_once(
    client: TestClient, session: Session, shop: Market
) -> None:
    def begun(at: datetime) -> str:
        with session.act("draft.read", "left") as connection:
            said = {"kind": DraftKind.PRODUCTS, "source": "left", "brand": None, "created_by": "mia", "now": at}
            return f"/api/v1/drafts/{add_draft(connection, session.owner.id, **said).id}"

    left = client.get(begun(now() - timedelta(hours=1))).json()
    assert (left["state"], left["stopped"], left["under_way"]) == ("reading", True, False)
    told = client.post(f"/api/v1/drafts/{left['id']}/register", json={"brand": "Acme"}, headers=ANY)
    assert told.status_code == 422
    ready = settled(client, made(client.post("/api/v1/drafts", json={"address": f"{shop.url}/search?q=lamp"})))
    assert (ready.json()["done"], ready.json()["total"]) == (3, 3)
    path = f"/api/v1/drafts/{ready.json()['id']}"
    with ThreadPoolExecutor(4) as threads:
        asked = {"json": {"brand": "Acme"}, "headers": {"If-Match": ready.headers["etag"]}}
        answers = [one.result() for one in [threads.submit(client.post, f"{path}/register", **asked) for _ in range(4)]]
    assert sorted(answer.status_code in {409, 412} for answer in answers) == [False, True, True, True]
    assert settled(client, path).json()["attempt"] == 1
    assert len(client.get("/api/v1/products").json()["items"]) == 3
    busy = [begun(now()) for _ in range(5)]
    told = client.post("/api/v1/drafts", json={"address": shop.url}, headers={"Idempotency-Key": "later"})
    assert told.status_code == 409 and "being read already" in told.json()["detail"]
    assert client.delete(busy[0], headers=ANY).status_code == 204
    again = client.post("/api/v1/drafts", json={"address": shop.url}, headers={"Idempotency-Key": "later"})
    settled(client, made(again))


def test_a_file_of_products_is_checked_row_by_row_and_its_good_rows_registered(
    client: TestClient, session: Session, shop: Market
) -> None:
    header = "name,sku,brand,price_low,price_high,currency,images\n"
    rows = (
        f"Lamp 1,L-1,Acme,10,12,EUR,{shop.url}/picture/1-0.jpg|back.png\n"
        "Lamp 2,L-1,Acme,,,,\n"
        ",L-3,Acme,,,,\n"
        "Lamp 4,L-4,,ten,,EUR,missing.png\n"
        "Lamp 5,L-5,,,,,/etc/passwd\n"
    )
    sent = [("file", ("lamps.csv", (header + rows).encode())), ("pictures", ("back.png", picture(9)))]
    key = {"Idempotency-Key": "file"}
    first = client.post("/api/v1/product-files", files=sent, data={"brand": "Lux"}, headers=key)
    path = made(first)
    same = client.post("/api/v1/product-files", files=sent, data={"brand": "Lux"}, headers=key)
    assert same.headers["idempotency-replayed"] == "true" and same.headers["location"] == path
    other = client.post("/api/v1/product-files", files=sent, data={"brand": "Other"}, headers=key)
    assert other.status_code in {409, 422}
    assert settled(client, path).json()["state"] == "ready"
    found = entries_of(client, path)
    assert [one["offered"] for one in found] == [True, False, False, False, True]
    assert [[problem["column"] for problem in one["problems"]] for one in found[1:4]] == [
        ["sku"],
        ["name"],
        ["price_low"],
    ]
    assert [one["sha256"] is not None for one in found[0]["pictures"]] == [True, True]
    (unread,) = found[4]["pictures"]
    assert unread["sha256"] is None and "no such file was sent along" in unread["refused"]
    refused = client.post(f"{path}/register", json={"entries": [{"number": 1}]}, headers=ANY)
    assert refused.status_code == 422 and "cannot be registered" in refused.json()["detail"]
    register(client, path, {})
    products = {one["name"]: one for one in client.get("/api/v1/products").json()["items"]}
    assert products.keys() == {"Lamp 1", "Lamp 5"} and products["Lamp 1"]["sku"] == "L-1"
    assert len(client.get(f"/api/v1/products/{products['Lamp 1']['id']}/images").json()) == 2
    brands = {one["id"]: one["name"] for one in client.get("/api/v1/brands").json()["items"]}
    assert brands[products["Lamp 5"]["brand_id"]] == "Lux"
    for data in (b"", b"colour\nred\n", b"PK\x03\x04"):
        assert client.post("/api/v1/product-files", files={"file": ("bad.csv", data)}).status_code == 422
    assert client.post("/api/v1/product-files", data={"brand": "Acme"}).status_code == 422
    for size in (LARGEST + 1, 22_000_000):
        large = client.post("/api/v1/product-files", files={"file": ("large.csv", b"x" * size)})
        assert (large.status_code, large.json()["code"]) == (413, "too_large")
    for kind in ("products", "sellers"):
        for form in ("csv", "xlsx"):
            template = client.get("/api/v1/list-template", params={"kind": kind, "format": form})
            assert f'filename="{kind}.{form}"' in template.headers["content-disposition"]
    again = client.post("/api/v1/seller-files", files={"file": ("sellers.xlsx", template.content)})
    assert entries_of(client, made(again))[0]["seller"] == {"marketplace": "example", "seller_key": "acme-official"}
    assert caller(session, Role.VIEWER).post("/api/v1/product-files", files=sent).status_code == 403


def test_a_file_of_sellers_is_checked_and_its_good_rows_trusted_together(
    client: TestClient, stranger: TestClient
) -> None:
    text = "marketplace;seller_id;name\nexample;s1;One\nnowhere;s2;Two\nexample;;Three\nexample;s4;\n"
    path = made(client.post("/api/v1/seller-files", files={"file": ("sellers.csv", text.encode())}))
    draft = client.get(path)
    assert (draft.json()["kind"], draft.json()["state"]) == ("sellers", "ready")
    found = entries_of(client, path)
    assert [one["offered"] for one in found] == [True, False, False, True]
    assert [one["problems"][0]["column"] for one in found[1:3]] == ["marketplace", "seller_id"]
    assert stranger.post(f"{path}/authorise", headers=ANY).status_code == 404
    assert client.post(f"{path}/register", json={"brand": "Acme"}, headers=ANY).status_code == 404
    assert client.post(f"{path}/authorise").status_code == 428
    trusted = client.post(f"{path}/authorise", headers={"If-Match": draft.headers["etag"]})
    assert trusted.status_code == 200 and trusted.json() == {"added": 2}
    assert client.post(f"{path}/authorise", headers=ANY).status_code == 404
    listed = client.get("/api/v1/authorised-sellers").json()["items"]
    assert [(one["seller_key"], one["name"]) for one in listed] == [("s1", "One"), ("s4", None)]
    bad = made(client.post("/api/v1/seller-files", files={"file": ("s.csv", b"marketplace,seller_id\nnowhere,s\n")}))
    told = client.post(f"{bad}/authorise", headers=ANY)
    assert told.status_code == 422 and "No row of this file can be used" in told.json()["detail"]


# ------------------------------------------------------------------------------------- looking, checking, asking


def test_a_monitor_is_previewed_before_it_is_set_up_and_before_it_is_changed(
    client: TestClient, stranger: TestClient, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    session.installation.__dict__["settings"] = session.settings.model_copy(
        update={"allow_hosts": ("127.0.0.1:8600",), "contact": "tests@example.com"}
    )
    said = {"name": "nightly", "marketplaces": ["example"], "queries": ["lamp"], "schedule": SCHEDULE}
    before = client.post("/api/v1/monitor-previews", json=said)
    assert before.status_code == 200, before.text
    assert before.json()["queries"] == ["lamp"] and len(before.json()["next_times"]) == 5
    assert client.get("/api/v1/monitors").json()["items"] == []
    monitor = made(client.post("/api/v1/monitors", json=said))
    changed = client.post(f"{monitor}/preview", json={"queries": ["lamp", "torch"], "state": "paused"})
    assert changed.status_code == 200 and changed.json()["queries"] == ["lamp", "torch"]
    assert client.get(monitor).json()["queries"] == ["lamp"] and client.get(monitor).json()["state"] == "active"
    assert stranger.post(f"{monitor}/preview", json={}).status_code == 404
    assert client.post("/api/v1/monitor-previews", json={**said, "marketplaces": ["nowhere"]}).status_code == 404
    assert client.get("/api/v1/marketplaces/example").json()["obstacle"] is None


def test_products_are_found_by_words_and_brand(client: TestClient) -> None:
    for number, name in ((1, "Acme"), (2, "Lux")):
        made(client.post("/api/v1/brands", json={"name": name}))
        for product in ("Lamp", "Torch", "Big lamp"):
            made(client.post("/api/v1/products", json={"brand_id": number, "name": product}))

    def named(**asked: object) -> list[str]:
        page = client.get("/api/v1/products", params=asked).json()
        rest = {**asked, "cursor": page["next_cursor"]}
        return [one["name"] for one in page["items"]] + (named(**rest) if page["next_cursor"] else [])

    assert named(words="LAMP", limit=1) == ["Big lamp", "Lamp"] * 2
    assert named(words="lux torch") == ["Torch"] and named(brand_id=1, limit=2) == ["Big lamp", "Torch", "Lamp"]
    assert named(words="nothing") == named(brand_id=99) == [] and len(named()) == 6


def test_addresses_are_checked_and_past_listings_judged_again(
    client: TestClient, stranger: TestClient, session: Session
) -> None:
    add_suspect(session, "Lamp")
    listing = "http://127.0.0.1:8600/listing/841028151"
    said = {"addresses": [listing, "https://elsewhere.example/", listing]}
    checked = client.post("/api/v1/checks", json=said, headers={"Idempotency-Key": "c"})
    run = made(checked)
    assert checked.json()["skipped"] == ["https://elsewhere.example/"] and checked.json()["run"]["kind"] == "listings"
    assert made(client.post("/api/v1/checks", json=said, headers={"Idempotency-Key": "c"})) == run
    (crawl,) = client.get(f"{run}/crawls").json()
    assert crawl["queries"] == [listing]
    assert client.get(f"{run}/outcome").json()["sight"] == "running"
    report = client.get(f"/api/v1/crawls/{crawl['id']}/report").json()
    assert report["words"] and report["asked"] == [{"query": listing, "found": 0, "before": None}]
    for path in (f"{run}/outcome", f"/api/v1/crawls/{crawl['id']}/report"):
        assert stranger.get(path).status_code == 404
    told = client.post("/api/v1/checks", json={"addresses": ["https://elsewhere.example/"]})
    assert told.status_code == 422 and "None of the 1 addresses" in told.json()["detail"]
    for body in ({}, {"product_id": 1}, {"product_id": 1}):
        assert client.post("/api/v1/reassessments", json=body).status_code == 202
    assert stranger.post("/api/v1/reassessments", json={"product_id": 1}).status_code == 404
    assert actions(session)[-4:] == ["check", *("suspect.reassess",) * 3]


def test_what_is_new_and_what_is_wrong_is_told_at_a_glance(
    client: TestClient, stranger: TestClient, session: Session
) -> None:
    add_suspect(session, "Lamp")
    told = client.get("/api/v1/overview").json()
    assert (told["new"], told["undecided"], told["decided"], told["service"]) == (1, 1, 0, [])
    assert len(told["running"]) == 1 and told["over_time"][-1]["suspects"] == 1
    (trouble,) = told["troubles"]
    assert trouble["sight"] == "nothing" and trouble["why"] and trouble["link"] == "/monitors/1"
    assert client.get("/api/v1/overview", params={"since": "2020-01-01T00:00:00Z"}).json()["new"] == 1
    ahead = client.get("/api/v1/overview", params={"since": "2100-01-01T00:00:00Z"}).json()
    assert ahead["new"] == 0 and ahead["undecided"] == 1
    assert stranger.get("/api/v1/overview").json()["new"] == 0
    assert client.post("/api/v1/seen").status_code == 409
    account = new_account(session.store, session.owner.id, "ann", Role.VIEWER)
    ann = browser(session.installation, account)
    for _ in range(2):
        assert ann.post("/api/v1/seen").status_code == 204
    assert ann.get("/api/v1/overview").json()["new"] == 0
    asker = {"owner": "default", "name": "ann", "channel": "browser", "role": "viewer"}
    assert ann.get("/api/v1/me").json() == asker
    assert client.get("/api/v1/me").json()["channel"] == "api_key"


def test_an_edited_copy_of_a_picture_is_shown_as_its_calibration_tried_it(
    client: TestClient, stranger: TestClient
) -> None:
    made(client.post("/api/v1/brands", json={"name": "Acme"}))
    lamp = made(client.post("/api/v1/products", json={"brand_id": 1, "name": "Lamp"}))
    image = made(client.post(f"{lamp}/images", files={"file": ("lamp.png", picture(1))}))
    shown = client.get(f"{image}/copies/mirror")
    assert shown.status_code == 200 and shown.headers["content-type"].startswith("image/")
    assert client.get(f"{image}/copies/nonsense").status_code == 404
    assert stranger.get(f"{image}/copies/mirror").status_code == 404
