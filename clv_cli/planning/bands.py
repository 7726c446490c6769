"""How far the truth may lie from a forecast: from the errors of the backtest, not from the fit.

Errors at one horizon are few and overlap: 24 origins at 12 months are worth two. So what was seen at
a horizon is combined with a line through all horizons (error = s h^p, on logarithms), by how many
independent errors each rests on, and Student's t widens what rests on little. The constants were
chosen on businesses that `tests/bench/planning_coverage.py` does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array

LINE_WEIGHT = 3.0  # independent errors that the line through all horizons is worth
BORROWED = 10.0  # degrees of freedom that the line lends: chosen on made-up businesses
HALF_LIFE = 8.0  # months after which an error counts half
FEWEST_DEGREES = 3.0
STEEPEST = 1.0  # errors grow no faster than time, and never shrink with it


@dataclass(frozen=True, slots=True)
class Bands:
    """The spread of errors by horizon.

    Args:
        spread: standard error of a forecast; of its logarithm where `relative`.
        degrees: independent errors behind it.
        relative: whether errors are factors.
    """

    spread: Array
    degrees: Array
    relative: bool

    def around(self, path: Array, level: float) -> tuple[Array, Array]:
        """The band of one level around a path.

        Args:
            path: a forecast, as many months as the spread has.
            level: share of truths that it is to hold, such as 0.8.
        """
        reach = student(level, self.degrees) * self.spread
        if self.relative:
            return path * np.exp(-reach), path * np.exp(reach)
        return path - reach, path + reach


def bands_of(actual: Array, forecast: Array, trained: Array, *, estimated: bool = True) -> Bands:
    """The spread that a backtest shows.

    An origin with little history before it errs more than a forecast of today will: what is estimated
    from n months is off by 1 / sqrt(n). Errors are scaled by that, and those of long ago fade.

    Args:
        actual: what came, origins by horizon; nan where it is not known yet.
        forecast: what was forecast.
        trained: months known at each origin, oldest first.
        estimated: whether the forecast is estimated from them; naive ones are not.
    """
    seen = np.isfinite(actual)
    relative = bool((actual[seen] > 0).all() and (forecast[seen] > 0).all())
    errors = np.zeros(actual.shape)
    errors[seen] = (
        np.log(actual[seen] / forecast[seen]) if relative else actual[seen] - forecast[seen]
    )
    now = float(trained.max()) + 1
    ahead = np.arange(1.0, actual.shape[1] + 1)
    age = np.maximum(now - trained[:, None] - ahead, 0.0)
    weights = np.where(seen, 0.5 ** (age / HALF_LIFE), 0.0)
    better = trained / now if estimated else np.ones(len(trained))
    squares = weights * errors**2 * better[:, None]
    total = weights.sum(axis=0)
    mean = _ratio(squares.sum(axis=0), total)
    # As many equally weighted errors (Kish 1965), of which those within one horizon overlap.
    independent = _ratio(total**2, (weights**2).sum(axis=0)) / ahead
    share = independent / (independent + LINE_WEIGHT)
    squared = share * mean + (1 - share) * _line(mean, independent, ahead) ** 2
    spread = np.sqrt(_not_falling(squared, independent))
    return Bands(spread, independent + BORROWED, relative)


def _ratio(above: Array, below: Array) -> Array:
    """Nothing over nothing is nothing."""
    found: Array = np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
    return found


def _line(mean: Array, weights: Array, ahead: Array) -> Array:
    """The curve s h^p through the root mean square errors, weighted by the errors behind each."""
    known = (weights > 0) & (mean > 0)
    if not known.any():
        return np.zeros(len(mean))
    x, y, weight = np.log(ahead[known]), 0.5 * np.log(mean[known]), weights[known]
    centre = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - centre) ** 2).sum())
    slope = float((weight * (x - centre) * y).sum()) / spread if spread > 0 else 0.5
    slope = min(max(slope, 0.0), STEEPEST)
    level = float((weight * y).sum() / weight.sum())
    found: Array = np.exp(level + slope * (np.log(ahead) - centre))
    return found


def _not_falling(values: Array, weights: Array) -> Array:
    """The nearest values that never fall: what is further away is not known better.

    Isotonic regression by pooling adjacent violators (Ayer and others, 1955). A running maximum would
    carry the luckless horizons to all behind them: billed revenue, whose errors hardly grow with time,
    had 80 % bands that held 91 %.
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), np.maximum(weights, 1e-9).tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            before = pools.pop()
            both = before[1] + pool[1]
            mean = (before[0] * before[1] + pool[0] * pool[1]) / both
            pool = (mean, both, before[2] + pool[2])
        pools.append(pool)
    return np.repeat([pool[0] for pool in pools], [pool[2] for pool in pools])


def student(level: float, degrees: Array) -> Array:
    """The two-sided quantile of Student's t, by the expansion of Cornish and Fisher (1938).

    Within 2 % from three degrees of freedom on, up to 95 %.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    nu = np.maximum(degrees, FEWEST_DEGREES)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    quantile: Array = z + first / nu + second / nu**2 + third / nu**3
    return quantile
