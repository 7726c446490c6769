"""Settings of the ledger and of the metrics on it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, model_validator

from clv_cli.settings.base import Model, Ratio


class IntervalFactor(Model):
    """How many of an interval make a month."""

    day: Ratio = Field(Fraction(365, 12), description="days in a month")
    week: Ratio = Field(Fraction(52, 12), description="weeks in a month")
    month: Ratio = Field(Fraction(1), description="months in a month")
    quarter: Ratio = Field(Fraction(1, 3), description="quarters in a month")
    year: Ratio = Field(Fraction(1, 12), description="years in a month")


class Mrr(Model):
    """What counts as monthly recurring revenue: one switch a question on which vendors disagree."""

    basis: Literal["lines", "subscriptions", "compare"] = Field(
        "lines",
        description="source of truth: invoice lines, the subscription table's prices, or lines compared with it",
    )
    interval_factor: IntervalFactor = Field(
        default_factory=IntervalFactor, description="how many of each interval make a month"
    )
    rounding: Literal["exact", "cents_per_line"] = Field(
        "exact", description="MRR of a line: exact, or rounded to whole minor units"
    )
    discounts: Literal["all", "recurring", "forever_only", "none"] = Field(
        "all",
        description="discounts taken off: all, repeating and forever ones, forever ones, none",
    )
    tax: Literal["exclude", "include"] = Field("exclude", description="tax on top of a line")
    one_off: Literal["exclude", "dated"] = Field(
        "exclude", description="one-off lines: never, or those with a service period"
    )
    usage: Literal["exclude", "by_period", "last_month", "trailing_3m"] = Field(
        "exclude",
        description="metered lines: never, over their period, in their month, or the mean of three months",
    )
    trials: Literal["exclude", "at_price"] = Field(
        "exclude", description="trials: never, or at quantity x unit price"
    )
    free: Literal["churn", "keep_active"] = Field(
        "churn", description="a paying customer on a plan of 0: lost, or still a customer"
    )
    paused: Literal["own_line", "churn", "keep"] = Field(
        "own_line",
        description="a paused subscription: 0 on its own line of the roll-forward, churn, or counted on",
    )
    paused_max_days: int | None = Field(
        90, ge=1, description="a pause that lasts longer becomes churn; null: never"
    )
    proration: Literal["price", "factor", "exclude"] = Field(
        "price",
        description="MRR of a prorated line: quantity x unit price, the amount scaled up by its period, or none",
    )
    proration_snap: Ratio = Field(
        Fraction(2, 100),
        ge=0,
        le=1,
        description="a scaled proration this close to the renewal's increment becomes it; 0: never",
    )
    credit_notes: Literal["at_issue", "ignore", "retroactive"] = Field(
        "at_issue",
        description="a credit note with a service period lowers MRR from its issue, never, or from its period",
    )
    refunds: Literal["ignore", "at_issue", "retroactive"] = Field(
        "ignore", description="a cash refund with a service period, likewise"
    )
    negative: Literal["allow", "fail"] = Field(
        "allow", description="a customer below 0: a finding, or the run stops; never clipped"
    )
    overlaps: Literal["allow", "fail"] = Field(
        "allow", description="overlapping lines of one subscription: a finding, or the run stops"
    )


class Churn(Model):
    """When a customer counts as lost and as won back."""

    date: Literal["period_end", "cancel_effective", "cancel_request"] = Field(
        "period_end",
        description="revenue stops at the end of what was paid, when the subscription ends, or when asked to",
    )
    grace_days: int | None = Field(
        30, ge=0, description="an unpaid line counts for so many days after it fell due; null: on"
    )
    book: Literal["detection", "service_end"] = Field(
        "detection",
        description="unpaid churn is booked when the grace ends, or back on the day payment was due",
    )
    bridge_gap_days: int = Field(
        7, ge=0, le=27, description="a renewal this many days late is no churn"
    )
    reactivation_window_days: int | None = Field(
        None, ge=1, description="a return after more days than this is new business; null: never"
    )


class Movements(Model):
    """How changes of MRR are booked."""

    mode: Literal["snapshot", "events"] = Field(
        "snapshot",
        description="month end against month end, or every change of a month by itself",
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

    mode: Literal["period_end", "service_start", "constant", "per_currency"] = Field(
        "period_end",
        description="MRR at the rate of the month's end, of each line's first day, of one day, or only base_currency",
    )
    constant_on: date | None = Field(None, description="the day of fx.mode: constant")
    max_age_days: int = Field(7, ge=0, description="an older rate than this is a missing rate")

    @model_validator(mode="after")
    def _constant_has_a_day(self) -> Self:
        if self.mode == "constant" and self.constant_on is None:
            raise ValueError("mode constant needs constant_on, such as 2026-01-31")
        return self
