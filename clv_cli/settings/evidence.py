"""Settings of measured evidence: what CS saved, what customers say, what drives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from clv_cli.settings.base import Model, Names

Share = Annotated[Decimal, Field(gt=0, lt=1)]


class Rescue(Model):
    """What help brought: customers flagged as at risk and helped, against those flagged and not helped."""

    grace_days: int = Field(
        30, ge=1, le=180, description="days after a risk flag in which a touch counts as help"
    )
    not_help: Names = Field(
        ("ticket",),
        description="types of touches that customers begin themselves: a sign of trouble, not help",
    )
    outcome_months: int = Field(
        12, ge=1, le=36, description="months after them in which net revenue is compared"
    )
    apart_days: int = Field(
        365, ge=1, description="a customer's flags within this many days are one episode"
    )
    trim_above: Annotated[Decimal, Field(gt=0, le=1)] = Field(
        Decimal("0.85"),
        description="episodes likelier than this to be helped have no counterpart and are left out",
    )
    min_group: int = Field(50, ge=10, description="fewest helped, and fewest unhelped, episodes")
    min_effective: int = Field(
        50, ge=10, description="fewest unhelped episodes after weighting, as equally weighted ones"
    )
    max_imbalance: Share = Field(
        Decimal("0.25"), description="largest difference left between the groups, in std deviations"
    )
    max_off_support: Share = Field(
        Decimal("0.05"), description="largest share of helped episodes without any counterpart"
    )
    max_top_weight: Share = Field(
        Decimal("0.25"), description="largest share of all weight on 1 % of the unhelped episodes"
    )


class Survey(Model):
    """What customers say influenced their purchase (surveys of kind influence)."""

    cs_choices: Names = Field(
        ("customer_success", "success", "support"),
        description="options of the influence question that name CS; k options ticked get 1/k each",
    )
    min_answers: int = Field(100, ge=2, description="fewer answers than this: no interval")
    min_effective: int = Field(
        50, ge=2, description="fewer answers than this after weighting by money: no interval"
    )
    by_segment: bool = Field(
        default=False,
        description="weigh answers so that each segment counts as in all purchases asked about",
    )


class InSync(Model):
    """What initiatives changed: units in sync with customers' aims, against units that were not."""

    before_months: int = Field(
        12,
        ge=4,
        le=36,
        description="months before an initiative that are compared with those after",
    )
    after_months: int = Field(
        24, ge=3, le=60, description="at most so many months after its start are looked at"
    )
    min_units: int = Field(
        20, ge=5, description="fewer units (product x segment) than this cannot tell it from chance"
    )


class Evidence(Model):
    """Measured evidence."""

    confidence: Share = Field(Decimal("0.95"), description="coverage of every interval")
    rescue: Rescue = Field(
        default_factory=Rescue, description="what help of customers at risk brought"
    )
    survey: Survey = Field(default_factory=Survey, description="what customers say")
    in_sync: InSync = Field(default_factory=InSync, description="what initiatives changed")
    low_score: Share = Field(
        Decimal("0.7"), description="answers below this share of the scale are a complaint"
    )
