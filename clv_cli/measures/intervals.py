"""How far a share or a score of a sample may be from the truth."""

from __future__ import annotations

from math import sqrt

from clv_cli.pipeline import Interval

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


def wilson80(successes: int, n: int) -> Interval | None:
    """The same at 80 %."""
    return wilson(successes, n, _Z80)


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
