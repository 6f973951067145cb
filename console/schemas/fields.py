"""Fields that several schemas have."""

import re
from decimal import Decimal
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo

_LARGEST_ID = 2**63 - 1
_SHA256 = r"^[0-9a-f]{64}$"
# Letters of any script and at least one that shows; no control characters: PostgreSQL keeps no NUL.
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"


# The context in which a form is read: what a person types is text. (In JSON a number is a number.)
TYPED = {"typed": True}


def _no_text(value: object, info: ValidationInfo) -> object:
    # pydantic also takes "7" and true.
    if isinstance(value, str | bool) and info.context != TYPED:
        raise ValueError("expected a whole number, such as 7, without quotes")
    return value


Whole = Annotated[int, BeforeValidator(_no_text)]
Id = Annotated[Whole, Field(ge=1, le=_LARGEST_ID)]
PathId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
Sha256 = Annotated[str, Field(pattern=_SHA256)]
PathSha256 = Annotated[str, Path(pattern=_SHA256)]

Line100 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_LINE)]
Line200 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_LINE)]
Line300 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=_LINE)]


def _written(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else value


# An exact decimal, as text: JSON's numbers are read as binary fractions.
Amount = Annotated[str, BeforeValidator(_written)]


def _spelt_as_time(value: object) -> object:
    # pydantic also takes a bare number, for seconds since 1970.
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("expected a time with its zone, such as 2026-03-01T12:00:00Z")
    return value


# RFC 3339, with a zone: a time without one means something else on every machine.
Moment = Annotated[AwareDatetime, BeforeValidator(_spelt_as_time)]


class Said(BaseModel):
    """What a program sends: nothing that we do not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """What is answered, made from a domain type."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
