"""Settings of the ledger and of the metrics on it."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import Field

from clv_cli.settings.base import Model, Ratio


class IntervalFactor(Model):
    """How many of an interval make a month."""

    day: Ratio = Field(Fraction(365, 12), description="days in a month")
    week: Ratio = Field(Fraction(52, 12), description="weeks in a month")
    month: Ratio = Field(Fraction(1), description="months in a month")
    quarter: Ratio = Field(Fraction(1, 3), description="quarters in a month")
    year: Ratio = Field(Fraction(1, 12), description="years in a month")


class Mrr(Model):
    """What counts as monthly recurring revenue."""

    interval_factor: IntervalFactor = Field(
        default_factory=IntervalFactor, description="how many of each interval make a month"
    )
    proration: Literal["price", "factor", "exclude"] = Field(
        "price",
        description="MRR of a prorated line: quantity x unit price, the amount scaled up by its period, or none",
    )
    credit_notes: Literal["at_issue", "ignore"] = Field(
        "at_issue",
        description="a credit note with a service period lowers MRR from its issue, or never",
    )


class Churn(Model):
    """When a customer counts as lost and as won back."""

    bridge_gap_days: int = Field(
        7, ge=0, le=27, description="a renewal this many days late is no churn"
    )
    reactivation_window_days: int | None = Field(
        None, ge=1, description="a return after more days than this is new business; null: never"
    )


class Nrr(Model):
    """Net and gross revenue retention."""

    months: int = Field(12, ge=1, le=60, description="point to point over this many months")


class Ltv(Model):
    """The articles' customer lifetime value."""

    churn_window_months: int = Field(12, ge=1, description="months of churn pooled into one rate")
    cap_months: int = Field(60, ge=1, description="longest lifetime that is believed")
    min_churn_events: int = Field(
        5, ge=1, description="fewer lost customers than this: no estimate"
    )


class Cac(Model):
    """Customer acquisition cost."""

    window_months: int = Field(12, ge=1, description="months of spend and of new customers")
    lag_months: int = Field(
        1, ge=0, le=12, description="spend precedes the customers it wins by this"
    )
    fully_loaded: bool = Field(
        default=True, description="count sales, onboarding and tools beside marketing"
    )


class Fx(Model):
    """Exchange rates."""

    max_age_days: int = Field(7, ge=0, description="an older rate than this is a missing rate")
