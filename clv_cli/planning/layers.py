"""The layers of a forecast: each series ahead, as each way of looking at it sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.baselines import SEASON, damped_trend, naive, seasonal_naive
from clv_cli.planning.cohorts import buy, buying_at
from clv_cli.planning.projection import drivers_at, neutral, project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.models.arrays import Array
    from clv_cli.planning.cohorts import Cohorts
    from clv_cli.planning.contracts import Contracts
    from clv_cli.planning.history import History
    from clv_cli.planning.projection import Path

SERIES = ("mrr", "net_revenue", "customers")
SURVIVAL, DAMPED, SEASONAL, NAIVE = "survival", "damped_trend", "seasonal_naive", "naive"
COHORTS = "cohorts"
FLOWS = ("net_revenue", "buyers")  # what happens in a month; the others are levels at its end
# In the order in which equals are preferred: the simplest first.
LAYERS = (NAIVE, SEASONAL, DAMPED, SURVIVAL)
TWO_YEARS = 2 * SEASON


def series_of(history: History, name: str) -> Array:
    """One of the series that are forecast."""
    found: Array = history.revenue if name == "net_revenue" else getattr(history, name)
    return found


def layers_at(
    history: History, contracts: Contracts, at: int, horizon: int
) -> dict[tuple[str, str], Array]:
    """Every layer of every series, as a month's end could have forecast it.

    Args:
        history: monthly series.
        contracts: all terms.
        at: how many months are known.
        horizon: months ahead.

    Returns:
        `(series, layer)` to values in minor units or customers.
    """
    found = _baselines({name: series_of(history, name)[:at] for name in SERIES}, horizon)
    path = project(
        drivers_at(history, contracts, at, horizon), neutral(contracts.segments), horizon
    )
    found["mrr", SURVIVAL] = path.mrr
    found["customers", SURVIVAL] = path.customers
    found["net_revenue", SURVIVAL] = billed(history, at, path)
    return found


def buying_layers_at(
    history: History, cohorts: Cohorts, at: int, horizon: int
) -> dict[tuple[str, str], Array]:
    """The same for customers who buy when they like: billed revenue, and who buys in a month."""
    series = {"net_revenue": history.revenue[:at], "buyers": cohorts.buyers.sum(axis=0)[:at]}
    found = _baselines(series, horizon)
    found["buyers", COHORTS], found["net_revenue", COHORTS] = buy(
        buying_at(cohorts, at, horizon), neutral(1)
    )
    return found


def _baselines(series: Mapping[str, Array], horizon: int) -> dict[tuple[str, str], Array]:
    ways = {NAIVE: naive, SEASONAL: seasonal_naive, DAMPED: damped_trend}
    return {
        (name, layer): forecast(known, horizon)
        for name, known in series.items()
        for layer, forecast in ways.items()
    }


def billed(history: History, at: int, path: Path) -> Array:
    """What is billed in the months ahead: MRR times the revenue that a unit of it brought.

        revenue_h = MRR_h x (mean ratio of the calendar month, drawn to the last year's by one year)

    Annual plans are billed in the month they renew, so the ratio has a season.
    """
    known = slice(max(at - TWO_YEARS, 0), at)
    mrr, revenue = history.mrr[known], history.revenue[known]
    ratio = np.divide(revenue, mrr, out=np.zeros_like(mrr), where=mrr > 0)
    months = np.arange(at - len(mrr), at) % SEASON
    last = slice(max(at - SEASON, 0), at)
    level = float(history.revenue[last].sum()) / max(float(history.mrr[last].sum()), 1.0)
    sums = np.bincount(months, ratio, SEASON) + level
    means = sums / (np.bincount(months, minlength=SEASON) + 1)
    ahead = (at + np.arange(len(path.mrr))) % SEASON
    expected: Array = path.mrr * means[ahead]
    return expected
