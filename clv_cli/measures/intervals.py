"""How far a share or a score of a sample may be from the truth."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from clv_cli.pipeline import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    Intervals = Callable[[Mapping[str, int | Fraction]], Interval | None]

LEVEL = 0.95
_Z = 1.959963984540054  # the normal quantile of 97.5 %
_Z80 = 1.2815515655446004


def wilson(successes: int, n: int, z: float = _Z) -> Interval | None:
    """The Wilson score interval of a proportion; None without observations.

        (p + z2/2n +- z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n),  z2 = z^2

    Never leaves [0, 1], and is sensible at 0 and 1 and for small n. Source: Wilson (1927).

    Args:
        successes: how many of them.
        n: how many in all.
        z: normal quantile; default: 95 %.
    """
    if n <= 0:
        return None
    share, square = successes / n, z * z
    middle = share + square / (2 * n)
    half = z * sqrt(share * (1 - share) / n + square / (4 * n * n))
    scale = 1 + square / n
    low, high = max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
    return Interval(low, high, LEVEL if z == _Z else 0.8, "Wilson score")


def share_of(part: str, whole: str, less: str | None = None) -> Intervals:
    """The interval of a metric that is a share of counted things.

    Args:
        part: key of those counted.
        whole: key of all.
        less: key of those taken off the part again.
    """

    def interval(values: Mapping[str, int | Fraction]) -> Interval | None:
        if part not in values or whole not in values:
            return None
        off = values.get(less, 0) if less else 0
        return wilson(int(values[part] - off), int(values[whole]))

    return interval


def nps_interval(values: Mapping[str, int | Fraction]) -> Interval | None:
    """The interval of a net promoter score from its inputs."""
    if "answers" not in values:
        return None
    return net_promoter(int(values["promoters"]), int(values["detractors"]), int(values["answers"]))


def clv_interval(values: Mapping[str, int | Fraction]) -> Interval | None:
    """80 % of what CLV could be, given how few customers it takes its churn from.

    The Wilson interval of churn, put through the formula; ARPA and margin are taken as known.
    """
    churn = wilson(int(values.get("lost", 0)), int(values.get("at_risk", 0)), _Z80)
    needed = ("mrr", "customers", "revenue", "cost_of_revenue", "cap")
    if churn is None or any(key not in values for key in needed) or not values["lost"]:
        return None
    if not values["customers"] or not values["revenue"]:
        return None
    margin = (values["revenue"] - values["cost_of_revenue"]) / values["revenue"]
    monthly = float(values["mrr"] / values["customers"]) * float(margin)
    ends = [monthly * min(1 / rate, float(values["cap"])) for rate in (churn.high, churn.low)]
    return Interval(min(ends), max(ends), churn.level, "Wilson score of churn")


def net_promoter(promoters: int, detractors: int, n: int) -> Interval | None:
    """The interval of a net promoter score in points; None without answers.

        NPS +- 1.96 x 100 x sqrt((p + d - (p - d)^2) / n)

    the normal approximation for a mean of +1, 0 and -1, cut to [-100, 100].
    Source: cybaea.net (2016), variance of the score.

    Args:
        promoters: answers of 9 and 10.
        detractors: answers of 0 to 6.
        n: all answers.
    """
    if n <= 0:
        return None
    p, d = promoters / n, detractors / n
    half = 1.96 * 100 * sqrt(max(0.0, p + d - (p - d) ** 2) / n)
    score = 100 * (p - d)
    return Interval(max(-100.0, score - half), min(100.0, score + half), LEVEL, "normal")
