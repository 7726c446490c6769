"""Every candidate fitted and tested: renewals by plan interval, purchases by free choice, spend."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from clv_cli.errors import DataError
from clv_cli.measures.model_inputs import purchase_histories, renewal_numbers, repeat_spending
from clv_cli.measures.model_rows import Candidate, Holdout, as_rows
from clv_cli.models import bdw, constant_rate, gamma_gamma, geometric, mbg_cnbd_k, pareto_nbd, sbg
from clv_cli.models.beta_geometric import bg_nbd, mbg_nbd
from clv_cli.models.intervals import delta
from clv_cli.models.special import normal_quantile

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from clv_cli.models.arrays import Array
    from clv_cli.models.fitting import Fit
    from clv_cli.models.histories import Histories
    from clv_cli.models.intervals import Estimate
    from clv_cli.models.renewals import Renewals


class PurchaseModel(Protocol):
    """What a model of purchases answers; modules are such models, and objects with their functions."""

    def fit(self, stats: Histories, /) -> Fit:
        """Its parameters, by maximum likelihood."""

    def probability_alive(self, parameters: Array, customers: Histories, /) -> Array:
        """Is each customer still there?"""

    def expected_purchases(
        self, parameters: Array, customers: Histories, horizon: float, /
    ) -> Array:
        """How many will each make within the horizon?"""

    def purchases_variance(
        self, parameters: Array, customers: Histories, horizon: float, /
    ) -> Array:
        """How much do they scatter around that?"""

    def discounted_residual(
        self, parameters: Array, customers: Histories, discount: float, horizon: float, /
    ) -> Array:
        """How many will each make within the horizon, discounted?"""


WEEK = 7.0
FREE_CHOICE, SPEND = "free choice", "spend"
RENEWAL_MODELS = {"geometric": geometric, "sbg": sbg, "bdw": bdw}
PURCHASE_MODELS: dict[str, PurchaseModel] = {
    "constant_rate": constant_rate,
    "bg_nbd": bg_nbd,
    "mbg_nbd": mbg_nbd,
    "pareto_nbd": pareto_nbd,
}
REGULAR = "mbg_cnbd"  # with its k appended: mbg_cnbd_2
_SMALLEST = 1e-9  # a chance nearer to 0 would make one surprise the whole of a log loss


def purchase_model(name: str) -> PurchaseModel:
    """The model of a name: a module, or MBG/CNBD-k with the k that the name ends in."""
    if name in PURCHASE_MODELS:
        return PURCHASE_MODELS[name]
    return mbg_cnbd_k.Regular(int(name.rpartition("_")[2]))


def interval_name(interval: str, count: int) -> str:
    """`month`, `2 years`."""
    return interval if count == 1 else f"{count} {interval}s"


def renewal_rows(asked: pl.DataFrame, cut: date) -> list[dict[str, Any]]:
    """The candidates of every plan interval.

    Args:
        asked: rows of `renewal_opportunities`.
        cut: renewals due after this day are held out.
    """
    known = asked.filter(pl.col("outcome") != "pending", pl.col("number").is_not_null())
    rows = []
    for (name, count), mine in sorted(known.group_by("interval", "interval_count")):
        before, after = mine.filter(pl.col("due_on") <= cut), mine.filter(pl.col("due_on") > cut)
        everything = renewal_numbers(outcomes(mine))
        found = [
            _renewal_candidate(model, everything, outcomes(before), outcomes(after))
            for model in RENEWAL_MODELS
        ]
        interval = (str(name), int(str(count)))
        rows += as_rows(f"contracts by the {interval_name(*interval)}", found, interval)
    return rows


def outcomes(asked: pl.DataFrame) -> pl.DataFrame:
    """How many of some renewals were made and lost, by number: `number, renewed, lost`."""
    outcome = pl.col("outcome")
    return asked.group_by("number").agg(
        renewed=(outcome == "renewed").sum().cast(pl.Int64),
        lost=(outcome == "lost").sum().cast(pl.Int64),
    )


def _fitted(fit: Callable[[Any], Fit], stats: object) -> tuple[Fit | None, str]:
    try:
        return fit(stats), ""
    except DataError as error:
        return None, error.what


def _sound(fit: Fit | None) -> bool:
    return fit is not None and not fit.warnings


def _renewal_candidate(
    model: str, everything: Renewals, before: pl.DataFrame, after: pl.DataFrame
) -> Candidate:
    module = RENEWAL_MODELS[model]
    fit, problem = _fitted(module.fit, everything)
    early = _fitted(module.fit, renewal_numbers(before))[0] if before.height else None
    held = None
    if fit and early and early.converged and after.height:
        seen = renewal_numbers(after)
        held = _renewal_holdout(delta(lambda p: 1 - module.retention(p, seen.number), early), seen)
    return Candidate(model, model == "geometric", fit, held, problem)


def _renewal_holdout(leaving: Estimate, seen: Renewals) -> Holdout:
    asked = seen.at_risk
    chance = np.clip(leaving.value, _SMALLEST, 1 - _SMALLEST)
    noise = float(asked @ (chance * (1 - chance)))
    loss = -(seen.lost @ np.log(chance) + seen.renewed @ np.log1p(-chance)) / asked.sum()
    total = leaving.total(asked)
    return _holdout(total, noise, int(asked.sum()), int(seen.lost.sum()), float(loss))


def _holdout(total: Estimate, noise: float, n: int, actual: int, loss: float) -> Holdout:
    """Of counts to come: the parameters' error and the luck of the customers together."""
    reach = normal_quantile(0.975) * float(np.sqrt(total.standard_error[0] ** 2 + noise))
    expected = float(total.value[0])
    return Holdout(n, actual, expected, max(expected - reach, 0.0), expected + reach, loss)


