"""Billed revenue by customer and month: what `revenue_months` sums, once more, customer by customer."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.pipeline import Scope, reduction

SUMS = ("lines", "amount_base", "invoiced", "taken_back")


@reduction("customer_revenue")
def customer_revenue(scope: Scope) -> pl.LazyFrame:
    """How much was billed to whom in each month?

    Returns:
        `code, month`, sorted; `lines`, `amount_base` (Int64 minor units), and of it `invoiced`
        (lines above 0) and `taken_back` (lines below 0).
    """
    amount = pl.col("amount_base").cast(pl.Int128)
    sums = {
        "amount_base": amount.sum(),
        "invoiced": amount.filter(amount > 0).sum(),
        "taken_back": amount.filter(amount < 0).sum(),
    }
    return (
        billed_lines(scope)
        .group_by("code", "month")
        .agg(lines=pl.len().cast(pl.Int64), **{k: v.cast(pl.Int64) for k, v in sums.items()})
        .sort("code", "month")
    )


def by_month(revenue: pl.DataFrame) -> pl.DataFrame:
    """The rows of some customers as `revenue_months` has them of all."""
    sums = [pl.col(name).cast(pl.Int128).sum().cast(pl.Int64) for name in SUMS]
    return revenue.group_by("month").agg(*sums).sort("month")
