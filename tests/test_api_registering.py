"""What people do on pages to register, take back and bring back, done by programs: with the same outcome."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from market import Market
from people import api_key, program
from shops import picture, three_lamps
from suspicion import add_registry, add_suspect, declare_marketplace

from console.session import Session
from counterfoil.clock import now
from counterfoil.models import Role
from counterfoil.settings import load_settings
from counterfoil.store.audit import list_audit_entries
from counterfoil.store.owners import add_owner
from indexer.decoding import PictureDecoder

ANY = {"If-Match": "*"}


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
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_ALLOW_HOSTS", f"127.0.0.1:{shop.port}")
    (tmp_path / "data").mkdir(mode=0o700)
    shutil.copy(sqlite_template, tmp_path / "data")
    session = Session()
    session.installation.__dict__["decoder"] = decoder
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
    """What the audit log says, oldest first."""
    with session.read() as connection:
        return [entry.action for entry in reversed(list_audit_entries(connection, session.owner.id))]


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
