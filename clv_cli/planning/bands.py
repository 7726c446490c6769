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
    from numpy.typing import NDArray

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
    everything = np.ones((1, len(trained)), dtype=np.bool_)
    spread, degrees, relative = _spreads(actual, forecast, trained, everything, estimated=estimated)
    return Bands(spread[0], degrees[0], bool(relative[0]))


def held_out(
    past: tuple[Array, Array, Array],
    used: NDArray[np.bool_],
    level: float,
    *,
    estimated: bool = True,
) -> tuple[Array, Array]:
    """The band of one level around each origin's forecast, as some of the origins show it.

    Args:
        past: actual, forecast and trained, as in `bands_of`.
        used: for each origin, which origins say how wide its band is.
        level: as in `Bands.around`.
        estimated: as in `bands_of`.
    """
    forecast = past[1]
    spread, degrees, relative = _spreads(*past, used, estimated=estimated)
    reach = student(level, degrees) * spread
    of_logs = relative[:, None]
    grown = np.where(of_logs, reach, 0.0)
    low = np.where(of_logs, forecast * np.exp(-grown), forecast - reach)
    return low, np.where(of_logs, forecast * np.exp(grown), forecast + reach)


def _spreads(
    actual: Array, forecast: Array, trained: Array, used: NDArray[np.bool_], *, estimated: bool
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Spread, degrees and `relative` of `Bands`, for several choices of origins at once."""
    seen = np.isfinite(actual)
    factors = seen & (actual > 0) & (forecast > 0)
    relative: NDArray[np.bool_] = np.all(factors | ~seen | ~used[:, :, None], axis=(1, 2))
    logs, plain = np.zeros((2, *actual.shape))
    logs[factors] = np.log(actual[factors] / forecast[factors])
    plain[seen] = actual[seen] - forecast[seen]
    errors = np.where(relative[:, None, None], logs, plain)
    now = np.where(used, trained, 0.0).max(axis=1)[:, None] + 1
    ahead = np.arange(1.0, actual.shape[1] + 1)
    age = np.maximum((now - trained)[:, :, None] - ahead, 0.0)
    weights = np.where(seen & used[:, :, None], 0.5 ** (age / HALF_LIFE), 0.0)
    better = trained / now if estimated else np.ones(used.shape)
    squares = weights * errors**2 * better[:, :, None]
    total = weights.sum(axis=1)
    mean = _ratio(squares.sum(axis=1), total)
    # As many equally weighted errors (Kish 1965), of which those within one horizon overlap.
    independent = _ratio(total**2, (weights**2).sum(axis=1)) / ahead
    share = independent / (independent + LINE_WEIGHT)
    squared = share * mean + (1 - share) * _line(mean, independent, ahead) ** 2
    risen = np.array(
        [_not_falling(*pair) for pair in zip(squared, independent, strict=True)]
    ).reshape(squared.shape)
    return np.sqrt(risen), independent + BORROWED, relative


def _ratio(above: Array, below: Array) -> Array:
    """Nothing over nothing is nothing."""
    found: Array = np.divide(above, below, out=np.zeros(above.shape), where=below > 0)
    return found


def _line(mean: Array, weights: Array, ahead: Array) -> Array:
    """The curves s h^p through root mean square errors, weighted by the errors behind each; by row."""
    known = (weights > 0) & (mean > 0)
    weight = np.where(known, weights, 0.0)
    x, y = np.log(ahead), 0.5 * np.log(np.where(known, mean, 1.0))
    whole = weight.sum(axis=1, keepdims=True)
    centre = _ratio((weight * x).sum(axis=1, keepdims=True), whole)
    spread = (weight * (x - centre) ** 2).sum(axis=1, keepdims=True)
    along = (weight * (x - centre) * y).sum(axis=1, keepdims=True)
    slope = np.divide(along, spread, out=np.full(along.shape, 0.5), where=spread > 0)
    level = _ratio((weight * y).sum(axis=1, keepdims=True), whole)
    found: Array = np.exp(level + np.clip(slope, 0.0, STEEPEST) * (x - centre))
    return np.where(whole > 0, found, 0.0)


def _not_falling(values: Array, weights: Array) -> Array:
    """The nearest values that never fall: what is further away is not known better.

    Isotonic regression by pooling adjacent violators (Ayer and others, 1955). A running maximum would
    carry the luckless horizons to all behind them: billed revenue, whose errors hardly grow with time,
    had 80 % bands that held 91 %.
    """
    if (np.diff(values) >= 0).all():
        return values
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
