"""Customers from their first paid month on: who stayed, what they pay, what they brought."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.mrr_balances import (
    by_month,
    from_unit_month,
    in_base,
    unit_month,
    visible,
)
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived

_KEYS = ["code", "month"]


@derived("cohort_months", mrr_spans, by_customer=True)
def cohort_months(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """What became of each customer who first paid in the period, month by month since?

    Returns:
        One row a customer and month from its first with MRR to that of `as_of`: `code, month`,
        sorted; `first`, `age` (months since), `alive` (1 with MRR > 0), `mrr` (never below 0) and
        `base` (its MRR of the first month in the rates of this one), Int64 MRR units.
    """
    columns = ["code", "unit", "currency", "from_month", "to_month", "mrr"]
    columns += [name for name in ("base",) if name in spans.columns]
    # Customers, whatever the grain of the movements is.
    seen = _newcomers(scope, visible(scope, spans)).select(columns).with_columns(unit="code")
    levels = by_month(seen, scope.closing + 1)
    now = _summed(scope, levels, "mrr").filter(pl.col("mrr") > 0)
    months = now.select(*from_unit_month())
    first = months.group_by("unit").agg(first=pl.col("month").min()).sort("unit")
    first = first.filter(pl.col("first") >= scope.period.first)
    grid = (
        first.with_columns(month=pl.int_ranges("first", scope.closing + 1))
        .explode("month", empty_as_null=False)
        .with_columns(pl.col("month").cast(pl.Int32))
        .with_columns(unit_month("month"))
    )
    base = _opening(scope, levels, first, grid)
    # The grid stands in the order of customers and months, and keeps it.
    return (
        grid.join(now, on="key", how="left", maintain_order="left")
        .join(base, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.col("mrr", "base").fill_null(0),
            code="unit",
            age=pl.col("month") - pl.col("first"),
            alive=pl.col("mrr").is_not_null().cast(pl.Int64),
        )
        .select(*_KEYS, "first", "age", "alive", "mrr", "base")
    )


@derived("cohort_revenue", cohort_months, customer_revenue)
def cohort_revenue(scope: Scope, months: pl.DataFrame, revenue: pl.DataFrame) -> pl.DataFrame:  # noqa: ARG001
    """What was each customer billed at which age? `code, month, age, amount_base`, sorted.

    What was billed before the first paid month (a setup) counts at age 0.
    """
    first = months.select("code", "first").unique()
    dated = revenue.join(first, on="code", how="inner")
    age = (pl.col("month") - pl.col("first")).clip(0)
    return dated.select(*_KEYS, age=age, amount_base="amount_base").sort(_KEYS)


def _newcomers(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The spans without those of customers who plainly paid before the period.

    Most did, and writing out all their months is most of the work. Who has a span below zero, or less
    than a minor unit, is looked at month by month.
    """
    plain = pl.col("mrr") >= MRR_UNITS
    paid = spans.group_by("code").agg(
        before=(plain & (pl.col("from_month") < scope.period.first)).any(), plain=plain.all()
    )
    return spans.join(paid.filter("before", "plain"), on="code", how="anti")


def _opening(
    scope: Scope, levels: pl.DataFrame, first: pl.DataFrame, grid: pl.DataFrame
) -> pl.DataFrame:
    """The MRR of the first month, in the rates of every month since: `key, base`."""
    began = levels.join(first, on="unit", how="inner").filter(pl.col("month") == pl.col("first"))
    over = began.drop("month", "first").join(grid.select("unit", "month"), on="unit", how="inner")
    return _summed(scope, over, "base")


def _summed(scope: Scope, levels: pl.DataFrame, name: str) -> pl.DataFrame:
    """Levels of all currencies together: `key` (of `unit_month`) and the sum."""
    valued = in_base(scope, levels)
    return valued.group_by(unit_month("month")).agg(pl.col("value").sum().alias(name))
