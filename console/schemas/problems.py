"""Errors, as RFC 9457 has them."""

from pydantic import BaseModel, Field


class WrongField(BaseModel):
    """A part of the request that does not have the form it must have."""

    where: str
    what: str


class Problem(BaseModel):
    """Why a request was refused: `detail` for people, `code` for programs."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no brand 7: see `counterfoil brand list`."])
    code: str = Field(examples=["not_found"])
    errors: list[WrongField] | None = None
