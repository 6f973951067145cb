"""Reasons, their weights, and how they combine."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.reason_words import reason_words
from counterfoil.models import (
    Brand,
    ListingFacts,
    Match,
    MatchDecision,
    MatchKind,
    PriceRange,
    Product,
    Reason,
    ReasonKind,
    Score,
    Transform,
)
from counterfoil.rates import RateTable
from counterfoil.scoring import authorised, combine, score
from counterfoil.scoring.names import read_title
from counterfoil.scoring.pictures import picture_reason
from counterfoil.scoring.profile import make_profile
from counterfoil.scoring.replicas import replica_reason

EUROS = PriceRange(low=Decimal(200), high=Decimal(260), currency="EUR")
RATES = RateTable(as_of=date(2026, 11, 23), base="EUR", rates={"USD": Decimal("1.10")})


def scored(
    title: str,
    *,
    brand: str = "Nordwind",
    aliases: tuple[str, ...] = (),
    keywords: tuple[str, ...] = (),
    matches: tuple[Match, ...] = (),
    rates: RateTable | None = RATES,
    **facts: object,
) -> Score:
    product = Product(
        id=1,
        owner_id=1,
        brand_id=1,
        name=f"{brand} Trail Jacket",
        aliases=("外套",),
        keywords=keywords,
        price_range=EUROS,
    )
    profile = make_profile(product, Brand(id=1, owner_id=1, name=brand, aliases=aliases))
    listing = ListingFacts(url="https://shop.test/1", title=title, **facts)  # type: ignore[arg-type]
    made = score(listing, read_title(title), profile, matches, rates, replica_reason(listing))
    # What pages put into the reader's language says in English what the judge has written down.
    assert [reason_words(reason) for reason in made.reasons] == [reason.text for reason in made.reasons]
    return made


def kinds(found: Score) -> set[ReasonKind]:
    return {reason.kind for reason in found.reasons}


def reason(found: Score, kind: ReasonKind) -> Reason:
    return next(reason for reason in found.reasons if reason.kind is kind)


def match(distance: int, confidence: float) -> Match:
    return Match(
        image_sha256="a" * 64,
        reference_image_id=7,
        product_id=1,
        distance=distance,
        score=confidence,
        stage="hash",
    )


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=6))
def test_reasons_combine_to_a_score_between_the_weightiest_and_one(weights: list[float]) -> None:
    made = combine(tuple(Reason(kind=ReasonKind.BRAND_NAMED, weight=weight, text="") for weight in weights))
    assert max(weights, default=0) - 1e-9 <= made.value <= 1
    assert [one.weight for one in made.reasons] == sorted(weights, reverse=True)


def test_a_listing_that_shares_nothing_scores_nothing() -> None:
    assert scored("Oak table with four chairs", price=Decimal(1), currency="EUR") == Score(value=0, reasons=())


def test_a_copied_picture_weighs_by_its_confidence_and_names_its_evidence() -> None:
    sure, unsure = scored("Coat", matches=(match(4, 1.0),)), scored("Coat", matches=(match(40, 0.8),))
    assert (sure.value, unsure.value) == (pytest.approx(0.75), pytest.approx(0.6))
    evidence = reason(sure, ReasonKind.IMAGE_COPY).evidence
    assert (evidence["image"], evidence["distance"], evidence["bits"]) == ("a" * 64, 4, 256)


@pytest.mark.parametrize(
    ("decision", "weight", "words"),
    [
        (
            MatchDecision.CONFIRMED,
            0.6,
            "a picture is a mirrored and turned copy of your photo (71% of",
        ),
        (MatchDecision.REVIEW, 0.35, "a picture may be a mirrored and turned copy"),
        (MatchDecision.UNVERIFIED, 0.55, "a picture that is no longer stored seems to be a mirrored and turned copy"),
    ],
)
def test_weight_and_words_follow_the_decision(decision: MatchDecision, weight: float, words: str) -> None:
    corners = ((10.0, 0.0), (0.0, 0.0), (0.0, 10.0), (10.0, 10.0))
    turned = Transform(mirrored=True, rotation=355.0, scale=0.5, quadrangle=corners)
    found = replace(match(0, 0.7), decision=decision, distance=None, agreement=0.71, transform=turned, stage="features")
    said = reason(scored("Coat", matches=(found,)), ReasonKind.IMAGE_COPY)
    assert said.weight == pytest.approx(weight)
    assert said.text.startswith(words)
    assert (said.evidence["decision"], said.evidence["transform"]["mirrored"]) == (decision, True)


def test_the_same_product_photographed_anew_weighs_as_much_as_its_name_and_less_than_any_copy() -> None:
    anew = replace(match(0, 0.9), kind=MatchKind.SAME_PRODUCT, distance=None, stage="print")
    alike = replace(anew, decision=MatchDecision.REVIEW, one_of=(8, 9))
    reasons = [picture_reason((one,)) for one in (anew, alike)]
    assert [reason.weight for reason in reasons if reason] == [0.15, 0.08]
    assert [reason_words(reason) for reason in reasons if reason] == [reason.text for reason in reasons if reason]
    assert reasons[1] is not None
    assert "one that cannot be told from it" in reasons[1].text
    assert reasons[1].evidence["one_of"] == [8, 9]
    copied = picture_reason((anew, replace(match(4, 0.9), decision=MatchDecision.REVIEW)))
    assert copied is not None
    assert copied.evidence["kind"] == "copy"


def test_a_confirmed_match_comes_before_one_to_be_reviewed() -> None:
    doubtful = replace(match(4, 0.9), decision=MatchDecision.REVIEW)
    assert scored("Coat", matches=(doubtful, match(4, 0.85))).value == pytest.approx(0.75 * 0.85)


def test_the_best_of_many_matches_counts_once() -> None:
    assert scored("Coat", matches=(match(40, 0.8), match(4, 1.0))).value == pytest.approx(0.75)


@pytest.mark.parametrize(
    "title",
    [
        "Nоrdwind coat",
        "N0rdwind coat",
        "Nordwіnd coat",
        "N.o.r.d.w.i.n.d coat",
        "N o r d w i n d coat",
        "N-O-R-D-W-I-N-D",
    ],
)
def test_a_disguised_brand_is_seen(title: str) -> None:
    assert reason(scored(title), ReasonKind.BRAND_DISGUISED).weight == 0.5


@pytest.mark.parametrize("title", ["Nordvind coat", "Nordwnd coat", "Nordwiind coat", "Norwdind coat"])
def test_a_misspelt_brand_is_seen_and_weighs_less(title: str) -> None:
    assert reason(scored(title), ReasonKind.BRAND_DISGUISED).weight == 0.35


@pytest.mark.parametrize(
    "title", ["Nordwind coat, N0rdwind", "NORDWIND® coat", "Nordwind's coat", "ＮＯＲＤＷＩＮＤ coat"]
)
def test_the_plain_name_is_no_disguise(title: str) -> None:
    found = scored(title)
    assert ReasonKind.BRAND_NAMED in kinds(found)
    assert ReasonKind.BRAND_DISGUISED not in kinds(found)


@pytest.mark.parametrize(
    ("brand", "title"),
    [
        ("Ünik", "Unik bag"),
        ("Unik", "ÜNIK bag"),
        ("Coca-Cola", "CocaCola cup"),
        ("Coca-Cola", "coca cola cup"),
        ("小米", "小米手机"),
    ],
)
def test_honest_variants_of_a_name_are_the_name(brand: str, title: str) -> None:
    assert kinds(scored(title, brand=brand)) == {ReasonKind.BRAND_NAMED}


def test_a_title_in_another_script_is_no_disguise() -> None:
    assert scored("Роса утренняя, чай зелёный", brand="Roca").reasons == ()


def test_an_alias_is_a_name_of_the_brand() -> None:
    assert ReasonKind.BRAND_NAMED in kinds(scored("北风 coat", aliases=("北风",)))


@pytest.mark.parametrize(
    ("title", "weight"),
    [
        ("Nordwind Trail Jacket", 0.2),
        ("Trail-Jacket Nordwind", 0.2),
        ("Nordwind 女外套", 0.2),
        ("Nordwind anorak", 0.15),
    ],
)
def test_the_product_is_named_by_name_alias_or_keyword(title: str, weight: float) -> None:
    found = scored(title, keywords=("anorak",))
    assert reason(found, ReasonKind.PRODUCT_NAMED).weight == weight


@pytest.mark.parametrize(
    "word", ["replica", "Réplique", "AAA quality", "1:1 quality", "高仿", "реплика", "レプリカ", "super copy"]
)
def test_words_for_a_fake_count_beside_the_brand(word: str) -> None:
    assert reason(scored(f"Nordwind coat {word}"), ReasonKind.REPLICA_WORDS).weight == 0.5
    assert scored(f"Oak table {word}").reasons == ()
    assert ReasonKind.REPLICA_WORDS in kinds(scored("Nordwind coat", description=f"This is {word}."))


@pytest.mark.parametrize(
    "title",
    [
        "Nordwind coat, no replica",
        "Nordwind coat 100% genuine, not fake",
        "Nordwind not a copy, not a replica",
        "Nordwind 非高仿",
    ],
)
def test_a_denied_word_does_not_count(title: str) -> None:
    assert ReasonKind.REPLICA_WORDS not in kinds(scored(title))


def test_a_low_price_weighs_more_the_lower_it_is() -> None:
    weights = []
    for price in (60, 80, 100, 120, 140):
        found = scored("Nordwind Trail Jacket", price=Decimal(price), currency="EUR")
        weights.append(reason(found, ReasonKind.PRICE_LOW).weight)
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == weights[1] == 0.55


@pytest.mark.parametrize("price", ["195", "220", "900", "0"])
def test_an_honest_price_and_a_price_of_zero_are_no_reason(price: str) -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(price), currency="EUR")
    assert kinds(found) == {ReasonKind.BRAND_NAMED, ReasonKind.PRODUCT_NAMED}


def test_a_price_counts_only_where_the_listing_is_tied_to_the_product() -> None:
    assert ReasonKind.PRICE_LOW not in kinds(scored("Nordwind cap", price=Decimal(20), currency="EUR"))
    assert scored("Trail tent", price=Decimal(20), currency="EUR").reasons == ()
    shown = scored("Coat", matches=(match(0, 1.0),), price=Decimal(20), currency="EUR")
    assert ReasonKind.PRICE_LOW in kinds(shown)


def test_a_range_of_prices_is_judged_by_its_highest() -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(5), price_max=Decimal(220), currency="EUR")
    assert ReasonKind.PRICE_LOW not in kinds(found)


@pytest.mark.parametrize("condition", ["used", "https://schema.org/UsedCondition", "RefurbishedCondition"])
def test_a_used_article_may_be_cheap(condition: str) -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(60), currency="EUR", condition=condition)
    assert reason(found, ReasonKind.PRICE_LOW).weight == pytest.approx(0.275)


def test_a_price_in_another_currency_is_converted() -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(88), currency="USD")
    assert reason(found, ReasonKind.PRICE_LOW).evidence["ratio"] == 0.4
    assert ReasonKind.PRICE_LOW not in kinds(scored("Nordwind Trail Jacket", price=Decimal(220), currency="USD"))


@pytest.mark.parametrize(("currency", "rates"), [("CHF", RATES), ("USD", None), (None, RATES)])
def test_without_a_rate_or_a_currency_the_price_is_no_reason_and_that_is_said(
    currency: str | None, rates: RateTable | None
) -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(1), currency=currency, rates=rates)
    assert ReasonKind.PRICE_LOW not in kinds(found)
    assert reason(found, ReasonKind.NO_RATE).weight == 0


def test_every_reason_carries_json() -> None:
    import json

    found = scored("N0rdwind Trail Jacket replica", matches=(match(3, 1.0),), price=Decimal(60), currency="USD")
    assert len(found.reasons) == 5
    for one in found.reasons:
        assert json.loads(json.dumps(dict(one.evidence))) == dict(one.evidence)


@pytest.mark.parametrize(
    ("brand", "title"),
    [("Modem", "modern art"), ("Solo", "model 5010"), ("Lili", "Illi lamp"), ("Solo", "size 5010 mm")],
)
def test_an_ordinary_word_or_number_is_no_disguise(brand: str, title: str) -> None:
    assert scored(title, brand=brand).reasons == ()


def test_a_plural_is_the_plain_name() -> None:
    assert kinds(scored("Two Nordwinds")) == {ReasonKind.BRAND_NAMED}


@pytest.mark.parametrize(
    "text", ["fake fur collar", "1:1 scale", "scale 1:1", "レプリカではありません", "replika değil"]
)
def test_a_material_a_scale_and_a_later_denial_do_not_count(text: str) -> None:
    assert ReasonKind.REPLICA_WORDS not in kinds(scored(f"Nordwind coat {text}"))


@pytest.mark.parametrize("price", ["NaN", "Infinity", "9E+999999"])
def test_a_price_that_cannot_be_is_no_reason(price: str) -> None:
    found = scored("Nordwind Trail Jacket", price=Decimal(price), currency="USD")
    assert kinds(found) == {ReasonKind.BRAND_NAMED, ReasonKind.PRODUCT_NAMED}


def test_an_authorised_seller_is_named_in_words_and_what_an_older_judge_kept_is_said_as_it_was_written() -> None:
    for name, said in (("Acme shop", "the seller Acme shop is authorised"), (None, "the seller s-1 is authorised")):
        (only,) = authorised("s-1", name).reasons
        assert reason_words(only) == only.text == said
    for kind in ReasonKind:
        older = Reason(kind=kind, weight=0.1, text="as it was written", evidence={"distance": 3})
        assert reason_words(older) == "as it was written"
