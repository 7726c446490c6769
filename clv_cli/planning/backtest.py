"""How wrong would each layer have been? Rolling origins: only what was known then is used.

Errors are held against those of the naive forecast at the same origins (MASE: Hyndman and Koehler,
2006, Another look at measures of forecast accuracy, International Journal of Forecasting 22(4)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.bands import Bands, bands_of, held_out
from clv_cli.planning.layers import COHORTS, LAYERS, NAIVE, SEASONAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from clv_cli.models.arrays import Array

TRAINING = 12  # months that a forecast needs before it
ORIGINS = 6  # fewer than this say nothing about the error
LONGEST = 36  # origins further back are another business
SEASONED = 25  # months after which the season of what is billed in a month can be known


@dataclass(frozen=True, slots=True)
class Test:
    """The backtest of one layer of one series, by horizon.

    Args:
        layer: which one.
        errors: actual less forecast, origins by horizon; nan where the actual is not known yet.
        forecasts: what was forecast.
        mape: mean absolute error as a share of the actual.
        mase: mean absolute error over the mean change from month to month.
        against_naive: mean absolute error over that of naive at the same origins.
        coverage: share of actuals within the 80 % band of the other origins.
        tried: origins behind each horizon.
        bands: how far the truth may lie from a forecast.
    """

    layer: str
    errors: Array
    forecasts: Array
    mape: Array
    mase: Array
    against_naive: Array
    coverage: Array
    tried: Array
    bands: Bands

    @property
    def score(self) -> float:
        """Mean error against naive over all horizons that were tried; 1 is naive."""
        known = self.against_naive[np.isfinite(self.against_naive)]
        return float(known.mean()) if len(known) else np.inf


@dataclass(frozen=True, slots=True)
class Backtest:
    """All layers of one series.

    Args:
        tests: by layer.
        chosen: the layer with the smallest errors; naive where nothing beats it.
    """

    tests: Mapping[str, Test]
    chosen: str

    @property
    def best(self) -> Test:
        """The test of the chosen layer."""
        return self.tests[self.chosen]

    def worse_than_naive(self) -> list[int]:
        """The horizons at which the chosen layer lost to naive."""
        ratios = self.best.against_naive
        return [h + 1 for h, ratio in enumerate(ratios) if ratio > 1 + 1e-9]


def origins(months: int) -> range:
    """How many months are known at each origin of the backtest, oldest first."""
    return range(max(TRAINING, months - LONGEST), months)


def backtest(series: Array, paths: Mapping[str, Array], *, flow: bool = False) -> Backtest | None:
    """Compare forecasts of the past with what came.

    Args:
        series: what came, one value a month.
        paths: by layer, forecasts by origin and horizon, in the order of `origins`.
        flow: whether it is what happens in a month, such as billed revenue, with a season of its own;
            else a level.

    Returns:
        None with fewer than six origins.
    """
    known = origins(len(series))
    if len(known) < ORIGINS:
        return None
    horizon = paths[NAIVE].shape[1]
    at = np.array(known)[:, None] + np.arange(horizon)
    actual = np.where(at < len(series), series[np.minimum(at, len(series) - 1)], np.nan)
    trained = np.array(known, dtype=np.float64)
    naive_errors = np.abs(actual - paths[NAIVE])
    step = float(np.abs(np.diff(series)).mean())
    tests = {
        layer: _test(
            layer, actual, paths[layer], (naive_errors, step, trained), flow=flow and layer != NAIVE
        )
        for layer in (*LAYERS, COHORTS)
        if layer in paths
    }
    return Backtest(tests, min(tests, key=lambda layer: round(tests[layer].score, 9)))


def _test(
    layer: str,
    actual: Array,
    forecast: Array,
    beside: tuple[Array, float, Array],
    *,
    flow: bool,
) -> Test:
    naive, step, trained = beside
    estimated = layer not in {NAIVE, SEASONAL}
    past = (actual, forecast, trained)
    knew = _alike(np.ones((1, len(trained)), dtype=np.bool_), trained, flow=flow)[0]
    errors = actual - forecast
    size = np.abs(errors)
    tried = np.isfinite(errors).sum(axis=0).astype(float)
    mean, other = _means(size), _means(naive)
    # Where naive never erred, not to err either is to equal it.
    even = np.where(mean > 0, np.inf, np.where(np.isfinite(mean), 1.0, np.nan))
    ratio = np.divide(mean, other, out=even, where=other > 0)
    return Test(
        layer,
        errors,
        forecast,
        _means(np.divide(size, np.abs(actual), out=np.full_like(size, np.nan), where=actual != 0)),
        mean / step if step > 0 else np.full_like(mean, np.nan),
        ratio,
        _coverage(past, estimated=estimated, flow=flow),
        tried,
        bands_of(*(rows[knew] for rows in past), estimated=estimated),
    )


Past = tuple["Array", "Array", "Array"]


def _alike(used: NDArray[np.bool_], trained: Array, *, flow: bool) -> NDArray[np.bool_]:
    """Of some choices of origins, those that knew what today's forecast knows.

    One that had not seen two years could not know the season of a flow, and erred as no forecast of
    today will; where enough others are there, it says nothing.
    """
    if not flow:
        return used
    knew = used & (trained >= SEASONED)
    return np.where(knew.sum(axis=1, keepdims=True) < ORIGINS, used, knew)


def _means(values: Array) -> Array:
    """Means by horizon of what is known; nan where nothing is."""
    seen = np.isfinite(values)
    sums = np.where(seen, values, 0.0).sum(axis=0)
    count = seen.sum(axis=0)
    found: Array = np.divide(sums, count, out=np.full(len(sums), np.nan), where=count > 0)
    return found


def _coverage(past: Past, *, estimated: bool, flow: bool) -> Array:
    """Share of actuals within the 80 % band made of the other origins' errors."""
    actual, _, trained = past
    used = _alike(~np.eye(len(trained), dtype=np.bool_), trained, flow=flow)
    low, high = held_out(past, used, 0.8, estimated=estimated)
    within = (low <= actual) & (actual <= high)
    return _means(np.where(np.isfinite(actual), within, np.nan))
