"""The layers of a forecast: each series ahead, as each way of looking at it sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clv_cli.planning.baselines import SEASON, damped_trends, naive, seasonal_naive
from clv_cli.planning.cohorts import buy, buying_at
from clv_cli.planning.projection import drivers_with, neutral, projected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.models.arrays import Array
    from clv_cli.planning.cohorts import Cohorts
    from clv_cli.planning.contracts import Contracts
    from clv_cli.planning.history import History
    from clv_cli.planning.projection import Path

    Layers = dict[tuple[str, str], Array]

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
    history: History, contracts: Contracts, origins: Sequence[int], horizon: int
) -> dict[int, Layers]:
    """Every layer of every series, as each of some months' ends could have forecast it.

    Args:
        history: monthly series.
        contracts: all terms.
        origins: how many months are known, ascending.
        horizon: months ahead.

    Returns:
        By origin, `(series, layer)` to values in minor units or customers.
    """
    series = {name: series_of(history, name) for name in SERIES}
    found = _baselines(series, origins, horizon)
    won = damped_trends(history.customers_won, origins, horizon)
    drivers = [drivers_with(history, contracts, *pair) for pair in zip(origins, won, strict=True)]
    paths = projected(drivers, neutral(contracts.segments), horizon)
    for at, path in zip(origins, paths, strict=True):
        found[at]["mrr", SURVIVAL] = path.mrr
        found[at]["customers", SURVIVAL] = path.customers
        found[at]["net_revenue", SURVIVAL] = billed(history, at, path)
    return found


def buying_layers_at(
    history: History, cohorts: Cohorts, origins: Sequence[int], horizon: int
) -> dict[int, Layers]:
    """The same for customers who buy when they like: billed revenue, and who buys in a month."""
    series = {"net_revenue": history.revenue, "buyers": cohorts.buyers.sum(axis=0)}
    found = _baselines(series, origins, horizon)
    for at in origins:
        buyers, sales = buy(buying_at(cohorts, at, horizon), neutral(1))
        found[at]["buyers", COHORTS], found[at]["net_revenue", COHORTS] = buyers, sales
    return found


def _baselines(
    series: Mapping[str, Array], origins: Sequence[int], horizon: int
) -> dict[int, Layers]:
    found: dict[int, Layers] = {at: {} for at in origins}
    for name, values in series.items():
        damped = damped_trends(values, origins, horizon)
        for at, path in zip(origins, damped, strict=True):
            found[at][name, NAIVE] = naive(values[:at], horizon)
            found[at][name, SEASONAL] = seasonal_naive(values[:at], horizon)
            found[at][name, DAMPED] = path
    return found


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
