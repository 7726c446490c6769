"""Settings of forecasts and plans, and the form of a scenario file."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from clv_cli.settings.base import Model, Ratio


def _change(value: object) -> object:
    """`-10%` or -0.1 as an exact share."""
    if isinstance(value, bool):
        raise ValueError("write a change as -10% or -0.1")  # noqa: TRY004 - pydantic's way
    if isinstance(value, str):
        text = value.strip()
        try:
            share = Fraction(text[:-1].strip()) / 100 if text.endswith("%") else Fraction(text)
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError("write a change as -10% or -0.1") from error
        return share
    if isinstance(value, int | float):
        return Fraction(str(value))
    return value


Change = Annotated[Fraction, BeforeValidator(_change), Field(ge=-1, le=10)]


def _by_name(value: object) -> object:
    """One change for all as that of every name: `{"": change}`."""
    return value if isinstance(value, dict) else {"": value}


Changes = Annotated[dict[str, Change], BeforeValidator(_by_name)]


class Scenario(Model):
    """What is changed; nothing by default."""

    name: str = Field("", description="as printed; default: the file's name")
    churn: Changes = Field(
        default_factory=dict, description="churn, of all or by segment: -10% is a tenth less"
    )
    price: Change = Field(
        Fraction(0),
        description="what customers pay from their next renewal on, and new ones at once",
    )
    expansion: Change = Field(
        Fraction(0), description="points added to the monthly net expansion: 0.2% is 0.2 points"
    )
    spend: Changes = Field(
        default_factory=dict, description="acquisition spend, of all channels or by channel"
    )
    cs: Change = Field(Fraction(0), description="spend on customer success")


class Response(Model):
    """A declared response, in per cent for one per cent more effort: an opinion, not a measurement."""

    low: Ratio = Field(Fraction(0), ge=0, le=5, description="careful")
    mid: Ratio = Field(Fraction(0), ge=0, le=5, description="expected")
    high: Ratio = Field(Fraction(0), ge=0, le=5, description="hopeful")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.mid <= self.high:
            raise ValueError("low, mid and high must not fall")
        return self


class Planning(Model):
    """How far ahead is looked, and what money can do."""

    months: int = Field(12, ge=1, le=24, description="months ahead that are forecast and planned")
    business: Literal["subscription", "ecommerce", "usage"] = Field(
        "subscription",
        description="which levers, series and models fit: contracts that renew (subscription), or "
        "cohorts of buyers (ecommerce, usage)",
    )
    spend_response: Response | None = Field(
        None,
        description="declared: how many % more customers 1 % more spend wins; null: from history",
    )
    cs_response: Response | None = Field(
        None, description="declared: by how many % 1 % more CS effort lowers churn; null: measured"
    )
    keep: Ratio = Field(
        Fraction(1, 2), ge=0, le=1, description="least that a plan leaves a line of today's spend"
    )
    grow: Ratio = Field(
        Fraction(2), ge=1, le=10, description="most that a plan gives a line, times today's spend"
    )
