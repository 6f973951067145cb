"""Reads prices: exact decimals, never through binary floating point, with an ISO 4217 currency where one is shown."""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from price_parser import Price

from crawlers.currencies import CODES, THREE_DIGITS, WORDS, currency_code, signs

# What the database keeps: NUMERIC(24, 6). More digits are no price of anything.
_MOST_DIGITS = 18
_MOST_PLACES = 6
_LONGEST_TEXT = 60

# How schema.org asks prices to be written: digits with a dot, no thousands separators.
_PLAIN = re.compile(r"\d{1,18}(\.\d{1,12})?", re.ASCII)
_NUMBERS = re.compile(r"\d[\d.,'’\s]*")


@dataclass(frozen=True, slots=True)
class Amount:
    """A price as a page states it; `currency` is None where the text names none."""

    value: Decimal
    currency: str | None = None


def read_price(said: object, used_here: Sequence[str] = ()) -> Amount | None:
    """A price out of structured data: a number, a plain number in a string, or text like "1.299,90 EUR".

    None for what is no price: never a guess. `used_here` settles signs with several meanings.
    """
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, int | float | Decimal):
        return _kept(_exact(said), None)
    if not isinstance(said, str) or len(said) > _LONGEST_TEXT:
        return None
    text = said.strip()
    if _PLAIN.fullmatch(text):
        return _kept(Decimal(text), None)
    if not _has_one_number(text):
        return None
    price = Price.fromstring(text)
    # All that is no number first: price-parser sees only the sign of "US $".
    written = currency_code(_NUMBERS.sub("", text), used_here) or currency_code(price.currency, used_here)
    return _kept(price.amount, written)


def _exact(number: float | Decimal) -> Decimal | None:
    try:
        # repr of a float is the shortest text that means it: 19.9, not 19.89999999999999857...
        return number if isinstance(number, Decimal) else Decimal(repr(number))
    except InvalidOperation:
        return None


def _kept(value: Decimal | None, currency: str | None) -> Amount | None:
    if value is None or not value.is_finite() or value < 0:
        return None
    # Before anything is computed with it: exponents may be as long as somebody cared to write them.
    if not -_MOST_DIGITS <= value.adjusted() < _MOST_DIGITS:
        return None
    value = value.normalize()
    exponent = value.as_tuple().exponent
    if value.adjusted() >= _MOST_DIGITS or not isinstance(exponent, int) or exponent < -_MOST_PLACES:
        return None
    return Amount(value.quantize(Decimal(1)) if exponent > 0 else value, currency)


def _has_one_number(text: str) -> bool:
    """Whether the text holds one number: of "10 - 20" or "2 for 5.00" nobody can say which is the price."""
    return len(_NUMBERS.findall(text)) == 1


@dataclass(frozen=True, slots=True)
class PriceText:
    """The price that a visible text states, from `low` to `high` (None where it is one price).

    `signed` says that it bears a sign or code, whether or not that settles the currency.
    """

    low: Decimal
    high: Decimal | None = None
    currency: str | None = None
    signed: bool = False


@dataclass(frozen=True, slots=True)
class _Number:
    value: Decimal
    currency: str | None
    signed: bool
    start: int
    end: int
    label: str


_LONGEST_PRICE_TEXT = 300
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200b\u202f\u2060\u200e\u200f]+")
_RAND = re.compile(r"\bR(?= ?\d)")
_SPLIT_CENTS = re.compile(r"(\d[.,]) (\d{2})(?!\d)")
_MARK = "|".join(
    (
        rf"\b(?:{'|'.join(sorted(CODES))})\b",
        *(re.escape(one) + (r"(?![^\W\d_])" if any(map(str.isalpha, one)) else "") for one in signs()),
        r"(?:US|C|A|AU|NZ|HK|S|MX|CA|R|NT) \$",
        "￥",
    )
)
# Before a number a sign that begins with a letter stands alone: of "D2S/D2R" none is Peru's.
_ALONE = r"(?:(?<![A-Za-z0-9])|(?![A-Za-z]))"
_AMOUNT = re.compile(
    rf"(?P<before>{_ALONE}(?:{_MARK}))?[ .:]?(?P<minus>[-−])? ?(?P<before2>{_ALONE}(?:{_MARK}))?\.? ?"
    rf"(?P<number>\d(?:[\d.,'’٫٬]|[ ](?=\d{{3}}(?!\d)))*)(?P<cut>[,.][-–—]+)?(?(before)|(?(before2)|"
    rf" ?(?P<after>{_MARK})?))(?P<unit> ?%)?",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:was|were|rrp|msrp|srp|uvp|mrp|list(?: price)?|original(?:ly)?|regular(?: price)?|reg|old price|"
    r"before|statt|"
    r"save|saving|savings|you save|sparen|spare|gespart|off|ahorra|antes|de|economia|desconto|risparmi|invece di|"
    r"listino|prezzo consigliato|au lieu de|économisez|van|adviesprijs|precio anterior|"
    r"cena katalogowa|było|avant|previous(?:ly)?|typical price|compare at|price cut|reduced by|shipping|"
    r"delivery|versand|"
    r"postage|p&p|envío|frete|spedizione|livraison|per month|deposit)\b|"
    r"原价|原價|定价|定價|市价|市價|建議售價|省|運費|运费|定価|送料|قبل",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|sale(?: price)?|our price|special(?: price)?|today|deal|only|jetzt|nur|ahora|por|promocional|ora|"
    r"adesso|"
    r"maintenant|nu|teraz|offer(?: price)?)\b|现价|現價|售价|售價|特价|特價|促销价|促銷價",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"\b(?:price|preis|prix|precio|preço|prezzo|prijs|cena|pris|hinta|цена)\b|价格|價格|価格", re.IGNORECASE
)
_CENTS = re.compile(r"[.,]\d{2} ?$")
_FROM = re.compile(r"\b(?:from|ab|à partir de|desde|od|da|vanaf|a partir de|起)\b|起", re.IGNORECASE)
_RANGE = re.compile(r"^ ?(?:-|–|—|~|〜|～|to|bis|a|à|do|до|至|t/m|tot) ?$", re.IGNORECASE)


