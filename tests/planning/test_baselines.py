"""The baselines: by hand, and against statsmodels with the same constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv_cli.planning.baselines import Smoothing, damped_trend, damped_trends, naive, seasonal_naive

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array


def wave(months: int) -> Array:
    at = np.arange(months)
    noise = np.random.default_rng(7).normal(0, 3, months)
    found: Array = 100 + 2 * at + 15 * np.sin(2 * np.pi * at / 12) + noise
    return found


def test_naive_says_that_tomorrow_is_like_today() -> None:
    assert naive(np.array([3.0, 5.0]), 3).tolist() == [5, 5, 5]


def test_seasonal_naive_says_that_next_year_is_like_this_one() -> None:
    series = np.arange(1.0, 25.0)
    assert seasonal_naive(series, 3).tolist() == [13, 14, 15]
    assert seasonal_naive(series, 14)[12:].tolist() == [13, 14]
    assert seasonal_naive(np.array([4.0, 9.0]), 2).tolist() == [9, 9]


@pytest.mark.parametrize("gamma", [0.0, 0.2])
def test_smoothing_agrees_with_statsmodels(gamma: float) -> None:
    # Imported here, for it takes long and one worker alone needs it.
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    series = wave(48)
    season = 10 * np.cos(np.arange(12)) if gamma else np.zeros(12)
    alpha, beta, phi, of_season = np.array([[0.4], [0.2], [0.9], [gamma]])
    level, trend = np.array([[95.0], [1.5]])
    ours = Smoothing(alpha, beta, phi, of_season, level, trend, season[None])
    level, trend, seasons, squares = ours.run(series, [48])
    drift = trend[0] * np.cumsum(0.9 ** np.arange(1, 7))
    path = level[0] + drift + seasons[np.arange(48, 54) % 12, 0, 0]
    theirs = ExponentialSmoothing(
        series,
        trend="add",
        damped_trend=True,
        seasonal="add" if gamma else None,
        seasonal_periods=12 if gamma else None,
        initialization_method="known",
        initial_level=95.0,
        initial_trend=1.5,
        initial_seasonal=season if gamma else None,
    ).fit(
        smoothing_level=0.4,
        smoothing_trend=0.2,
        damping_trend=0.9,
        smoothing_seasonal=gamma or None,
        optimized=False,
    )
    assert path == pytest.approx(theirs.forecast(6))
    assert squares[0] == pytest.approx(theirs.sse)


def test_a_steady_rate_is_carried_on_and_fades() -> None:
    path = damped_trend(100 * 1.02 ** np.arange(30.0), 12)
    assert 1.015 < path[0] / (100 * 1.02**29) < 1.021
    growth = path[1:] / path[:-1]
    assert (np.diff(growth) < 1e-9).all()


def test_a_season_is_seen_after_two_years() -> None:
    at = np.arange(36)
    path = damped_trend(np.exp(0.5 * np.sin(2 * np.pi * at / 12)), 12)
    assert path == pytest.approx(np.exp(0.5 * np.sin(2 * np.pi * np.arange(36, 48) / 12)), rel=0.1)


@pytest.mark.parametrize("series", [[0.0] * 30, [5.0], [5.0, -3.0, 0.0, 2.0, 7.0], [1e-9] * 5])
def test_odd_series_have_finite_forecasts(series: list[float]) -> None:
    assert np.isfinite(damped_trend(np.array(series), 24)).all()


@given(
    st.lists(st.floats(0.5, 1e6), min_size=30, max_size=40),
    st.one_of(st.none(), st.integers(0, 29)),
)
def test_smoothing_all_origins_at_once_is_smoothing_each_by_itself(
    values: list[float], nothing_at: int | None
) -> None:
    series = np.array(values)
    if nothing_at is not None:  # from there on it cannot be smoothed as logarithms
        series[nothing_at] = 0.0
    lengths = [1, 3, 4, 13, 24, 25, len(series)]
    together = damped_trends(series, lengths, 7)
    for length, path in zip(lengths, together, strict=True):
        assert path.tolist() == damped_trend(series[:length], 7).tolist()
