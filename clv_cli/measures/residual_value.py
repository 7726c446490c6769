"""The arithmetic of `customer_value`: the chosen models' expectations as money, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.interval_months import DAYS_A_MONTH, MONTHS
from clv_cli.measures.model_fitting import (
    FREE_CHOICE,
    RENEWAL_MODELS,
    SPEND,
    WEEK,
    interval_name,
    purchase_model,
)
from clv_cli.measures.model_inputs import purchase_histories
from clv_cli.measures.model_rows import fit_of
from clv_cli.models.gamma_gamma import expected_spend, spending
from clv_cli.models.intervals import Estimate, delta
from clv_cli.money import MRR_UNITS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from clv_cli.models.arrays import Array, Index
    from clv_cli.models.fitting import Fit
    from clv_cli.pipeline import Scope

LEVELS = (0.8, 0.95)


class _Answer:
    """Columns of all customers, filled part by part."""

    def __init__(self, customers: int, parameters: int) -> None:
        self.future = np.zeros(customers)
        self.gradient = np.zeros((parameters, customers))
        self.alive = np.zeros(customers)
        self.renewals = np.zeros(customers)
        self.purchases = np.zeros(customers)
        self.contract_model: list[str | None] = [None] * customers
        self.purchase_model: list[str | None] = [None] * customers
        self.reasons: list[str | None] = [None] * customers

    def add(self, at: Index, worth: Estimate, begins: int) -> None:
        """Add the worth of some customers; `begins` is the place of the fit's first parameter."""
        self.future[at] += worth.value
        rows = np.arange(begins, begins + len(worth.gradient))
        self.gradient[np.ix_(rows, at)] += worth.gradient


def residual_value(
    scope: Scope, known: pl.DataFrame, models: pl.DataFrame, rate: float
) -> pl.DataFrame:
    """The columns that `customer_value` describes.

    Args:
        scope: the day, horizon and discount.
        known: one row a customer, by `code`.
        models: rows of `lifetime_models`.
        rate: gross margin of future revenue.
    """
    chosen = models.filter("chosen")
    fits = [fit_of(row) for row in chosen.to_dicts()]
    begins = np.cumsum([0, *(len(fit.values) for fit in fits)]).tolist()
    answer = _Answer(known.height, begins[-1])
    of = {row["population"]: i for i, row in enumerate(chosen.to_dicts())}
    known = known.with_row_index("place")
    active = known.filter("active")
    for (interval, count), mine in sorted(active.group_by("interval", "interval_count")):
        name = interval_name(str(interval), int(str(count)))
        place = of.get(f"contracts by the {name}")
        at = mine["place"].to_numpy().astype(np.intp)
        answer.alive[at] = 1.0
        if place is None:
            for index in at:
                answer.reasons[index] = f"no model of contracts by the {name}"
            continue
        fitted = (fits[place], begins[place], rate)
        _renewals(scope, answer, at, mine, str(interval), int(str(count)), fitted)
    _purchases(scope, answer, known, of, (fits, begins, rate))
    return _framed(known, answer, fits)


def _renewals(  # noqa: PLR0913, PLR0917 - called once
    scope: Scope,
    answer: _Answer,
    at: Index,
    mine: pl.DataFrame,
    interval: str,
    count: int,
    fitted: tuple[Fit, int, float],
) -> None:
    """Contracts of one plan interval: payments at each renewal within the horizon."""
    fit, begins, rate = fitted
    module = RENEWAL_MODELS[fit.model]
    due = payments_within(scope, mine, interval, count, rate)
    worth = delta(lambda p: due.payment * due.expected(module, p, due.step), fit)
    answer.add(at, worth, begins)
    answer.renewals[at] = due.expected(module, fit.values, 0.0)
    for index in at:
        answer.contract_model[index] = fit.model


@dataclass(frozen=True, slots=True)
class Due:
    """The payments that some contracts of one interval would make if they stayed.

    Args:
        made: renewals each has made.
        number: payments due within the horizon.
        payment: margin of one, discounted to the as-of day as if it fell due with the first.
        step: rate of discount over one interval.
        months: of the interval.
    """

    made: Array
    number: Array
    payment: Array
    step: float
    months: float

    def expected(self, module: ModuleType, parameters: Array, discount: float) -> Array:
        """How many of them will be made, discounted to the first?"""
        found = np.zeros(len(self.made))
        for number in np.unique(self.number[self.number > 0]):
            same = self.number == number
            made = self.made[same]
            found[same] = module.discounted_residual(parameters, made, discount, int(number))
        return found


def payments_within(
    scope: Scope, mine: pl.DataFrame, interval: str, count: int, rate: float
) -> Due:
    """The payments of contracts of one plan interval within the horizon."""
    settings = scope.settings.models
    months = MONTHS[interval] * count
    days = (mine["due_on"] - scope.as_of).dt.total_days().to_numpy()
    wait = np.maximum(days, 0) / DAYS_A_MONTH
    number = np.floor((settings.horizon_months - wait) / months + 1e-9) + 1
    yearly = 1 + float(settings.discount)
    payment = rate * months * mine["mrr"].to_numpy() / MRR_UNITS * yearly ** (-wait / 12)
    made = mine["made"].to_numpy().astype(np.float64)
    return Due(made, np.maximum(number, 0.0), payment, yearly ** (months / 12) - 1, months)


