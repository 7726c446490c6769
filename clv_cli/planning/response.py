"""What more money brings, as far as the user's own history can tell: curves of diminishing returns.

    customers won = a x spend^b,  0 < b < 1

fitted by Poisson regression on the months of one channel beside a linear trend, so that growth of
both is not taken for an effect. Where spend hardly moved, or its effect cannot be told from chance,
there is no curve but a reason: a plan on a guess is worse than none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.settings.planning import Response

FEWEST_MONTHS = 12
LEAST_VARIATION = 0.08  # standard deviation of log spend around its trend
WIDEST = 0.35  # standard error of b beyond which a curve says nothing
STEEPEST = 0.95  # returns that do not diminish would take the whole budget
Z80 = 1.2816
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Curve:
    """How a result follows effort: `result = today's x (effort / today's)^power`.

    Args:
        power: per cent of result for one per cent of effort.
        low: at the lower end of its 80 % interval.
        high: at the upper end.
        declared: whether somebody said so; else it was measured.
    """

    power: float
    low: float
    high: float
    declared: bool = False

    @property
    def error(self) -> float:
        """Standard error, taking the interval for one of 80 %."""
        return (self.high - self.low) / 2 / Z80

    def factor(self, effort: float) -> float:
        """The result at a multiple of today's effort; 0 without effort, unless nothing responds."""
        return float(effort**self.power) if effort > 0 or self.power > 0 else 1.0

    def at(self, power: float) -> Curve:
        """The same curve with another power, never negative."""
        return Curve(max(power, 0.0), self.low, self.high, self.declared)


def declared_curve(response: Response) -> Curve:
    """A response that somebody declared."""
    return Curve(float(response.mid), float(response.low), float(response.high), declared=True)


def fitted_curve(spend: Array, won: Array) -> Curve | str:
    """The response of one channel, or why there is none.

    Args:
        spend: of each month.
        won: customers won by it.
    """
    known = spend > 0
    if known.sum() < FEWEST_MONTHS:
        return f"spend is known for {int(known.sum())} months; it takes {FEWEST_MONTHS}"
    effort, count = np.log(spend[known]), won[known]
    time = np.arange(len(spend), dtype=np.float64)[known]
    time = (time - time.mean()) / max(float(time.std()), 1e-9)
    line = np.polynomial.polynomial.polyfit(time, effort, 1)
    variation = float((effort - np.polynomial.polynomial.polyval(time, line)).std())
    if variation < LEAST_VARIATION:
        return (
            f"spend hardly varied ({variation * 100:.1f} % around its trend): nothing to learn from"
        )
    if count.sum() < FEWEST_MONTHS:
        return f"only {int(count.sum())} customers were won"
    power, error = _poisson(
        np.column_stack([np.ones(len(time)), effort - effort.mean(), time]), count
    )
    if error > WIDEST or power - Z95 * error <= 0:
        return (
            f"its effect cannot be told from chance: 1 % more spend won "
            f"{round(power, 2) + 0.0:.2f} % more customers, give or take {Z95 * error:.2f} (95 %)"
        )
    reach = Z80 * error
    return Curve(min(power, STEEPEST), min(power - reach, STEEPEST), min(power + reach, STEEPEST))


def _poisson(design: Array, count: Array) -> tuple[float, float]:
    """The second coefficient of a Poisson regression, and its standard error.

    Counts that vary more than Poisson ones widen the error (McCullagh and Nelder 1989, chapter 6).
    """
    weights = np.zeros(design.shape[1])
    weights[0] = np.log(max(float(count.mean()), 1e-9))
    for _ in range(50):
        mean = np.exp(np.clip(design @ weights, -30, 30))
        information = design.T @ (design * mean[:, None])
        step = np.linalg.lstsq(information, design.T @ (count - mean), rcond=None)[0]
        weights = weights + np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-9:
            break
    mean = np.exp(np.clip(design @ weights, -30, 30))
    information = design.T @ (design * mean[:, None])
    degrees = max(len(count) - design.shape[1], 1)
    dispersion = max(float(((count - mean) ** 2 / np.maximum(mean, 1e-9)).sum()) / degrees, 1.0)
    covariance = np.linalg.pinv(information) * dispersion
    return float(weights[1]), float(np.sqrt(covariance[1, 1]))
