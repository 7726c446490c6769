"""The management accounts: net burn, free cash flow, EBITDA by month."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.conversion import rated, to_base, unrated_day
from clv_cli.pipeline import Scope, derived, reduction


@reduction("finance_sums")
def finance_sums(scope: Scope) -> pl.LazyFrame:
    """Finance figures as recorded, before it is known that all have a rate."""
    rows = to_base(scope, scope.book.table("finance"), pl.col("amount"), "month")
    keys = ["period", "item", "currency"]
    total = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64)
    dated = rows.with_columns(period=month_index(pl.col("month")))
    return dated.group_by(keys).agg(unrated_day("month"), total).sort(keys)


@derived("finance_months", finance_sums)
def finance_months(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """What do the management accounts say? `month, item, amount_base`, sorted.

    Raises:
        DataError: a rate is missing.
    """
    rows = rated(scope, sums).rename({"period": "month"})
    total = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64)
    return rows.group_by("month", "item").agg(total).sort("month", "item")
