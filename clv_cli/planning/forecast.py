"""What comes next, and how wrong the same way of forecasting was before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.dimensions import customer_facts
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.pipeline import Measure, Scope, derived
from clv_cli.planning.backtest import Backtest, backtest, origins
from clv_cli.planning.history import contracts_of, history_of
from clv_cli.planning.layers import LAYERS, SERIES, layers_at, series_of
from clv_cli.planning.projection import drivers_at, neutral, project

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.planning.contracts import Contracts
    from clv_cli.planning.history import History
    from clv_cli.planning.projection import Path
    from clv_cli.results import Frames

_PATHS = {
    "series": pl.String,
    "layer": pl.String,
    "known": pl.Int32,
    "ahead": pl.Int32,
    "value": pl.Float64,
}
NEEDS: tuple[Measure, ...] = (
    mrr_months,
    revenue_months,
    renewal_opportunities,
    mrr_movements,
    customer_facts,
)


@dataclass(frozen=True, slots=True)
class Situation:
    """What planning starts from.

    Args:
        history: monthly series.
        contracts: the terms that customers paid for.
        segments: names of the segments, in the order of their indices.
        horizon: months ahead.
    """

    history: History
    contracts: Contracts
    segments: tuple[str, ...]
    horizon: int

    @property
    def known(self) -> int:
        """How many months are known."""
        return len(self.history.mrr)

    @property
    def ahead(self) -> range:
        """The months ahead."""
        first = self.history.first + self.known
        return range(first, first + self.horizon)


def situation(scope: Scope, *frames: pl.DataFrame) -> Situation:
    """Gather what planning starts from.

    Args:
        scope: its day and settings.
        frames: those of `NEEDS`, in their order.
    """
    months, revenue, asked, movements, facts = frames
    contracts, names = contracts_of(scope, asked, movements, facts)
    history = history_of(months, revenue)
    return Situation(history, contracts, names, scope.settings.planning.months)


@derived("forecast_paths", *NEEDS)
def forecast_paths(scope: Scope, *frames: pl.DataFrame) -> pl.DataFrame:
    """What does each layer forecast today, and what would it have forecast in earlier months?

    Returns:
        `series` (mrr, net_revenue, customers), `layer`, `known` (months of history behind the
        forecast), `ahead` (1 for the next month), `value` (minor units or customers, not rounded);
        sorted. Nothing without MRR.
    """
    now = situation(scope, *frames)
    rows: list[tuple[object, ...]] = []
    if now.known:
        for known in [*origins(now.known), now.known]:
            paths = layers_at(now.history, now.contracts, known, now.horizon)
            for (series, layer), path in paths.items():
                rows += [
                    (series, layer, known, ahead, value)
                    for ahead, value in enumerate(path.tolist(), start=1)
                ]
    frame = pl.DataFrame(rows, schema=_PATHS, orient="row")
    return frame.sort("series", "layer", "known", "ahead")


@dataclass(frozen=True, slots=True)
class Forecast:
    """One series ahead.

    Args:
        series: its name.
        layers: by layer, a value a month.
        test: how the layers did before; None where the history is too short.
        chosen: the layer that is used.
    """

    series: str
    layers: dict[str, Array]
    test: Backtest | None
    chosen: str

    @property
    def path(self) -> Array:
        """The forecast: the path of the chosen layer."""
        return self.layers[self.chosen]

    def band(self, level: float) -> tuple[Array, Array] | None:
        """The band of one level; None where the history is too short to tell."""
        return self.test.best.bands.around(self.path, level) if self.test else None


def forecasts(frames: Frames) -> dict[str, Forecast]:
    """The forecast of every series, with its backtest.

    Args:
        frames: with `forecast_paths` and what it needs.

    Returns:
        Nothing where there is no MRR.
    """
    paths = frames[forecast_paths]
    if not paths.height:
        return {}
    history = history_of(frames[mrr_months], frames[revenue_months])
    horizon = frames.scope.settings.planning.months
    found = {}
    # The rows are sorted by name: one block a series, in it one a layer, in it one an origin.
    blocks = paths["value"].to_numpy().reshape(len(SERIES), len(LAYERS), -1, horizon)
    by_series = dict(zip(sorted(SERIES), blocks, strict=True))
    for series in SERIES:
        mine = dict(zip(sorted(LAYERS), by_series[series], strict=True))
        past = {layer: rows[:-1] for layer, rows in mine.items()}
        test = backtest(series_of(history, series), past)
        last = {layer: rows[-1] for layer, rows in mine.items()}
        found[series] = Forecast(series, last, test, test.chosen if test else "naive")
    return found


def run_off(frames: Frames) -> Path:
    """The survival layer's path: with the MRR that stays contracted, and the renewal wall."""
    now = situation(frames.scope, *(frames[need] for need in NEEDS))
    drivers = drivers_at(now.history, now.contracts, now.known, now.horizon)
    return project(drivers, neutral(now.contracts.segments), now.horizon)


def whole(values: Array) -> list[int]:
    """Estimates rounded once, to minor units or customers."""
    return [round(value) for value in np.asarray(values, dtype=np.float64).tolist()]
