"""Which share of revenue do customers say a team influenced? From answers weighted by money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from clv_cli.models.bootstrap import studentised_quantiles

if TYPE_CHECKING:
    from clv_cli.models.estimate import Floats, Ints

Method = Literal["none", "bootstrap", "linearised"]
REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """When an answer may have an interval.

    Args:
        answers: with fewer, none: at 30 answers a nominal 95 % interval covered 71 %.
        effective: fewest equally large answers that would know as much.
        linear: from this many answers on the linearised interval holds its level; below it the
            studentised bootstrap is used.
        level: coverage.
    """

    answers: int = 100
    effective: float = 50.0
    linear: int = 1000
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class SurveyShare:
    """A share of money, and how little or much is known about it.

    Args:
        share: money-weighted mean of the answers.
        error: its linearised standard error; None for fewer than two answers.
        low: lower end of the interval; None where there are too few answers.
        high: upper end; None as well.
        method: how the interval was made.
        answers: how many answered.
        effective: (sum of money)^2 / sum of money^2.
        least: the share if everybody who did not answer had said "no": no assumption is needed.
        most: the share if they had all said "yes".
    """

    share: float
    error: float | None
    low: float | None
    high: float | None
    method: Method
    answers: int
    effective: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Answers:
    """Answered purchases.

    Args:
        money: of each purchase, above 0.
        said: the share that each answer gives to the team, 0 to 1.
        weights: of stratified samples; none: all alike.
        strata: the stratum of each answer; none: one.
    """

    money: Floats
    said: Floats
    weights: Floats | None = None
    strata: Ints | None = None


def survey_share(
    answers: Answers, answered_money: float, rules: SurveyRules | None = None
) -> SurveyShare:
    """Which share of the money asked about did answers give to a team?

        p = sum(w r z) / sum(w r)

        se = sqrt(sum over strata of n/(n-1) * sum of (u - mean u)^2) / sum(w r),   u = w r (z - p)

    Source: Cochran (1977), ratio estimators; bounds: Manski (1989).

    Args:
        answers: at least one.
        answered_money: share of the money asked about whose buyers answered, 0 to 1.
        rules: when there is an interval.

    Raises:
        ValueError: there is no answer.
    """
    money, said = answers.money, answers.said
    if len(money) == 0:
        raise ValueError("there is no answer")
    rules = rules or SurveyRules()
    # The bootstrap draws by place: in a fixed order, the rows' own order cannot matter.
    group = np.zeros(len(money), dtype=np.int64) if answers.strata is None else answers.strata
    scaled = money if answers.weights is None else money * answers.weights
    order = np.lexsort((said, scaled, group))
    scaled, z, group = scaled[order], said[order], group[order]
    share = float(scaled @ z / scaled.sum())
    effective = float(scaled.sum() ** 2 / (scaled**2).sum())
    error = _error(scaled, z, group, share) if len(z) > 1 else None
    least = answered_money * share
    bounds = least, least + 1 - answered_money
    low = high = None
    method: Method = "none"
    if error is not None and len(z) >= rules.answers and effective >= rules.effective:
        method = "linearised" if len(z) >= rules.linear else "bootstrap"
        reach = _reaches(scaled, z, group, method, rules.level)
        low = max(share - reach[1] * error, 0.0)
        high = min(share - reach[0] * error, 1.0)
    return SurveyShare(share, error, low, high, method, len(z), effective, *bounds)


def _error(scaled: Floats, said: Floats, group: Ints, share: float) -> float:
    residual = scaled * (said - share)
    total = 0.0
    for stratum in np.unique(group):
        own = residual[group == stratum]
        # One answer knows nothing of its stratum's spread: its own distance stands in.
        spread = len(own) * float(own.var(ddof=1)) if len(own) > 1 else float(own @ own)
        total += spread
    return float(np.sqrt(total) / scaled.sum())


def _reaches(
    scaled: Floats, said: Floats, group: Ints, method: Method, level: float
) -> tuple[float, float]:
    """How many standard errors the interval reaches down and up, as quantiles of t."""
    if method == "linearised":
        reach = float(special.stdtrit(len(said) - 1, 0.5 + level / 2))
        return -reach, reach
    return studentised_quantiles(scaled, said, group, level, replicates=REPLICATES)
