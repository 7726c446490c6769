"""How churn answers to CS effort: by the counterfactual estimate, or as declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.counterfactual import NEEDED, rescue
from clv_cli.measures.episode_facts import episode_facts
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_end, month_start
from clv_cli.planning.response import Z80, Z95, Curve, declared_curve

if TYPE_CHECKING:
    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames

YEAR = 12
STEEPEST = 1.0
UNKNOWN = "no response of churn to CS effort is declared (planning.cs_response) or measured"


def retention_needs(scope: Scope) -> tuple[Measure, ...]:
    """The measures that a measured response needs; none where it is declared or cannot be measured."""
    if scope.settings.planning.cs_response is not None or not all(map(scope.book.has, NEEDED)):
        return ()
    return (risk_episodes, episode_facts, mrr_months)


def retention_curve(frames: Frames) -> Curve | str:
    """By how many per cent does churn fall for one per cent more CS effort?

        power = helped episodes a year x effect of one / (MRR lost a year x months of the outcome)

    One per cent more effort helps one per cent more of the customers at risk, as long as some are not
    helped, and each brings the effect that `split --method counterfactual` finds; the divisor is what
    the churn of a year costs in as many months. Only an effect that passes its gate is used.

    Args:
        frames: with `retention_needs`.

    Returns:
        The curve, or why there is none.
    """
    scope = frames.scope
    declared = scope.settings.planning.cs_response
    if declared is not None:
        return declared_curve(declared)
    if not retention_needs(scope):
        return UNKNOWN
    found = rescue(scope, frames[risk_episodes], frames[episode_facts])
    if not found.causal or found.effect is None:
        return f"what CS saves is not known: {found.refusal}"
    first = month_start(scope.closing - YEAR + 1)
    recent = pl.col("flagged_on").is_between(first, month_end(scope.closing))
    helped = frames[risk_episodes].filter(recent, "helped").height
    year = pl.col("month") > scope.closing - YEAR
    lost = -float(frames[mrr_months].filter(year)["churn"].cast(pl.Int128).sum()) / MRR_UNITS
    months = scope.settings.evidence.rescue.outcome_months
    if not helped or lost <= 0:
        return "nobody was helped, or nobody left, in the last 12 months"
    scale = helped / (lost * months)
    estimate = found.effect.estimate
    reach = (estimate.high - estimate.low) / 2 / Z95 * Z80
    power, low, high = (
        min(max(value * scale, 0.0), STEEPEST)
        for value in (estimate.value, estimate.value - reach, estimate.value + reach)
    )
    return Curve(power, low, high)
