"""The backtest chooses by errors, says what loses to naive, and makes bands that hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from clv_cli.planning.backtest import ORIGINS, TRAINING, Backtest, backtest, origins
from clv_cli.planning.bands import bands_of, held_out, student
from clv_cli.planning.layers import LAYERS, layers_at
from tests.planning.businesses import FIRST, World, business

WORLDS = {
    "growth": World(months=40, won=25, growth=0.03),
    "decline": World(months=40, won=40, growth=-0.05, beta=12),
    "seasonal": World(months=40, won=30, growth=0.005, season=0.6),
}


def judged(name: str, horizon: int = 6) -> Backtest:
    history, contracts = business(WORLDS[name], 3)
    paths = [*layers_at(history, contracts, origins(len(history.mrr)), horizon).values()]
    past = {layer: np.array([path["mrr", layer] for path in paths]) for layer in LAYERS}
    found = backtest(history.mrr, past)
    assert found is not None
    return found


@pytest.mark.parametrize("name", WORLDS)
def test_the_default_beats_naive_or_says_where_it_does_not(name: str) -> None:
    found = judged(name)
    assert found.best.score <= 1
    worse = found.worse_than_naive()
    ratios = found.best.against_naive
    assert all((ratio > 1) == (at in worse) for at, ratio in enumerate(ratios, start=1))
    assert found.best.score == min(test.score for test in found.tests.values())


def test_a_forecast_made_in_the_past_knows_nothing_of_what_came_after() -> None:
    history, contracts = business(World(months=40, won=15), 3)
    then = layers_at(history, contracts, [30], 6)[30]
    spoilt = replace(contracts, lost=np.where(contracts.due > FIRST + 29, 1, contracts.lost))
    for name in ("mrr", "customers", "customers_won", "revenue", "new"):
        getattr(history, name)[30:] = np.nan
    later = layers_at(history, spoilt, [30], 6)[30]
    for key, path in then.items():
        assert later[key] == pytest.approx(path), key


def test_errors_of_naive_are_counted_by_hand() -> None:
    series = np.arange(1.0, TRAINING + 9)
    known = origins(len(series))
    paths = {"naive": np.array([[series[at - 1]] * 2 for at in known])}
    found = backtest(series, paths)
    assert found is not None
    test = found.best
    # A series that grows by 1 a month: naive is off by 1 and by 2.
    assert np.nanmean(np.abs(test.errors), axis=0).tolist() == [1, 2]
    assert test.mase.tolist() == [1, 2]
    assert test.against_naive.tolist() == [1, 1]
    assert test.mape[0] == pytest.approx(np.mean(1 / series[TRAINING:]))


def test_too_short_a_history_has_no_backtest() -> None:
    series = np.ones(TRAINING + ORIGINS - 1)
    paths = {"naive": np.ones((len(origins(len(series))), 3))}
    assert backtest(series, paths) is None


def test_a_constant_series_has_no_error_and_naive_stays() -> None:
    series = np.full(30, 7.0)
    paths = {layer: np.full((len(origins(30)), 4), 7.0) for layer in LAYERS}
    found = backtest(series, paths)
    assert found is not None
    assert found.chosen == "naive"
    low, high = found.best.bands.around(series[:4], 0.95)
    assert low.tolist() == high.tolist() == [7, 7, 7, 7]


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("degrees", [3.0, 5.0, 20.0, 1000.0])
def test_quantiles_are_student_s(level: float, degrees: float) -> None:
    exact = stats.t.ppf((1 + level) / 2, degrees)
    assert student(level, np.array([degrees]))[0] == pytest.approx(exact, rel=0.03)


def test_bands_hold_random_walks_as_often_as_they_say() -> None:
    draw = np.random.default_rng(11)
    known, horizon, inside = np.array(range(12, 42)), 12, np.zeros(3)
    for _ in range(300):
        walk = np.cumsum(draw.normal(0, 1, 54))
        at = known[:, None] + np.arange(horizon)
        actual = np.where(at < 42, walk[np.minimum(at, 41)], np.nan)
        forecast = np.repeat(walk[known - 1][:, None], horizon, axis=1)
        bands = bands_of(actual, forecast, known.astype(float), estimated=False)
        for index, level in enumerate((0.5, 0.8, 0.95)):
            low, high = bands.around(np.full(horizon, walk[41]), level)
            inside[index] += ((low <= walk[42:]) & (walk[42:] <= high)).mean() / 300
    assert 0.40 < inside[0] < 0.60
    assert 0.70 < inside[1] < 0.88
    assert 0.88 < inside[2] < 0.99


def test_bands_hold_where_errors_do_not_grow_with_the_horizon() -> None:
    """Billed revenue is such a series: what is billed in a month says little of the month before."""
    draw = np.random.default_rng(12)
    known, horizon, inside = np.array(range(12, 42)), 12, np.zeros(12)
    for _ in range(300):
        noise = draw.normal(0, 1, 54)
        at = known[:, None] + np.arange(horizon)
        actual = np.where(at < 42, noise[np.minimum(at, 41)], np.nan)
        bands = bands_of(actual, np.zeros_like(actual), known.astype(float), estimated=False)
        low, high = bands.around(np.zeros(horizon), 0.8)
        inside += ((low <= noise[42:]) & (noise[42:] <= high)) / 300
    assert 0.77 < inside[0] < 0.88
    # With a running maximum and errors taken to grow, 91 % were inside at twelve months.
    assert 0.77 < inside[-1] < 0.88
    assert 0.79 < inside.mean() < 0.85


def test_origins_that_could_not_know_the_season_say_nothing_of_a_flow_s_error() -> None:
    known = origins(42)
    series = 100 + 10 * np.sin(np.arange(42.0))
    wild = np.where(np.array(known) < 25, 3.0, 1.1)[:, None] * np.ones(4)
    at = np.minimum(np.array(known)[:, None] + np.arange(4), 41)
    paths = {"naive": series[at] * 4, "damped_trend": series[at] * wild}
    level, flow = (backtest(series, paths, flow=flow) for flow in (False, True))
    assert level is not None
    assert flow is not None
    # Errors of a tenth since two years are known: log 1.1, and nothing of the errors before.
    assert flow.best.bands.spread[0] < 1.1 * np.log(1.1)
    assert level.best.bands.spread[0] > 1.5 * np.log(1.1)
    # Five months later than two years there are too few such origins, and all of them count.
    short = {name: rows[:18] for name, rows in paths.items()}
    early = backtest(series[:30], short, flow=True)
    assert early is not None
    assert early.best.bands.spread[0] > 0.5


def test_bands_are_nested_and_never_narrow_with_the_horizon() -> None:
    found = judged("seasonal").best.bands
    path = np.full(6, 1000.0)
    narrow, wide = found.around(path, 0.5), found.around(path, 0.95)
    assert (wide[0] <= narrow[0]).all()
    assert (narrow[1] <= wide[1]).all()
    assert (np.diff(found.spread) >= 0).all()


def test_all_origins_at_once_forecast_what_each_forecasts_by_itself() -> None:
    history, contracts = business(WORLDS["seasonal"], 3)
    known = [14, 25, 39, 40]
    together = layers_at(history, contracts, known, 6)
    for at in known:
        alone = layers_at(history, contracts, [at], 6)[at]
        assert together[at].keys() == alone.keys()
        for key, path in alone.items():
            assert together[at][key] == pytest.approx(path, rel=1e-12)


@pytest.mark.parametrize("centre", [100.0, 0.0])  # errors as factors, and as differences
def test_bands_of_the_other_origins_are_the_same_all_at_once(centre: float) -> None:
    known, horizon = np.arange(12, 40), 6
    series = centre + np.cumsum(np.random.default_rng(5).normal(0, 1, 40))
    at = known[:, None] + np.arange(horizon)
    actual = np.where(at < 40, series[np.minimum(at, 39)], np.nan)
    forecast = np.repeat(series[known - 1][:, None], horizon, axis=1)
    past = (actual, forecast, known.astype(float))
    others = ~np.eye(len(known), dtype=bool)
    low, high = held_out(past, others, 0.8)
    for row, rest in enumerate(others):
        alone = bands_of(*(rows[rest] for rows in past)).around(forecast[row], 0.8)
        assert (low[row], high[row]) == (pytest.approx(alone[0]), pytest.approx(alone[1]))
