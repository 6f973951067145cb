"""The page on which two pictures are compared: what is laid over what, what changed since, and smaller pictures."""

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from people import browser, new_account
from PIL import Image, ImageChops, ImageDraw, ImageOps
from suspicion import add_suspect, png

from console.session import Session
from console.wording import match_words
from counterfoil.changes import changes_between
from counterfoil.clock import now
from counterfoil.models import ListingFacts, ListingImage, Match, Role, SellerFacts, Transform, VerdictKind
from counterfoil.renditions import forget_renditions, rendition_folder
from counterfoil.store.brands import add_brand
from counterfoil.store.images import add_image
from counterfoil.store.products import ProductEntry, add_product, add_reference_image, list_reference_images
from counterfoil.store.suspects import add_verdict
from counterfoil.store.tables import assessments, listing_versions, products
from indexer.decoding import PictureDecoder


def drawn(colour: str = "navy") -> Image.Image:
    """A picture that is not the same mirrored or turned."""
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 40, 180, 250), fill=colour)
    draw.ellipse((220, 30, 370, 120), fill="orange")
    return image


OURS = drawn()
# Mirrored, and twice as large: the reference's upper left corner is the picture's upper right one.
THEIRS = ImageOps.mirror(OURS).resize((800, 600))
PLACE = Transform(mirrored=True, rotation=0.0, scale=2.0, quadrangle=((800, 0), (0, 0), (0, 600), (800, 600)))


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A suspect whose picture is ours, mirrored and enlarged; a second picture of it is nobody's."""
    monkeypatch.setenv("COUNTERFOIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COUNTERFOIL_JUDGE_PROCESSES", "1")
    session = Session()
    reference = session.evidence.put_image(png(OURS))

    def matches(connection: sa.Connection, product_id: int, picture: str) -> tuple[Match, ...]:
        add_image(connection, reference, 1, now())
        add_reference_image(connection, session.owner.id, product_id, reference, "ours.png", now())
        (ours,) = list_reference_images(connection, session.owner.id, product_id)
        return (
            Match(
                image_sha256=picture,
                reference_image_id=ours.id,
                product_id=product_id,
                score=0.9,
                stage="verified",
                transform=PLACE,
                agreement=0.97,
            ),
        )

    add_suspect(session, "Lamp", picture=png(THEIRS), more_pictures=(png(drawn("red")),), matches=matches)
    return session


@pytest.fixture
def client(session: Session) -> TestClient:
    return browser(session.installation, new_account(session.store, session.owner.id, "ann", Role.ANALYST))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def test_a_match_is_laid_over_the_reference_and_their_difference_is_white(client: TestClient, session: Session) -> None:
    ours, theirs = session.evidence.put_image(png(OURS)), session.evidence.put_image(png(THEIRS))
    page = client.get("/suspects/1").text
    asked = f"/api/v1/suspects/1/overlay?picture={theirs}&amp;reference={ours}&amp;kind="
    assert f"{asked}aligned" in page and f"{asked}difference" in page
    assert "a copy (confirmed), mirrored, 97 % of the pixels agree" in page
    aligned = client.get(f"/api/v1/suspects/1/overlay?picture={theirs}&reference={ours}")
    assert aligned.headers["content-type"] == "image/jpeg"
    assert opened(aligned.content).size == OURS.size
    apart = ImageChops.difference(opened(aligned.content), OURS).convert("L")
    assert sum(apart.histogram()[64:]) < 0.02 * 400 * 300
    difference = opened(client.get("/api/v1/suspects/1/overlay?kind=difference").content).convert("L")
    assert sum(difference.histogram()[:192]) < 0.02 * 400 * 300


def test_what_stands_beside_it_is_of_the_likeliest_product_and_others_are_a_link_away(
    client: TestClient, session: Session
) -> None:
    theirs, ours = session.evidence.put_image(png(THEIRS)), session.evidence.put_image(png(OURS))
    with session.write() as connection:
        brand = add_brand(connection, session.owner.id, "Acme", (), now())
        vase = add_product(connection, session.owner.id, ProductEntry(brand_id=brand.id, name="Vase"), now())
        row = connection.execute(sa.select(assessments)).one()._asdict()
        likelier = {"product_id": vase.id, "score": 0.9, "matches": []}
        connection.execute(assessments.insert().values({**row, "id": None, **likelier}))
    page = client.get("/suspects/1?sort=oldest").text
    assert "overlay?" not in page and f'/images/{ours}"' not in page
    link = f"/suspects/1?sort=oldest&picture={theirs}&reference={ours}"
    assert f'href="{link.replace("&", "&amp;")}"' in page
    chosen = client.get(link).text
    assert "overlay?" in chosen and f'/images/{ours}"' in chosen and "Compare with this product" not in chosen


