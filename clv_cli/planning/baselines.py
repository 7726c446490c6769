"""Statistical baselines: what a series says about itself, without knowing what it is made of.

A forecast that cannot beat the naive one, tomorrow is like today, is worth nothing. Holt (1957) and
Winters (1960) smoothing with the damped trend of Gardner and McKenzie (1985), Forecasting trends in
time series, Management Science 31(10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array

SEASON = 12
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
    """Constants and starting states of damped-trend smoothing; arrays run all constants at once.

    Args:
        alpha: of the level.
        beta: of the trend.
        phi: damping of the trend.
        gamma: of the season.
        level: before the first value.
        trend: before the first value.
        season: what each month of the first year is above the level; zeros without a season.
    """

    alpha: Array
    beta: Array
    phi: Array
    gamma: Array
    level: float
    trend: float
    season: Array

    def run(self, series: Array) -> tuple[Array, Array, Array, Array]:
        """Smooth the series: last level, trend and season, and the sum of squared errors.

        error_t  = y_t - level_t-1 - phi trend_t-1 - season_t-12
        level_t  = level_t-1 + phi trend_t-1 + alpha error_t
        trend_t  = phi trend_t-1 + alpha beta error_t
        season_t = season_t-12 + gamma error_t
        """
        size = len(self.alpha)
        level, trend = np.full(size, self.level), np.full(size, self.trend)
        season, squares = np.tile(self.season, (size, 1)).T.copy(), np.zeros(size)
        of_trend = self.alpha * self.beta
        for at, value in enumerate(series):
            month, damped = season[at % SEASON], self.phi * trend
            level += damped
            error = value - level - month
            squares += error * error
            level += self.alpha * error
            trend = damped + of_trend * error
            month += self.gamma * error
        return level, trend, season, squares


def damped_trend(series: Array, horizon: int) -> Array:
    """Damped-trend smoothing, with a season where two years are known and a season pays.

    Positive series are smoothed as logarithms: growth is a rate, and no forecast is negative.

    Args:
        series: one value a month, oldest first; at least one.
        horizon: months ahead.
    """
    if len(series) < 4:
        return naive(series, horizon)
    positive = bool((series > 0).all())
    values = np.log(series) if positive else series
    candidates = [_fitted(values, seasonal=False)]
    if len(values) >= 2 * SEASON + 1:
        candidates.append(_fitted(values, seasonal=True))
    path = min(candidates, key=lambda found: found[0])[1](horizon)
    return np.exp(path) if positive else path


class _Path:
    """The forecast that smoothing ends in: level + (phi + phi^2 + ...) trend + season."""

    def __init__(self, level: float, trend: float, phi: float, season: Array, ended: int) -> None:
        self._state = (level, trend, phi, season, ended)

    def __call__(self, horizon: int) -> Array:
        level, trend, phi, season, ended = self._state
        ahead = np.arange(1, horizon + 1)
        drift: Array = trend * np.cumsum(phi**ahead)
        return level + drift + season[(ended + ahead - 1) % SEASON]


def _fitted(values: Array, *, seasonal: bool) -> tuple[float, _Path]:
    """The best constants of the grid: Akaike's criterion, and the path they lead to."""
    grid = np.array(np.meshgrid(LEVELS, TRENDS, DAMPINGS, SEASONS if seasonal else (0.0,)))
    alpha, beta, phi, gamma = grid.reshape(4, -1)
    season = _season(values) if seasonal else np.zeros(SEASON)
    trend = float(values[-1] - values[0]) / (len(values) - 1)
    first = float(values[0] - season[0])
    start = Smoothing(alpha, beta, phi, gamma, first - trend, trend, season)
    level, slope, seasons, squares = start.run(values)
    best = int(np.argmin(squares))
    size, parameters = len(values), 5 + seasonal * SEASON
    error = max(float(squares[best]), 1e-18)
    criterion = size * np.log(error / size) + 2 * parameters
    path = _Path(level[best], slope[best], phi[best], seasons[:, best], size)
    return float(criterion), path


def _season(values: Array) -> Array:
    """Mean distance of each month from the line through the whole years, summing to nothing."""
    at = np.arange(len(values))
    slope, level = np.polyfit(at, values, 1)
    apart = values - (level + slope * at)
    means = np.array([apart[month::SEASON].mean() for month in range(SEASON)])
    centred: Array = means - means.mean()
    return centred
