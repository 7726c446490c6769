"""Customers who buy when they like: what those won in one month do in the months after.

Nothing renews here, so nothing is lost on a day. What is known is how many of a month's newcomers buy
again at which age, and what they spend; both are read from the last year's months, as chain ladders
are (Mack, 1993, Distribution-free calculation of the standard error of chain ladder reserve estimates,
ASTIN Bulletin 23(2)), and carried into the months ahead with the season and with newcomers by trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.pipeline import Scope, derived
from clv_cli.planning.baselines import SEASON, damped_trend

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.planning.projection import Levers

YEAR = 12
HALF = 6
LARGEST_DROP = 0.5


@derived("first_purchases", customer_revenue)
def first_purchases(_: Scope, revenue: pl.DataFrame) -> pl.DataFrame:
    """When did each customer first buy?

    Returns:
        `code`, sorted; `month` of its first charge above 0; `customers_new`, always 1.
    """
    charged = revenue.filter(pl.col("invoiced") > 0)
    first = charged.group_by("code").agg(pl.col("month").min()).sort("code")
    return first.with_columns(customers_new=pl.lit(1, pl.Int64))


@derived("buying_cohorts", customer_revenue, first_purchases)
def buying_cohorts(_: Scope, revenue: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """How many of the customers of each first month buy in which month, and for how much?

    Returns:
        `first, month`, sorted; `buyers` (customers with a charge above 0 in the month), `amount`
        (Int64 minor units, net of credits).
    """
    return (
        revenue.join(first.select("code", first="month"), on="code", how="inner")
        .filter(pl.col("month") >= pl.col("first"))
        .group_by("first", "month")
        .agg(
            buyers=(pl.col("invoiced") > 0).sum().cast(pl.Int64),
            amount=pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64),
        )
        .sort("first", "month")
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """Customers by their first month (rows) and by month (columns), from the first month known on.

    Args:
        buyers: who bought in the month; in the first month all of them.
        spent: for how much, in minor units.
    """

    buyers: Array
    spent: Array

    @property
    def size(self) -> Array:
        """Customers won in each month."""
        return np.diag(self.buyers)


@dataclass(frozen=True, slots=True)
class Buying:
    """What moves sales from a month's end on.

    Args:
        size: customers won in each month known, oldest first.
        won: customers won in each month ahead.
        share: of a month's newcomers, who buys at each age.
        spend: what each newcomer spends at each age, in minor units, whether it buys or not.
        drop: share of the buyers who stay away for good, a month.
        season: of buyers and of money in each month ahead, as factors: two rows.
        error: standard error of what a month brings beside what its cohorts' ages say, as a share.
    """

    size: Array
    won: Array
    share: Array
    spend: Array
    drop: float
    season: Array
    error: float


def cohorts_of(rows: pl.DataFrame, first: int, months: int) -> Cohorts:
    """The cohorts of so many months.

    Args:
        rows: `buying_cohorts`.
        first: the first month.
        months: how many are known.
    """
    known = rows.filter(pl.col("month").is_between(first, first + months - 1))
    place = (known["first"].to_numpy() - first, known["month"].to_numpy() - first)
    tables = []
    for name in ("buyers", "amount"):
        table = np.zeros((months, months))
        table[place] = known[name].cast(pl.Float64).to_numpy()
        tables.append(table)
    return Cohorts(*tables)


def buying_at(cohorts: Cohorts, at: int, horizon: int) -> Buying:
    """What moves sales, as a month's end shows it.

    Args:
        cohorts: all months.
        at: how many of them are known.
        horizon: months ahead.
    """
    size = cohorts.size[:at]
    curves, seasons = [], []
    for table in (cohorts.buyers[:at, :at], cohorts.spent[:at, :at]):
        curve = _by_age(table, size, horizon)
        curves.append(curve)
        actual, expected = table.sum(axis=0), _expected(size, curve[:at])
        seasons.append(_season(actual, expected, horizon))
    share, spend = curves
    last = slice(max(at - YEAR, 0), at)
    # That of money, the last of the two tables.
    error = mean_error(actual[last] / np.maximum(expected[last], 1.0))
    won = np.maximum(damped_trend(size, horizon), 0.0)
    return Buying(size, won, share, spend, _drop(share[:at]), np.stack(seasons), error)


def buy(drivers: Buying, levers: Levers) -> tuple[Array, Array]:
    """Let the months pass: who buys in each, and for how much.

        sales_h = season_h x sum over cohorts of size x spend(age) x stay^h, and of newcomers likewise

    Args:
        drivers: what moves sales.
        levers: what is changed; the first factor on churn is that of all, on those who stay away.
    """
    horizon = len(drivers.won)
    drop = min(drivers.drop * float(levers.churn[0]), 1.0)
    stay = (1 - drop) / (1 - drivers.drop)
    grown = stay * (1 + levers.expansion)
    won = drivers.won * levers.acquisition
    buyers, sales = np.zeros(horizon), np.zeros(horizon)
    for ahead in range(horizon):
        ages = len(drivers.size) + ahead - np.arange(len(drivers.size))
        young = np.arange(ahead, -1, -1)
        for curve, found, kept in ((drivers.share, buyers, stay), (drivers.spend, sales, grown)):
            old = (drivers.size * curve[ages]).sum() * kept ** (ahead + 1)
            found[ahead] = old + (won[: ahead + 1] * curve[young] * kept**young).sum()
    return drivers.season[0] * buyers, drivers.season[1] * sales * levers.price


def worth_of_one(drivers: Buying, months: int) -> float:
    """What a newcomer spends in so many months, in minor units; beyond what is known it fades."""
    known = len(drivers.size)
    ages = np.arange(months)
    fade = (1 - drivers.drop) ** np.maximum(ages - known + 1, 0)
    return float((drivers.spend[np.minimum(ages, len(drivers.spend) - 1)] * fade).sum())


def mean_error(values: Array) -> float:
    """The standard error of a mean of months."""
    return float(values.std(ddof=1)) / float(np.sqrt(len(values))) if len(values) > 1 else 0.0


def _by_age(table: Array, size: Array, horizon: int) -> Array:
    """What a customer does at each age, in the last year's months; older ones fade like the oldest."""
    at = len(size)
    first, month = np.arange(at)[:, None], np.arange(at)
    seen = (month >= first) & (month >= at - YEAR)
    age = (month - first)[seen]
    done = np.bincount(age, table[seen], at)
    there = np.bincount(age, np.broadcast_to(size[:, None], table.shape)[seen], at)
    oldest, older = slice(max(at - HALF, 0), at), slice(max(at - YEAR, 0), max(at - HALF, 0))
    level, before = (
        float(done[ages].sum()) / max(float(there[ages].sum()), 1.0) for ages in (oldest, older)
    )
    curve = np.divide(done, there, out=np.full(at, level), where=there > 0)
    # From the middle of the oldest half year on, as from the one before it.
    fade = 1 - _lost_a_month(before, level)
    return np.append(curve, level * fade ** (np.arange(1, horizon + 1) + (HALF - 1) / 2))