def test_any_other_picture_can_be_chosen_and_what_matches_nothing_is_not_laid_over(
    client: TestClient, session: Session
) -> None:
    other = session.evidence.put_image(png(drawn("red")))
    page = client.get(f"/suspects/1?picture={other}").text
    assert f'<div class="view"><img src="/api/v1/images/{other}"' in page.replace("\n", "")
    assert "No match was found between these two." in page and "overlay?" not in page
    assert client.get(f"/api/v1/suspects/1/overlay?picture={other}").status_code == 404
    assert client.get(f"/suspects/1?picture={'f' * 64}&reference=x").status_code == 200


def test_price_and_reasons_stand_above_the_pictures_in_the_words_of_people(
    client: TestClient, session: Session
) -> None:
    with session.write() as connection:
        connection.execute(sa.update(products).values(price_low=Decimal(80), price_high=Decimal(120), currency="EUR"))
        connection.execute(sa.update(listing_versions).values(condition="NewCondition", availability="InStock"))
    page = " ".join(client.get("/suspects/1").text.split())
    above, _, below = page.partition('class="compare')
    assert "<strong>48.90 EUR</strong> (honestly 80–120 EUR)" in above
    assert '<p class="why">it looks copied</p>' in above
    assert "<dd>new</dd>" in below and "<dd>in stock</dd>" in below
    for rotation, said in ((359.2, ""), (350.0, "turned by -10°"), (90.0, "turned by 90°")):
        match = Match(
            image_sha256="a" * 64,
            reference_image_id=1,
            product_id=1,
            score=0.9,
            stage="verified",
            transform=replace(PLACE, mirrored=False, rotation=rotation),
        )
        words = match_words(match)
        assert said in words and ("turned" in words) is bool(said)


def test_a_thumbnail_is_made_once_and_goes_with_its_picture(
    client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, data = session.evidence.put_image(png(THEIRS)), session.settings.data
    page = client.get("/suspects").text
    assert f'src="/api/v1/images/{theirs}/thumbnail"' in page and f'src="/api/v1/images/{theirs}"' not in page
    made = [client.get(f"/api/v1/images/{theirs}/thumbnail")]
    monkeypatch.setattr(PictureDecoder, "thumbnail", lambda *_: pytest.fail("made a second time"))
    made.append(client.get(f"/api/v1/images/{theirs}/thumbnail"))
    assert made[0].content == made[1].content and len(made[0].content) < 20_000
    assert opened(made[0].content).size == (256, 192) and "immutable" in made[0].headers["cache-control"]
    assert len(list(rendition_folder(data, theirs).iterdir())) == 1
    forget_renditions(data, theirs)
    assert not rendition_folder(data, theirs).exists()
    assert client.get(f"/api/v1/images/{'f' * 64}/thumbnail").status_code == 404


def test_a_listing_that_changed_after_its_verdict_says_what(client: TestClient, session: Session) -> None:
    with session.write() as connection:
        kind = VerdictKind.UNRELATED
        add_verdict(connection, session.owner.id, 1, kind, note=None, decided_by="ann", now=now())
    assert "Changed since" not in client.get("/suspects/1").text
    new = (png(drawn("red")), png(drawn("green")))
    add_suspect(session, "Lamp", picture=png(THEIRS), more_pictures=new, price="12")
    page = client.get("/suspects/1").text
    assert "Changed since the verdict:</strong> price 48.90 EUR → 12 EUR, 1 new picture." in page
    said = client.get("/api/v1/suspects/1").json()
    assert [one["field"] for one in said["changes"]] == ["price", "images"]
    assert (said["changes"][0]["before"], said["changes"][0]["after"]) == ("48.90 EUR", "12 EUR")
    history = page.split('id="history"')[1]
    assert "<del>48.90 EUR</del> → <ins>12 EUR</ins>" in history and "as it was first seen" in history


def test_changes_are_told_field_by_field_and_order_of_pictures_is_none() -> None:
    images = tuple(ListingImage(url=f"u{number}", sha256=str(number) * 64) for number in (1, 2))
    facts = ListingFacts(url="u", title="a", images=images, seller=SellerFacts(key="k"))
    turned = ListingFacts(url="u", title="b", images=images[::-1], seller=SellerFacts(key="k", name="Kim"))
    assert [(one.field, one.before, one.after) for one in changes_between(facts, turned)] == [
        ("seller", "k", "Kim"),
        ("title", "a", "b"),
    ]
    assert changes_between(facts, facts) == ()
