"""Settings of revenue moments: their thresholds, who acts, and what is held back."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from clv_cli.settings.base import Model, Names, Ratio

Levels = tuple[Annotated[int, Field(gt=0)], ...]
Share = Annotated[Ratio, Field(gt=0, lt=1)]


class Milestones(Model):
    """What is worth a thank-you."""

    purchases: Levels = Field(
        (1, 10, 25, 50, 100, 250, 500), description="the Nth invoice that somebody pays for"
    )
    spend: Levels = Field(
        (1_000, 10_000, 100_000),
        description="net billed to date, in whole units of the base currency",
    )
    tenure_years: Levels = Field((1, 2, 3, 5, 10), description="years since the first invoice")
    usage: Levels = Field((10_000, 1_000_000), description="units of a metric used to date")


class Quota(Model):
    """When use comes near what the plan allows, or stays far below it."""

    near: Ratio = Field(
        Fraction(4, 5), gt=0, lt=1, description="share of the quota that is near it"
    )
    sustained_months: int = Field(
        2, ge=2, le=12, description="complete months over the quota in a row"
    )
    projected_after_days: int = Field(
        7, ge=1, le=27, description="days of a month before its use is projected to its end"
    )
    under: Share = Field(
        Fraction(3, 10), description="below this share of the quota is far under it"
    )
    under_months: int = Field(2, ge=1, le=12, description="complete months under it in a row")


class Decline(Model):
    """When a customer uses less than it used to: itself against itself."""

    baseline_months: int = Field(
        6, ge=1, le=24, description="months whose median is what the customer used to use"
    )
    apart_months: int = Field(
        3,
        ge=0,
        le=12,
        description="months between them and the month judged, so that slow falls show",
    )
    watch: Share = Field(Fraction(22, 100), description="a month this far below it is a decline")
    alert: Share = Field(Fraction(1, 2), description="a month this far below it is an alert")
    confirmed: Share = Field(
        Fraction(1, 10), description="the month before must be this far below it, too"
    )
    min_peers: int = Field(
        20,
        ge=2,
        description="customers of a segment needed to tell its season; fewer: no adjustment",
    )


class Moments(Model):
    """Whom to talk to, why, and what is said once."""

    window_days: int = Field(
        31, ge=1, le=366, description="moments of so many days are listed, and caught up on"
    )
    cool_down_days: int = Field(
        90, ge=0, description="a moment is silent so long after the last of its kind and subject"
    )
    quiet_days: int = Field(
        30, ge=0, description="no upsell so many days after a customer gave alarm"
    )
    holdout: Ratio = Field(
        Fraction(0),
        ge=0,
        le=Fraction(1, 2),
        description="share of customers left alone, so that what moments bring can be measured",
    )
    holdout_salt: str = Field("clv", description="another word draws another group")
    milestones: Milestones = Field(default_factory=Milestones, description="milestones")
    quota: Quota = Field(default_factory=Quota, description="use against the plan's quota")
    decline: Decline = Field(default_factory=Decline, description="falling use")
    gauges: Names = Field(
        ("seats", "users", "active_users", "members", "licences", "storage"),
        description="metrics that are a level, not a sum: of a month the last value counts",
    )
    renewal_days: tuple[Annotated[int, Field(ge=0, le=366)], ...] = Field(
        (30, 7, 0), description="days before the end of a term on which to talk"
    )
    renewal_min_months: int = Field(
        3, ge=1, le=60, description="shorter terms renew by themselves: no moment"
    )
    card_days: int = Field(30, ge=1, le=180, description="days before a card expires")
    dormant_days: int = Field(
        30, ge=1, description="days without service or purchase after which a return is a win-back"
    )
    min_support: int = Field(
        20, ge=2, description="customers with both products, so that a pair is told as cross-sell"
    )
    off: Names = Field((), description="kinds that are not looked for")
    plays: dict[str, str] = Field(
        default_factory=dict, description="kind: what to do, in your words"
    )
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="kind: who acts; default: the account's owner, or the kind's",
    )
    priorities: dict[str, Annotated[int, Field(ge=1, le=9)]] = Field(
        default_factory=dict,
        description="kind: 1 comes first; within one the money at stake decides",
    )

    @model_validator(mode="after")
    def _alert_is_beyond_watch(self) -> Moments:
        if self.decline.alert <= self.decline.watch:
            raise ValueError("decline.alert must be larger than decline.watch")
        return self
