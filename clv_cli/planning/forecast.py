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
from clv_cli.planning.business import business_of
from clv_cli.planning.cohorts import buying_cohorts, cohorts_of
from clv_cli.planning.history import contracts_of, history_of
from clv_cli.planning.layers import FLOWS, buying_layers_at, layers_at, series_of
from clv_cli.planning.projection import drivers_at, neutral, project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.models.arrays import Array
    from clv_cli.planning.cohorts import Cohorts
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

BUYING_NEEDS: tuple[Measure, ...] = (mrr_months, revenue_months, buying_cohorts)
CONTRACTS, CONTRACTED, DUE = "contracts", "contracted", "due"


@dataclass(frozen=True, slots=True)
class Situation:
    """What planning starts from.

    Args:
        history: monthly series.
        contracts: the terms that customers paid for; None where they buy when they like.
        segments: names of the segments, in the order of their indices.
        horizon: months ahead.
        cohorts: customers by their first month, where they buy when they like.
    """

    history: History
    contracts: Contracts | None
    segments: tuple[str, ...]
    horizon: int
    cohorts: Cohorts | None = None

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
        frames: those of `NEEDS`, or of `BUYING_NEEDS` where customers buy when they like.
    """
    history, horizon = history_of(frames[0], frames[1]), scope.settings.planning.months
    if not business_of(scope).under_contract:
        cohorts = cohorts_of(frames[2], history.first, len(history.mrr))
        return Situation(history, None, (), horizon, cohorts)
    contracts, names = contracts_of(scope, *frames[2:])
    return Situation(history, contracts, names, horizon)


def needs_of(scope: Scope) -> tuple[Measure, ...]:
    """What planning reads, by the kind of business; the paths of its forecast first."""
    if business_of(scope).under_contract:
        return (forecast_paths, *NEEDS)
    return (buying_paths, *BUYING_NEEDS)


@derived("forecast_paths", *NEEDS)
def forecast_paths(scope: Scope, *frames: pl.DataFrame) -> pl.DataFrame:
    """What does each layer forecast today, and what would it have forecast in earlier months?

    Returns:
        `series` (mrr, net_revenue, customers), `layer`, `known` (months of history behind the
        forecast), `ahead` (1 for the next month), `value` (minor units or customers, not rounded);
        sorted. With them of today the series `contracts`: what is `contracted`, and what is `due`.
        Nothing without MRR.
    """
    now = situation(scope, *frames)
    if not now.known or now.contracts is None:
        return pl.DataFrame(schema=_PATHS)
    contracts = now.contracts
    found = layers_at(now.history, contracts, _origins(now), now.horizon)
    run = run_off(now, contracts)
    found[now.known] |= {(CONTRACTS, CONTRACTED): run.contracted, (CONTRACTS, DUE): run.due}
    return _rows(found)


@derived("buying_paths", *BUYING_NEEDS)
def buying_paths(scope: Scope, *frames: pl.DataFrame) -> pl.DataFrame:
    """The same of a business whose customers buy when they like, in the same columns.

    Returns:
        The series are net_revenue and buyers.
    """
    now = situation(scope, *frames)
    if not now.known or now.cohorts is None:
        return pl.DataFrame(schema=_PATHS)
    cohorts = now.cohorts
    return _rows(buying_layers_at(now.history, cohorts, _origins(now), now.horizon))


def _origins(now: Situation) -> list[int]:
    """How many months are known at each origin; the last is today."""
    return [*origins(now.known), now.known]


def _rows(found: Mapping[int, Mapping[tuple[str, str], Array]]) -> pl.DataFrame:
    rows = [
        (series, layer, known, ahead, value)
        for known, paths in found.items()
        for (series, layer), path in paths.items()
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
    business, known = business_of(frames.scope), frames[needs_of(frames.scope)[0]]
    if not known.height:
        return {}
    history = history_of(frames[mrr_months], frames[revenue_months])
    horizon = frames.scope.settings.planning.months
    paths = known.filter(pl.col("series") != CONTRACTS)
    # The rows are sorted by name: one block a series, in it one a layer, in it one an origin.
    shape = (len(business.series), len(business.layers), -1, horizon)
    by_series = dict(
        zip(sorted(business.series), paths["value"].to_numpy().reshape(shape), strict=True)
    )
    found = {}
    for series in business.series:
        mine = dict(zip(sorted(business.layers), by_series[series], strict=True))
        past = {layer: rows[:-1] for layer, rows in mine.items()}
        test = backtest(_seen(frames, history, series), past, flow=series in FLOWS)
        last = {layer: rows[-1] for layer, rows in mine.items()}
        found[series] = Forecast(series, last, test, test.chosen if test else "naive")
    return found


def _seen(frames: Frames, history: History, series: str) -> Array:
    """What came of a series, one value a month."""
    if series != "buyers":
        return series_of(history, series)
    cohorts = cohorts_of(frames[buying_cohorts], history.first, len(history.mrr))
    bought: Array = cohorts.buyers.sum(axis=0)
    return bought


def contracted(frames: Frames) -> tuple[Array, Array]:
    """MRR of today whose paid term still runs, and what of it is asked to renew, month by month."""
    rows = frames[forecast_paths].filter(pl.col("series") == CONTRACTS)
    kept, due = (rows.filter(layer=name)["value"].to_numpy() for name in (CONTRACTED, DUE))
    return kept, due


def run_off(now: Situation, contracts: Contracts) -> Path:
    """The survival layer's path: with the MRR that stays contracted, and the renewal wall."""
    drivers = drivers_at(now.history, contracts, now.known, now.horizon)
    return project(drivers, neutral(contracts.segments), now.horizon)


def whole(values: Array) -> list[int]:
    """Estimates rounded once, to minor units or customers."""
    return [round(value) for value in np.asarray(values, dtype=np.float64).tolist()]
