"""Settings of collections, trials and efficiency."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clv_cli.settings.base import Model


class Collections(Model):
    """When a failed payment counts as recovered."""

    dunning_days: int = Field(
        30, ge=0, le=365, description="a success this many days after the first failure recovers it"
    )


class Trials(Model):
    """When a trial counts as converted."""

    window_days: int = Field(
        60, ge=1, le=365, description="paid service must begin this many days after the trial did"
    )


class MagicNumber(Model):
    """Sales efficiency."""

    basis: Literal["revenue", "arr"] = Field(
        "revenue",
        description="growth of quarterly billed revenue, times 4; or of ARR, which is annual already",
    )


class RuleOf40(Model):
    """Growth plus margin."""

    margin: Literal["fcf", "ebitda"] = Field("fcf", description="which margin of the finance table")
