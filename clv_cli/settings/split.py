"""Settings of the CXM / CS / sales split."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from clv_cli.settings.base import Model
from clv_cli.settings.journal import Journal


class Stated(Model):
    """Figures printed elsewhere that the split is compared with."""

    cxm: Decimal | None = Field(None, description="CXM revenue as printed elsewhere")
    cs: Decimal | None = Field(None, description="CS revenue as printed elsewhere")
    sales: Decimal | None = Field(None, description="sales revenue as printed elsewhere")
    total: Decimal | None = Field(None, description="all revenue as printed elsewhere")


class Split(Model):
    """The CXM / CS / sales split of all revenue."""

    method: Literal["declared", "worksheet", "survey", "counterfactual"] = Field(
        "declared",
        description="rules and evidence per line, a top-down worksheet, what buyers say, or what help measurably saved",
    )
    combine: Literal["max", "capped_sum", "noisy_or"] = Field(
        "max", description="how claims of one tier on one line add up; each is symmetric"
    )
    treat_new_as_switched: bool = Field(
        default=False, description="every first purchase counts as switched from a competitor"
    )
    base_months: int = Field(
        12, ge=1, le=36, description="months whose mean is the base of expansion"
    )
    base_min_months: int = Field(
        3,
        ge=1,
        description="with fewer months than this the base is unknown and nothing is expansion",
    )
    cs_window_days: int = Field(
        365,
        ge=1,
        description="days after an at-risk intervention in which purchases are CS revenue",
    )
    referral_days: int = Field(
        365,
        ge=1,
        description="days from a referred customer's first purchase that count as referred",
    )
    cs_weight: Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)] = Field(
        Decimal(1),
        description="share of a purchase after an at-risk intervention that CS is granted; at most six digits, so that it stays exact",
    )
    journal: Journal = Field(default_factory=Journal, description="accounts of the journal export")
    stated: Stated = Field(
        default_factory=Stated, description="figures printed elsewhere, compared with ours"
    )
