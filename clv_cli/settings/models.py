"""Settings of the lifetime models."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field

from clv_cli.settings.base import Model, Ratio


class Models(Model):
    """What future a modelled customer value counts."""

    horizon_months: int = Field(
        60, ge=1, le=240, description="payments due within this many months count"
    )
    discount: Ratio = Field(
        Fraction(1, 10), ge=0, le=1, description="a payment in a year is worth this much less"
    )
    holdout_months: int = Field(
        6, ge=1, le=36, description="last months that the models are tested on, unseen"
    )
