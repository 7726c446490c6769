"""Statistical baselines: what a series says about itself, without knowing what it is made of.

A forecast that cannot beat the naive one, tomorrow is like today, is worth nothing. Holt (1957) and
Winters (1960) smoothing with the damped trend of Gardner and McKenzie (1985), Forecasting trends in
time series, Management Science 31(10).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.arrays import Array

SEASON = 12
FEWEST = 4  # values that a trend is seen in
# Smoothing constants are searched on a grid, all at once: short series carry no more digits.
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
TRENDS = (0.0, 0.05, 0.15, 0.3, 0.5)
DAMPINGS = (0.8, 0.9, 0.95, 0.98)
SEASONS = (0.0, 0.1, 0.3)


def naive(series: Array, horizon: int) -> Array:
    """The last value, for ever."""
    return np.full(horizon, series[-1])


def seasonal_naive(series: Array, horizon: int) -> Array:
    """The value of the same month a year before; with less than a year, the last value.

    Beyond a year the last year repeats.
    """
    if len(series) < SEASON:
        return naive(series, horizon)
    year: Array = series[-SEASON:]
    return np.resize(year, horizon)


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Constants and starting states of damped-trend smoothing; arrays run all of them at once.

    Args:
        alpha: of the level; as all constants, one for each way to smooth.
        beta: of the trend.
        phi: damping of the trend.
        gamma: of the season.
        level: before the first value; one for each series.
        trend: before the first value.
        season: what each month of the first year is above the level, series x months; zeros
            without a season.
    """

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array
    level: Array
    trend: Array
    season: Array

    def run(self, values: Array, lengths: Sequence[int]) -> tuple[Array, Array, Array, Array]:
        """Smooth a series as far as it was known at several times.

        error_t  = y_t - level_t-1 - phi trend_t-1 - season_t-12
        level_t  = level_t-1 + phi trend_t-1 + alpha error_t
        trend_t  = phi trend_t-1 + alpha beta error_t
        season_t = season_t-12 + gamma error_t

        Args:
            values: the series; all begin with it.
            lengths: how many values each knows, ascending.

        Returns:
            Last level, trend, season (months first) and the sum of squared errors: series x ways.
        """
        shape = (len(lengths), len(self.alpha))
        level, trend = (np.repeat(s, shape[1]).reshape(shape) for s in (self.level, self.trend))
        season = np.repeat(self.season.T, shape[1], axis=1).reshape(-1, *shape)
        squares, of_trend = np.zeros(shape), self.alpha * self.beta
        for at, value in enumerate(values[: lengths[-1]]):
            # Those that end before are as they were; views, so that the others move on in place.
            going = slice(bisect_right(lengths, at), None)
            month, damped, now = season[at % SEASON][going], self.phi * trend[going], level[going]
            now += damped
            error = value - now - month
            squares[going] += error * error
            now += self.alpha * error
            trend[going] = damped + of_trend * error
            month += self.gamma * error
        return level, trend, season, squares


def damped_trend(series: Array, horizon: int) -> Array:
    """Damped-trend smoothing, with a season where two years are known and a season pays.

    Positive series are smoothed as logarithms: growth is a rate, and no forecast is negative.

    Args:
        series: one value a month, oldest first; at least one.
        horizon: months ahead.
    """
    found: Array = damped_trends(series, [len(series)], horizon)[0]
    return found


def damped_trends(series: Array, lengths: Sequence[int], horizon: int) -> Array:
    """The same as it would have been at several times, all smoothed at once.

    Args:
        series: one value a month, oldest first.
        lengths: how many of them were known, ascending; at least one.
        horizon: months ahead.

    Returns:
        One row a length.
    """
    paths = np.repeat(series[np.array(lengths) - 1], horizon).reshape(-1, horizon)
    long = bisect_left(lengths, FEWEST)
    # Positive as far as it was known: from the first value on that is not, it never is again.
    positive = bisect_left(lengths, int(np.argmax(np.append(series <= 0, True))) + 1)
    if long < positive:
        known = lengths[long:positive]
        paths[long:positive] = np.exp(_smoothed(np.log(series[: known[-1]]), known, horizon))
    if (rest := max(long, positive)) < len(lengths):
        paths[rest:] = _smoothed(series, lengths[rest:], horizon)
    return paths


def _smoothed(values: Array, lengths: Sequence[int], horizon: int) -> Array:
    """The better of smoothing without a season and, where two years are known, with one."""
    criterion, paths = _fitted(values, lengths, horizon, seasonal=False)
    two_years = bisect_left(lengths, 2 * SEASON + 1)
    if two_years < len(lengths):
        of_season, with_season = _fitted(values, lengths[two_years:], horizon, seasonal=True)
        better = of_season < criterion[two_years:]
        paths[two_years:][better] = with_season[better]
    return paths


def _fitted(
    values: Array, lengths: Sequence[int], horizon: int, *, seasonal: bool
) -> tuple[Array, Array]:
    """The best constants of the grid: Akaike's criterion, and the paths they lead to.

    level + (phi + phi^2 + ...) trend + season
    """
    grid = np.array(np.meshgrid(LEVELS, TRENDS, DAMPINGS, SEASONS if seasonal else (0.0,)))
    alpha, beta, phi, gamma = grid.reshape(4, -1)
    size = np.array(lengths)
    season = np.zeros((len(size), SEASON))
    if seasonal:
        season = np.stack([_season(values[:known]) for known in lengths])
    trend = (values[size - 1] - values[0]) / (size - 1)
    start = Smoothing(alpha, beta, phi, gamma, values[0] - season[:, 0] - trend, trend, season)
    level, slope, seasons, squares = start.run(values, lengths)
    each, best = np.arange(len(size)), squares.argmin(axis=1)
    error = np.maximum(squares[each, best], 1e-18)
    criterion = size * np.log(error / size) + 2 * (5 + seasonal * SEASON)
    ahead = np.arange(1, horizon + 1)
    drift = slope[each, best][:, None] * np.cumsum(phi[best][:, None] ** ahead, axis=1)
    months = (size[:, None] + ahead - 1) % SEASON
    return criterion, level[each, best][:, None] + drift + seasons[
        months, each[:, None], best[:, None]
    ]


def _season(values: Array) -> Array:
    """Mean distance of each month from the line through the whole years, summing to nothing."""
    at = np.arange(len(values))
    from_middle = at - at.mean()
    slope = float(from_middle @ values) / float(from_middle @ from_middle)
    apart = values - values.mean() - slope * from_middle
    means = np.bincount(at % SEASON, apart) / np.bincount(at % SEASON)
    centred: Array = means - means.mean()
    return centred
