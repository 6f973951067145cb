"""What people type into forms about what they register, checked by the same schemas as what programs send."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from console.schemas.fields import TYPED
from console.schemas.registry import ProductShown
from console.translation import gettext as _
from counterfoil.exceptions import InvalidInput

M = TypeVar("M", bound=BaseModel)


class Wrong(Exception):
    """What cannot be taken, by the name of the form's field."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = fields


class Messages(dict[str, str]):
    """What is wrong by field, with nothing to say of all others: templates ask for every field."""

    def __missing__(self, field: str) -> str:
        """Nothing is wrong with it."""
        return ""


def read_day(text: str) -> datetime | None:
    """When a day begins, in UTC; None where the field was left empty. Raises InvalidInput for what is no day."""
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except ValueError as error:
        raise InvalidInput(_("%(text)r is no day: expected one such as 2026-03-31.") % {"text": text}) from error


class SaidProduct(BaseModel):
    """A product as the form has it: lists are one to a line, and everything is text."""

    name: str = ""
    brand_id: str = ""
    sku: str = ""
    keywords: str = ""
    aliases: str = ""
    price_low: str = ""
    price_high: str = ""
    currency: str = ""
    official_pages: str = ""

    @classmethod
    def of(cls, shown: ProductShown) -> "SaidProduct":
        """The form filled with what is registered."""
        price = shown.price_range
        return cls(
            name=shown.name,
            brand_id=str(shown.brand_id),
            sku=shown.sku or "",
            keywords="\n".join(shown.keywords),
            aliases="\n".join(shown.aliases),
            price_low=price.low if price else "",
            price_high=price.high if price else "",
            currency=price.currency if price else "",
            official_pages="\n".join(shown.official_pages),
        )

    def as_said(self) -> dict[str, Any]:
        """The same as a program would say it."""
        return {
            "name": self.name,
            "brand_id": self.brand_id,
            "sku": self.sku.strip() or None,
            "keywords": lines_of(self.keywords),
            "aliases": lines_of(self.aliases),
            "price_range": price_said(self.price_low, self.price_high, self.currency),
            "official_pages": lines_of(self.official_pages),
        }


def price_said(low: str, high: str, currency: str) -> dict[str, str] | None:
    """A price range as a program would say it: one bound alone is both; None where nothing is typed."""
    low, high, currency = low.strip(), high.strip(), currency.strip().upper()
    if not (low or high or currency):
        return None
    return {"low": low or high, "high": high or low, "currency": currency}


def lines_of(text: str) -> list[str]:
    """The lines that have something on them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_said(model: type[M], said: Mapping[str, Any]) -> M:
    """What was typed, checked. Raises Wrong, which says for each field what to do."""
    try:
        return model.model_validate(said, context=TYPED)
    except ValidationError as error:
        raise Wrong({_field(one["loc"]): _sentence(one) for one in reversed(error.errors())}) from error


def _field(place: tuple[int | str, ...]) -> str:
    names = [str(part) for part in place if isinstance(part, str)]
    if names[:1] == ["price_range"]:
        return {"low": "price_low", "high": "price_high", "currency": "currency"}.get(names[-1], "price_low")
    return names[0] if names else ""


def _sentence(error: Any) -> str:
    """What to do about one of pydantic's findings."""
    field, kind, context = _field(error["loc"]), error["type"], error.get("ctx", {})
    known = {
        "price_low": _("This is no price: write digits with a point, such as 129.90."),
        "price_high": _("This is no price: write digits with a point, such as 129.90."),
        "currency": _("This is no currency: write its three-letter code, such as EUR."),
        "official_pages": _("This is no web address: write one to a line, such as https://acme.example/trail-30."),
        "brand_id": _("Choose a brand."),
        "jurisdiction": _("Write where the right holds by its code, such as EU, US or CN."),
        "classes": _("Nice classes are numbers from 1 to 45, with commas between them."),
    }
    if field in known:
        return known[field]
    if kind == "string_too_long":
        return _("This is too long: at most {} characters.").format(context.get("max_length"))
    if kind in {"string_too_short", "missing", "string_pattern_mismatch"}:
        return _("This is missing, or has characters in it that do not show.")
    return str(error["msg"])
