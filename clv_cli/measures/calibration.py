"""How the chosen models compare with what was seen, and with one rate for everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from clv_cli.errors import DataError
from clv_cli.measures.model_fitting import RENEWAL_MODELS
from clv_cli.measures.model_inputs import renewal_numbers
from clv_cli.measures.model_rows import fit_of
from clv_cli.measures.residual_value import payments_within
from clv_cli.models import geometric, kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

_SCHEMA = {
    "population": pl.String,
    "number": pl.Int64,
    "at_risk": pl.Int64,
    "lost": pl.Int64,
    "kaplan_meier": pl.Float64,
    "low_95": pl.Float64,
    "high_95": pl.Float64,
    "model": pl.Float64,
    "without_help": pl.Float64,
}


def survival_rows(
    models: pl.DataFrame, counts: pl.DataFrame, unhelped: Sequence[dict[str, Any]] = ()
) -> pl.DataFrame:
    """Per plan interval and renewal: the share left, by Kaplan-Meier with its band and by the model.

    Args:
        models: rows of `lifetime_models`.
        counts: rows of `renewal_counts`.
        unhelped: rows of `models_without_help`.
    """
    rows = []
    others = {row["population"]: row["parameters"] for row in unhelped}
    for row in models.filter("chosen", pl.col("interval").is_not_null()).iter_rows(named=True):
        mine = counts.filter(
            pl.col("interval") == row["interval"],
            pl.col("interval_count") == row["interval_count"],
        )
        try:
            curve = kaplan_meier.estimate(renewal_numbers(mine))
        except DataError:
            continue  # nobody's first renewal was seen: there is no curve to compare with
        module, other = RENEWAL_MODELS[row["model"]], others.get(row["population"])
        left = module.survival(fit_of(row).values, curve.number)
        alone = (
            module.survival(np.array(other), curve.number)
            if other
            else np.full(len(curve.number), np.nan)
        )
        columns = (curve.number, curve.at_risk, curve.lost)
        whole = (column.astype(int).tolist() for column in columns)
        shares = (curve.survival, curve.low, curve.high, left, alone)
        parts = (np.round(share, 6).tolist() for share in shares)
        rows += [(row["population"], *r) for r in zip(*whole, *parts, strict=True)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(
        pl.col("without_help").fill_nan(None)
    )


def with_one_rate(
    scope: Scope, values: pl.DataFrame, models: pl.DataFrame, rate: float, churn: float | None
) -> float:
    """The discounted future margin of contracts, by the models or with one monthly churn rate.

    Args:
        scope: the day, horizon and discount.
        values: rows of `customer_value`.
        models: rows of `lifetime_models`.
        rate: gross margin.
        churn: monthly, of everyone; None for the chosen models.
    """
    total = 0.0
    fits = {
        (row["interval"], row["interval_count"]): fit_of(row)
        for row in models.filter("chosen", pl.col("interval").is_not_null()).to_dicts()
    }
    for (interval, count), mine in values.filter("active").group_by("interval", "interval_count"):
        fit = fits.get((interval, count))
        if fit is None:
            continue
        due = payments_within(scope, mine, str(interval), int(str(count)), rate)
        module = RENEWAL_MODELS[fit.model] if churn is None else geometric
        months = due.months
        parameters = fit.values if churn is None else np.array([1 - (1 - churn) ** months])
        total += float((due.payment * due.expected(module, parameters, due.step)).sum())
    return total
