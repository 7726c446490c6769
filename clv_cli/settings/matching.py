"""Settings of the match between billing customers and CRM accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from clv_cli.settings.base import Model, Names

Step = Literal["map", "key", "external_id", "email", "domain"]


class Match(Model):
    """Which billing customer is which CRM account; what is not certain stays unmatched."""

    order: tuple[Step, ...] = Field(
        ("map", "key", "external_id", "email", "domain"),
        description="evidence that counts, strongest first; names are only ever suggested",
    )
    free_mail: Names = Field(
        (), description="more e-mail domains that belong to no company, such as your partners'"
    )
    warn_below: Decimal = Field(
        Decimal("0.9"), ge=0, le=1, description="share of revenue matched below which a run warns"
    )
    suggest_score: int = Field(
        85, ge=50, le=100, description="likeness in percent from which a name is suggested"
    )
