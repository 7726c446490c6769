"""What customers bring and cost today, and how winning and leaving answer to money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.measures.dimensions import customer_facts
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.unit_economics import (
    CAC_NEEDS,
    CLV_NEEDS,
    COST_OF_SERVICE,
    arpa,
    cac,
    clv,
    cost_to_serve,
    gross_margin,
    has_service_costs,
    lifetime,
)
from clv_cli.planning.cohorts import Buying, first_purchases, worth_of_one
from clv_cli.planning.response import Curve, declared_curve, fitted_curve

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.pipeline import Measure
    from clv_cli.planning.forecast import Situation
    from clv_cli.results import Frames

ECONOMIC_NEEDS: tuple[Measure, ...] = (
    *CLV_NEEDS,
    *CAC_NEEDS,
    acquisition_spend,
    service_costs,
    mrr_movements,
    customer_facts,
)
YEAR = 12
UNKNOWN = ""
NO_SUCCESS = "no spend on customer success is recorded (service_costs of category success)"


@dataclass(frozen=True, slots=True)
class Channel:
    """One way of winning customers.

    Args:
        name: as recorded; empty for spend, or customers, of no channel.
        spend: of its own, a month, over the last year, in minor units.
        won: customers won by it, a month, over the last year.
        curve: how they follow spend; or why nobody can say.
    """

    name: str
    spend: float
    won: float
    curve: Curve | str


@dataclass(frozen=True, slots=True)
class Economics:
    """Unit economics of today, in minor units.

    Args:
        arpa: MRR a customer.
        margin: gross margin as a share.
        churn: customers lost a month, as a share; None where too few were lost to tell.
        lost: customers lost that it rests on.
        cap: longest lifetime that is believed, in months.
        cac: cost of winning one customer; None where not known.
        serve: support and success cost of a customer's lifetime; 0 without cost data.
        spend: acquisition spend a month.
        success: spend on customer success a month.
        service: spend on support and success a month.
        channels: all channels.
        retention: how churn follows spend on customer success; or why nobody can say.
        costs_known: whether any cost of revenue or service is recorded.
        reason: why there is no CLV; None where there is.
    """

    arpa: float
    margin: float
    churn: float | None
    lost: float
    cap: float
    cac: float | None
    serve: float
    spend: float
    success: float
    service: float
    channels: tuple[Channel, ...]
    retention: Curve | str
    costs_known: bool
    reason: str | None

    def life(self, factor: float) -> float:
        """Months that a customer stays, with churn times a factor."""
        if not self.churn:
            return 0.0
        return min(1 / (self.churn * factor), self.cap) if factor > 0 else self.cap


def economics(frames: Frames, now: Situation, retention: Curve | str) -> Economics:
    """What customers bring and cost today.

    Args:
        frames: with `ECONOMIC_NEEDS`.
        now: the history behind it.
        retention: how churn follows CS effort, or why nobody can say.
    """
    scope, month = frames.scope, frames.scope.closing
    life, worth = lifetime(frames, month), clv(frames, month)
    put = {item.key: item.value for item in life.inputs}
    lost, at_risk = float(put.get("lost") or 0), float(put.get("at_risk") or 0)
    margin, each, cost = gross_margin(frames, month), arpa(frames, month), cac(frames, month)
    served = cost_to_serve(frames, month) if has_service_costs(frames, month) else None
    success = _monthly(frames, service_costs, pl.col("category") == "success")
    return Economics(
        arpa=float(each.value or 0),
        margin=float(margin.value if margin.value is not None else 1),
        churn=lost / at_risk if worth.value is not None and at_risk else None,
        lost=lost,
        cap=float(scope.settings.ltv.cap_months),
        cac=None if cost.value is None else float(cost.value),
        serve=float(served.value or 0) if served else 0.0,
        spend=_monthly(frames, acquisition_spend, pl.lit(value=True)),
        success=success,
        service=_monthly(frames, service_costs, pl.col("category").is_in(COST_OF_SERVICE)),
        channels=_channels(frames, now),
        retention=retention if success > 0 else NO_SUCCESS,
        costs_known=frames[service_costs].height > 0,
        reason=worth.reason,
    )


def of_buyers(econ: Economics, drivers: Buying) -> Economics:
    """The same where customers buy when they like: worth by what newcomers spend at each age.

        CLV = margin x sum of spend(age) up to `ltv.cap_months`;  churn = share of buyers who stay away

    ARPA is what makes CLV of its lifetime, and CAC the spend of the last year on each customer won.
    """
    cap = round(econ.cap)
    churn = drivers.drop or 1 / econ.cap
    won = float(drivers.size[-YEAR:].mean()) if len(drivers.size) else 0.0
    buyers = churn * float(drivers.size.sum())
    found = replace(econ, churn=churn, lost=buyers, reason=None)
    return replace(
        found,
        arpa=worth_of_one(drivers, cap) / found.life(1.0),
        cac=econ.spend / won if won and econ.spend else None,
    )


def _monthly(frames: Frames, measure: Measure, chosen: pl.Expr) -> float:
    """A cost a month, over the last year."""
    closing = frames.scope.closing
    year = pl.col("month").is_between(closing - YEAR + 1, closing)
    return float(frames[measure].filter(year, chosen)["amount_base"].cast(pl.Int128).sum()) / YEAR


def _channels(frames: Frames, now: Situation) -> tuple[Channel, ...]:
    """Every channel with its spend, its customers and its curve."""
    scope, horizon = frames.scope, now.history.first + now.known
    months = range(now.history.first, horizon)
    spend = frames[acquisition_spend].with_columns(pl.col("channel").fill_null(UNKNOWN))
    gained = mrr_movements if now.cohorts is None else first_purchases
    won = (
        frames[gained]
        .filter(pl.col("customers_new") > 0)
        .join(frames[customer_facts].select("code", "channel"), on="code", how="left")
        .with_columns(pl.col("channel").fill_null(UNKNOWN))
    )
    names = sorted({*spend["channel"], *won["channel"]})
    lag, declared = scope.settings.cac.lag_months, scope.settings.planning.spend_response
    found = []
    for name in names:
        spent = _series(spend.filter(channel=name), "amount_base", months)
        came = _series(won.filter(channel=name), "customers_new", months)
        # What is spent this month wins the customers of a later one.
        curve = fitted_curve(spent[: len(spent) - lag], came[lag:])
        if declared is not None and not isinstance(curve, Curve):
            curve = declared_curve(declared)
        if not spent[-YEAR:].sum():
            curve = "nothing was spent on it in the last 12 months"
        elif not name:
            curve = "spend of no channel (sales, tools) follows no channel's customers"
        found.append(
            Channel(
                name, float(spent[-YEAR:].sum()) / YEAR, float(came[-YEAR:].sum()) / YEAR, curve
            )
        )
    return tuple(found)


def _series(rows: pl.DataFrame, column: str, months: range) -> Array:
    """Sums by month, as statistics."""
    sums = rows.group_by("month").agg(pl.col(column).cast(pl.Float64).sum())
    by_month = dict(sums.iter_rows())
    return np.array([by_month.get(month, 0.0) for month in months], dtype=np.float64)