def _expected(size: Array, curve: Array) -> Array:
    """What the curve says of each month that is known."""
    found: Array = np.convolve(size, curve)[: len(size)]
    return found


def _season(actual: Array, expected: Array, horizon: int) -> Array:
    """How much more each month ahead brings than its cohorts' ages say.

    The mean ratio of the calendar month over two years, drawn to the last year's by one year.
    """
    at = len(actual)
    known = slice(max(at - 2 * SEASON, 0), at)
    ratio = np.divide(
        actual[known], expected[known], out=np.ones(len(actual[known])), where=expected[known] > 0
    )
    months = np.arange(at - len(ratio), at) % SEASON
    level = float(actual[-SEASON:].sum()) / max(float(expected[-SEASON:].sum()), 1.0)
    sums = np.bincount(months, ratio, SEASON) + level
    means = sums / (np.bincount(months, minlength=SEASON) + 1)
    ahead: Array = means[(at + np.arange(horizon)) % SEASON]
    return ahead


def _drop(share: Array) -> float:
    """Share of buyers who stay away for good, a month: from the first half year to the second."""
    if len(share) <= YEAR:
        return 0.0
    early, late = float(share[1 : HALF + 1].mean()), float(share[HALF + 1 : YEAR + 1].mean())
    return _lost_a_month(early, late)


def _lost_a_month(early: float, late: float) -> float:
    """By what share a month does one half year's level fall to the next one's? Never less than none."""
    if early <= 0 or late >= early:
        return 0.0
    kept = float(np.power(max(late, 0.0) / early, 1 / HALF))
    return min(1 - kept, LARGEST_DROP)
