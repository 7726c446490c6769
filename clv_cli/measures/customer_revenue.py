"""Billed revenue by customer and month: what `revenue_months` sums, once more, customer by customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.facts import by_code, fact_table
from clv_cli.measures.billed_lines import billed_lines
from clv_cli.measures.revenue_facts import MONEY, both_ways
from clv_cli.pipeline import Facts

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

SUMS = ("lines", *MONEY)


@fact_table("customer_revenue")
def customer_revenue(scope: Scope) -> Facts:
    """How much was billed to whom in each month?

    Returns:
        `code, month`, sorted; `lines`, `amount_base` (Int64 minor units), and of it `invoiced`
        (lines above 0) and `taken_back` (lines below 0).
    """
    keys = ("code", "month")
    rows = billed_lines(scope).with_columns(**both_ways())
    return Facts(rows, keys, MONEY, lambda found: found.sort(keys), "lines", recode=by_code)


def by_month(revenue: pl.DataFrame) -> pl.DataFrame:
    """The rows of some customers as `revenue_months` has them of all."""
    sums = [pl.col(name).cast(pl.Int128).sum().cast(pl.Int64) for name in SUMS]
    return revenue.group_by("month").agg(*sums).sort("month")
