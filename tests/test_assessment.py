"""One listing against everything that one owner registered."""

import io
from decimal import Decimal

import numpy as np
from PIL import Image, ImageDraw

from counterfoil.assessment import JUDGE_VERSION, Judge
from counterfoil.fingerprints import FINGERPRINT_VERSION, Sketch, sketch
from counterfoil.matching import MATCHING_VERSION, ReferenceBank
from counterfoil.models import (
    Assessment,
    Brand,
    ListingFacts,
    PriceRange,
    Product,
    ReasonKind,
    Reference,
    RegisteredProduct,
    Registry,
    SellerFacts,
)
from counterfoil.scoring import SCORING_VERSION

NORDWIND, OSTERMANN = Brand(id=1, owner_id=1, name="Nordwind"), Brand(id=2, owner_id=1, name="Ostermann")
EUROS = PriceRange(low=Decimal(200), high=Decimal(260), currency="EUR")


def picture(seed: int, quality: int = 90) -> Sketch:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, side = (int(value) for value in rng.integers(10, 290, 3))
        draw.rectangle(
            (x, y, x + side // 3, y + side // 4), fill=tuple(int(value) for value in rng.integers(0, 256, 3))
        )
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return sketch(file.getvalue())


def registered(
    number: int, name: str, *pictures: Sketch, brand: Brand = NORDWIND
) -> tuple[RegisteredProduct, dict[str, Sketch]]:
    product = Product(id=number, owner_id=1, brand_id=brand.id, name=name, price_range=EUROS)
    references = tuple(
        Reference(reference_image_id=number * 100 + place, product_id=number, fingerprint=kept.fingerprint)
        for place, kept in enumerate(pictures)
    )
    made = RegisteredProduct(product=product, brand=brand, references=references)
    return made, {one.fingerprint.image_sha256: one for one in pictures}


class Owner:
    """A judge with the references that it judges by."""

    def __init__(self, registry: Registry, sketches: dict[str, Sketch]) -> None:
        self._judge = Judge(registry)
        references = [reference for one in registry.products for reference in one.references]
        self._bank = ReferenceBank(references, sketches)

    def assess(self, facts: ListingFacts, marketplace: str, *pictures: Sketch) -> tuple[Assessment, ...]:
        found = [match for one in pictures for match in self._bank.match(one)]
        return self._judge.assess(facts, marketplace, found)


def judge(
    *products: tuple[RegisteredProduct, dict[str, Sketch]], authorised: frozenset[tuple[str, str]] = frozenset()
) -> Owner:
    made = tuple(product for product, _ in products)
    sketches = {name: one for _, some in products for name, one in some.items()}
    return Owner(Registry(owner_id=1, revision=1, products=made, authorised_sellers=authorised), sketches)


def listing(title: str, *, seller: str = "someone", price: str | None = None) -> ListingFacts:
    return ListingFacts(
        url="https://shop.test/1",
        title=title,
        price=None if price is None else Decimal(price),
        currency="EUR",
        seller=SellerFacts(key=seller),
    )


def test_the_judges_version_names_all_its_parts() -> None:
    assert all(part in JUDGE_VERSION for part in (FINGERPRINT_VERSION, MATCHING_VERSION, SCORING_VERSION))


def test_a_copied_photo_gives_an_assessment_of_its_product_alone() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), registered(2, "City Coat", picture(2)))
    (assessment,) = owner.assess(listing("warm thing"), "market", picture(1, 30), picture(9))
    assert (assessment.product_id, assessment.judge_version) == (1, JUDGE_VERSION)
    assert [match.reference_image_id for match in assessment.matches] == [100]
    assert assessment.score.value > 0.7


def test_sister_products_with_one_photo_are_each_assessed() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), registered(2, "Trail Jacket Pro", picture(1)))
    assessed = owner.assess(listing("warm thing"), "market", picture(1, 30))
    assert [assessment.product_id for assessment in assessed] == [1, 2]


def test_the_best_assessment_comes_first() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), registered(2, "City Coat", picture(2)))
    assessed = owner.assess(listing("Nordwind City Coat", price="40"), "market", picture(1, 30), picture(2, 30))
    assert [assessment.product_id for assessment in assessed] == [2, 1]


def test_a_listing_that_shares_nothing_is_not_assessed() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)))
    assert owner.assess(listing("Oak table", price="1"), "market", picture(9)) == ()


def test_an_authorised_seller_scores_nothing_and_that_is_the_only_reason() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), authorised=frozenset({("market", "shop-7")}))
    facts = listing("Nordwind Trail Jacket replica", seller="shop-7", price="1")
    (assessment,) = owner.assess(facts, "market", picture(1))
    assert assessment.score.value == 0
    assert [reason.kind for reason in assessment.score.reasons] == [ReasonKind.SELLER_AUTHORISED]
    assert assessment.matches


def test_a_seller_is_authorised_on_one_marketplace_only() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), authorised=frozenset({("market", "shop-7")}))
    (assessment,) = owner.assess(listing("Coat", seller="shop-7"), "elsewhere", picture(1))
    assert assessment.score.value > 0.7


def test_an_authorised_seller_of_something_else_is_not_mentioned() -> None:
    owner = judge(registered(1, "Trail Jacket"), authorised=frozenset({("market", "shop-7")}))
    assert owner.assess(listing("Oak table", seller="shop-7"), "market") == ()


def test_a_listing_that_names_one_product_is_not_held_against_the_others() -> None:
    owner = judge(registered(1, "Trail Jacket"), registered(2, "City Coat"), registered(3, "Sun Hat", brand=OSTERMANN))
    assessed = owner.assess(listing("Nordwind City Coat"), "market")
    assert [assessment.product_id for assessment in assessed] == [2]


def test_judging_twice_gives_the_same() -> None:
    owner = judge(registered(1, "Trail Jacket", picture(1)), registered(2, "City Coat"))
    facts, copy = listing("N0rdwind Trail Jacket 高仿", price="40"), picture(1, 30)
    assert owner.assess(facts, "market", copy) == owner.assess(facts, "market", copy)


def test_an_owner_with_nothing_registered_suspects_nothing() -> None:
    assert judge().assess(listing("Nordwind"), "market", picture(1)) == ()
