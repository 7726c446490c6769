"""Settings of the health score."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from clv_cli.settings.base import Model, Ratio

Weight = Annotated[int, Field(ge=0, le=100)]


class HealthWeights(Model):
    """How much each part counts; the weight of a part without data goes to the others."""

    usage: Weight = Field(35, description="use of the last three months against the three before")
    payment: Weight = Field(20, description="failed payments")
    support: Weight = Field(15, description="tickets")
    sentiment: Weight = Field(10, description="the latest recommendation score")
    engagement: Weight = Field(10, description="days since Success and the customer last met")
    contract: Weight = Field(10, description="how long the running term still binds")


class Health(Model):
    """The health score, 0 to 100."""

    weights: HealthWeights = Field(
        default_factory=HealthWeights, description="weights of the parts"
    )
    healthy_above: int = Field(75, ge=1, le=99, description="a score above this is green")
    risky_up_to: int = Field(50, ge=0, le=98, description="a score up to this is red")
    window_days: int = Field(
        90, ge=7, le=366, description="days of payments, tickets, and of the churn it is tested on"
    )
    sentiment_days: int = Field(365, ge=30, description="an older answer says nothing")
    worst_tickets: int = Field(5, ge=1, description="so many tickets, or more, score 0")
    usage_floor: Ratio = Field(
        Fraction(1, 2), ge=0, lt=1, description="use that fell to this share, or below, scores 0"
    )
    min_churned: int = Field(
        20, ge=2, description="fewer lost customers than this cannot test the score"
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Health:
        if self.risky_up_to >= self.healthy_above:
            raise ValueError("risky_up_to must be below healthy_above")
        if not any(getattr(self.weights, name) for name in HealthWeights.model_fields):
            raise ValueError("at least one of the weights must be more than 0")
        return self