def read_price_text(said: str, used_here: Sequence[str] = ()) -> PriceText | None:
    """The price in a text that people read: "US $18.93 - 22.66", "Was £25 Now £20", "GBP 279. 98", "$145.900".

    None where the text states no price, or several of which nobody can say which it is.
    """
    if len(said) > _LONGEST_PRICE_TEXT or not any(character.isdigit() for character in said):
        return None
    text = _SPLIT_CENTS.sub(r"\1\2", _SPACES.sub(" ", _ascii_digits(said)))
    if "ZAR" in used_here:
        # A letter alone is a sign only where it is one: "R8" is a model anywhere else.
        text = _RAND.sub("ZAR ", text)
    numbers = _numbers(text, used_here)
    signed = [number for number in numbers if number.signed]
    pair = _as_range(text, numbers)
    if pair is not None:
        return pair
    candidates = signed or numbers
    current = [one for one in candidates if not _BEFORE.search(one.label) or _last(_NOW, one.label)]
    stated_now = [one for one in current if _NOW.search(one.label)]
    chosen = stated_now if len({one.value for one in current}) > 1 and stated_now else current
    values = {one.value for one in chosen}
    if len(values) != 1 or (not signed and not _is_bare(text, numbers)):
        return None
    currency = next((one.currency for one in chosen if one.currency), None)
    kept = _kept(chosen[0].value, currency)
    return PriceText(kept.value, None, kept.currency, bool(signed)) if kept else None


def _is_bare(text: str, numbers: list[_Number]) -> bool:
    """Whether a text without a currency is a number alone: "40 items" is no price."""
    rest = text[: numbers[0].start] + text[numbers[0].end :] if len(numbers) == 1 else text
    for words in (_NOW, _FROM, _PRICE):
        rest = words.sub("", rest)
    return not any(character.isalnum() for character in rest)


def says_old(label: str) -> bool:
    """Whether a text beside a price says nothing else than that it is an old one: "Was", "RRP:", "statt"."""
    return bool(_BEFORE.fullmatch(label.strip(" \u00a0.:()-–")))


def _last(wanted: re.Pattern[str], label: str) -> bool:
    """Whether the last word that says which price it is, is one of these."""
    found = [match.end() for match in wanted.finditer(label)]
    before = [match.end() for match in _BEFORE.finditer(label)]
    return bool(found) and (not before or found[-1] > before[-1])


def _as_range(text: str, numbers: list[_Number]) -> PriceText | None:
    for low, high in itertools.pairwise(numbers):
        between = text[low.end : high.start]
        fits = _RANGE.match(between) or (between in {"-", " - ", "–"})
        priced = low.signed or high.signed or all(_CENTS.search(text[one.start : one.end]) for one in (low, high))
        if fits and priced and low.value <= high.value and not _BEFORE.search(low.label):
            if {low.currency, high.currency} - {None} and len({low.currency, high.currency} - {None}) > 1:
                return None
            first, last = _kept(low.value, low.currency or high.currency), _kept(high.value, None)
            if first is None or last is None:
                return None
            highest = last.value if last.value != first.value else None
            return PriceText(first.value, highest, first.currency, low.signed or high.signed)
    return None


def _numbers(text: str, used_here: Sequence[str]) -> list[_Number]:
    found: list[_Number] = []
    end = 0
    for match in _AMOUNT.finditer(text):
        label = text[end : match.start()]
        if match["unit"] or len(match["number"]) > 30:
            continue
        if match["minus"] and not (found and not match["before"] and not match["before2"]):
            if match["before"] or match["before2"] or match["after"] or not found:
                end = match.end()
            continue
        mark = match["before"] or match["before2"] or match["after"]
        if mark and mark.upper() in WORDS and mark.upper() not in used_here:
            mark = None
        currency = currency_code(mark, used_here) if mark else None
        value = _visible_number(match["number"].rstrip(".,'’ "), currency or (used_here[0] if used_here else None))
        if value is None:
            continue
        start = match.start("minus") if match["minus"] else match.start()
        found.append(_Number(value, currency, mark is not None, start, match.end(), label))
        if match["minus"]:
            found[-1] = _Number(value, currency, mark is not None, match.start("minus") + 1, match.end(), "")
        end = match.end()
    return found


def _visible_number(digits: str, currency: str | None) -> Decimal | None:
    """The number that people mean by digits with separators; which of them is the decimal one is told by its place."""
    digits = digits.replace(" ", "").replace("'", "").replace("’", "").replace("٬", "").replace("٫", ".")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return Decimal(digits)
    mark, behind = digits[last], digits[last + 1 :]
    mixed = "." in digits and "," in digits
    # A mark that stands there twice parts thousands, and so does one before exactly three digits ("$145.900").
    thousands = digits.count(mark) > 1 or (
        not mixed and len(behind) == 3 and not digits.startswith("0") and currency not in THREE_DIGITS
    )
    whole = digits if thousands else digits[:last]
    plain = whole.replace(".", "").replace(",", "") + ("" if thousands else "." + behind)
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def _ascii_digits(text: str) -> str:
    return "".join(
        str(unicodedata.digit(character)) if character > "\x7f" and character.isdecimal() else character
        for character in text
    )