def _purchases(
    scope: Scope,
    answer: _Answer,
    known: pl.DataFrame,
    of: dict[str, int],
    fitted: tuple[list[Fit], list[int], float],
) -> None:
    """Free choice: purchases within the horizon, at the customer's expected spend."""
    fits, begins, rate = fitted
    # Where usage counts as MRR it renews with the contract, and is not counted again.
    twice = pl.col("active") & (scope.settings.mrr.usage != "exclude")
    left = (
        pl.col("due_on").is_not_null() & ~pl.col("active") & (pl.col("last_on") < pl.col("due_on"))
    )
    mine = known.filter(pl.col("age").is_not_null(), ~twice, ~left.fill_null(value=False))
    at = mine["place"].to_numpy().astype(np.intp)
    if not mine.height:
        return
    if FREE_CHOICE not in of:
        for index in at:
            answer.reasons[index] = answer.reasons[index] or "no model of free choice"
        return
    place = of[FREE_CHOICE]
    fit = fits[place]
    module, settings = purchase_model(fit.model), scope.settings.models
    customers = purchase_histories(mine, WEEK)
    weeks = settings.horizon_months * DAYS_A_MONTH / WEEK
    discount = float(np.log1p(float(settings.discount))) * WEEK / 365.25
    orders = delta(lambda p: module.discounted_residual(p, customers, discount, weeks), fit)
    spend, spend_fit = _spend(mine, of, fits)
    if spend_fit is None:
        worth = rate * spend(np.empty(0))
        answer.add(
            at,
            Estimate(orders.value * worth, orders.gradient * worth, orders.covariance),
            begins[place],
        )
    else:
        money = delta(lambda p: rate * spend(p), spend_fit)
        both = orders.times(money)
        size = len(fit.values)
        answer.add(at, Estimate(both.value, both.gradient[:size], both.covariance), begins[place])
        nothing = np.zeros(len(at))
        answer.add(at, Estimate(nothing, both.gradient[size:], both.covariance), begins[of[SPEND]])
    answer.purchases[at] = module.expected_purchases(fit.values, customers, weeks)
    answer.alive[at] = np.maximum(answer.alive[at], module.probability_alive(fit.values, customers))
    for index in at:
        answer.purchase_model[index] = fit.model


def _spend(
    mine: pl.DataFrame, of: dict[str, int], fits: list[Fit]
) -> tuple[Callable[[Array], Array], Fit | None]:
    """Spend a purchase: by Gamma-Gamma where it fits, else each customer's own mean, taken as known."""
    orders = mine["frequency"].cast(pl.Float64).to_numpy() + 1
    mean = np.maximum(mine["spend"].cast(pl.Float64).to_numpy() / orders, 0.0)
    if SPEND not in of:
        return lambda _: mean, None
    bought = spending(np.where(mean > 0, orders, 0.0), mean)
    return lambda parameters: expected_spend(parameters, bought), fits[of[SPEND]]


def _framed(known: pl.DataFrame, answer: _Answer, fits: list[Fit]) -> pl.DataFrame:
    estimate = Estimate(answer.future, answer.gradient, joint_covariance(fits))
    future = _whole(estimate.value)
    columns: dict[str, pl.Series] = {"future": future}
    for level in LEVELS:
        low, high = estimate.interval(level)
        columns[f"low_{level * 100:.0f}"] = _whole(low)
        columns[f"high_{level * 100:.0f}"] = _whole(high)
    return known.drop("place", "last_on", "spend").with_columns(
        contract_model=pl.Series(answer.contract_model, dtype=pl.String),
        purchase_model=pl.Series(answer.purchase_model, dtype=pl.String),
        p_alive=pl.Series(answer.alive),
        renewals=pl.Series(answer.renewals),
        purchases=pl.Series(answer.purchases),
        **columns,
        value=known["realised"] + future,
        reason=pl.Series(answer.reasons, dtype=pl.String),
        gradient=pl.Series(list(answer.gradient.T), dtype=pl.List(pl.Float64)),
    )


def joint_covariance(fits: list[Fit]) -> Array:
    """The covariance of all chosen models' parameters, which were fitted apart."""
    size = sum(len(fit.values) for fit in fits)
    whole, at = np.zeros((size, size)), 0
    for fit in fits:
        end = at + len(fit.values)
        whole[at:end, at:end] = fit.search_covariance
        at = end
    return whole


def summed(customers: pl.DataFrame, models: pl.DataFrame) -> dict[str, int]:
    """What are some customers worth together, and how sure is it?

    Args:
        customers: rows of `customer_value`.
        models: rows of `lifetime_models`.

    Returns:
        `billed, realised, future, value` (sums of the rows) and `low_80, high_80, low_95, high_95`
        of the future: the customers share the parameters, so errors add up instead of cancelling.
    """
    sums = {
        name: int(customers[name].cast(pl.Int128).sum())
        for name in ("billed", "realised", "future", "value")
    }
    fits = [fit_of(row) for row in models.filter("chosen").to_dicts()]
    size = sum(len(fit.values) for fit in fits)
    gradient = np.array(customers["gradient"].to_list(), dtype=np.float64)
    together = gradient.reshape(customers.height, size).sum(axis=0)[:, None]
    estimate = Estimate(np.array([float(sums["future"])]), together, joint_covariance(fits))
    for level in LEVELS:
        for side, end in zip(("low", "high"), estimate.interval(level), strict=True):
            sums[f"{side}_{level * 100:.0f}"] = round(float(end[0]))
    return sums


def _whole(values: Array) -> pl.Series:
    """Estimates in whole minor units, rounded once, half to even."""
    return pl.Series(np.rint(values).astype(np.int64))