def purchase_rows(
    rfm: pl.DataFrame, early: pl.DataFrame, weeks: float, log_gaps: float
) -> list[dict[str, Any]]:
    """The candidates for purchases by free choice, and the model of their spend.

    Args:
        rfm: rows of `rfm_free_choice`.
        early: the same at the start of the holdout, with `later`: purchases made in it.
        weeks: length of the holdout.
        log_gaps: see `holdout.log_gaps`.
    """
    if not rfm.height:
        return []
    everything = purchase_histories(rfm, WEEK)
    before = purchase_histories(early, WEEK) if early.height else None
    later = early["later"].cast(pl.Float64).to_numpy()
    fits = {name: _fitted(module.fit, everything) for name, module in PURCHASE_MODELS.items()}
    regular, problem = _fitted(partial(_most_regular, log_gaps=log_gaps), everything)
    fits[regular.model if regular else REGULAR] = regular, problem
    held = (before, later, weeks)
    found = [_purchase_candidate(name, *fitted, held) for name, fitted in fits.items()]
    spend, problem = _fitted(gamma_gamma.fit, repeat_spending(rfm))
    spending = Candidate("gamma_gamma", naive=False, fit=spend, holdout=None, problem=problem)
    return [*as_rows(FREE_CHOICE, found), *as_rows(SPEND, [spending])]


def _most_regular(stats: Histories, log_gaps: float) -> Fit:
    return mbg_cnbd_k.most_likely(stats, log_gaps, smallest=2)[0]


def _purchase_candidate(
    name: str,
    fit: Fit | None,
    problem: str,
    held_out: tuple[Histories | None, Array, float],
) -> Candidate:
    before, later, weeks = held_out
    held = None
    # What lies at the edge of its range is not used, whatever it would predict.
    if fit is not None and _sound(fit) and before is not None:
        module = purchase_model(name)
        early = _fitted(module.fit, before)[0]
        if early is not None and _sound(early):
            expected = delta(lambda p: module.expected_purchases(p, before, weeks), early)
            noise = float(module.purchases_variance(early.values, before, weeks).sum())
            loss = float(np.abs(expected.value - later).mean())
            held = _holdout(expected.total(), noise, len(later), int(later.sum()), loss)
    return Candidate(name, name == "constant_rate", fit, held, problem)
