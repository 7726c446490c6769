"""How far the truth may lie from a forecast: from the errors of the backtest, not from the fit.

Errors at one horizon are few and overlap: 24 origins at 12 months are worth two. So what was seen at
a horizon is combined with a line through all horizons (error = s h^p, on logarithms), by how many
independent errors each rests on, and Student's t widens what rests on little.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array

LINE_WEIGHT = 3.0  # independent errors that the line through all horizons is worth
FEWEST_DEGREES = 3.0
STEEPEST, FLATTEST = 1.2, 0.25


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


def bands_of(actual: Array, forecast: Array) -> Bands:
    """The spread that a backtest shows.

    Args:
        actual: what came, origins by horizon; nan where it is not known yet.
        forecast: what was forecast.
    """
    seen = np.isfinite(actual)
    relative = bool((actual[seen] > 0).all() and (forecast[seen] > 0).all())
    errors = np.full(actual.shape, np.nan)
    errors[seen] = (
        np.log(actual[seen] / forecast[seen]) if relative else actual[seen] - forecast[seen]
    )
    count = seen.sum(axis=0).astype(float)
    squares = np.where(seen, errors, 0.0) ** 2
    mean = np.divide(squares.sum(axis=0), count, out=np.zeros(len(count)), where=count > 0)
    ahead = np.arange(1.0, len(count) + 1)
    independent = count / ahead
    line = _line(mean, count, ahead)
    weight = independent / (independent + LINE_WEIGHT)
    spread = np.sqrt(weight * mean + (1 - weight) * line**2)
    # What is further away is not known better.
    return Bands(np.maximum.accumulate(spread), independent + LINE_WEIGHT, relative)


def _line(mean: Array, count: Array, ahead: Array) -> Array:
    """S h^p through the root mean square errors, weighted by how often each was seen."""
    known = (count > 0) & (mean > 0)
    if not known.any():
        return np.zeros(len(mean))
    x, y = np.log(ahead[known]), 0.5 * np.log(mean[known])
    weight = count[known] / ahead[known]
    centre = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - centre) ** 2).sum())
    slope = float((weight * (x - centre) * y).sum()) / spread if spread > 0 else 0.5
    slope = min(max(slope, FLATTEST), STEEPEST)
    level = float((weight * y).sum() / weight.sum())
    found: Array = np.exp(level + slope * (np.log(ahead) - centre))
    return found


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
