"""Made-up suspects for measuring indexes: titles and descriptions in Latin and Chinese, seeded."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from counterfoil.models import Reason, ReasonKind, VerdictKind
from indexer.document import SuspectDocument, SuspectImage, SuspectProduct, SuspectSeller

_START = datetime(2026, 1, 1, tzinfo=UTC)
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
_SIGNS = [chr(code) for code in range(0x4E00, 0x4E00 + 1_500)]
_CHINESE_SHARE = 0.3


@dataclass(frozen=True)
class Words:
    """A vocabulary in which few words are frequent and most are rare, as in any language."""

    latin: tuple[str, ...]
    chinese: tuple[str, ...]

    @classmethod
    def make(cls, dice: random.Random, size: int = 20_000) -> "Words":
        """A vocabulary of so many words of each script."""
        latin = {"".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(size)}
        chinese = {"".join(dice.choices(_SIGNS, k=dice.randint(2, 4))) for _ in range(size)}
        return cls(tuple(sorted(latin)), tuple(sorted(chinese)))

    def pick(self, dice: random.Random, *, chinese: bool) -> str:
        """One word; the n-th most frequent is picked about 1/n as often as the first (Zipf)."""
        words = self.chinese if chinese else self.latin
        return words[min(int(len(words) ** dice.random()) - 1, len(words) - 1)]


def make_documents(number: int, seed: int = 1) -> Iterator[SuspectDocument]:
    """So many suspects of one owner."""
    dice = random.Random(seed)
    words = Words.make(random.Random(seed))
    products = [_product(dice, words, number) for number in range(1, 201)]
    for suspect_id in range(1, number + 1):
        yield _document(dice, words, products, suspect_id)


def _document(dice: random.Random, words: Words, products: list[SuspectProduct], suspect_id: int) -> SuspectDocument:
    chinese = dice.random() < _CHINESE_SHARE
    parting = "" if chinese else " "
    seller = int(5_000 * dice.random() ** 3)
    moment = _START + timedelta(seconds=dice.randrange(300 * 86_400), microseconds=dice.randrange(1_000_000))
    score = dice.randrange(5_000, 10_000) / 10_000
    product = products[int(len(products) * dice.random() ** 2)]
    return SuspectDocument(
        id=suspect_id,
        owner_id=1,
        revision=1,
        listing_id=suspect_id,
        marketplace=dice.choice(["bazaar", "souk", "market", "mall"]),
        listing_key=str(10_000_000 + suspect_id),
        url=f"https://shop.example/listing/{10_000_000 + suspect_id}",
        title=parting.join(words.pick(dice, chinese=chinese) for _ in range(8)),
        description=parting.join(words.pick(dice, chinese=chinese) for _ in range(40)),
        price=Decimal(dice.randrange(100, 30_000)) / 100,
        currency=dice.choice(["EUR", "USD", "CNY"]),
        seller=SuspectSeller(key=f"s{seller}", name=f"Seller {seller}"),
        products=(product,),
        score=score,
        reasons=(
            Reason(kind=ReasonKind.IMAGE_COPY, weight=0.75, text="a picture is a copy", evidence={"distance": 12}),
            Reason(kind=ReasonKind.BRAND_NAMED, weight=0.2, text="the title names the brand"),
        ),
        image=SuspectImage(url=f"https://shop.example/{suspect_id}.jpg", sha256=f"{suspect_id:064x}"),
        verdict=dice.choice([None, None, None, VerdictKind.COUNTERFEIT, VerdictKind.LOOKALIKE]),
        first_seen_at=moment,
        last_seen_at=moment + timedelta(days=3),
        first_suspected_at=moment,
        updated_at=moment + timedelta(days=1),
    )


def _product(dice: random.Random, words: Words, number: int) -> SuspectProduct:
    brand = number % 20
    name = words.pick(dice, chinese=False).title()
    return SuspectProduct(id=number, name=name, brand_id=brand, brand_name=words.latin[brand].title(), score=0.8)
