"""MRR by product and segment, month by month: the units in which initiatives are compared."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.fx import conversions
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_spans import snapshot_month
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived, reduction

UNIT = ("product_id", "segment")


@reduction("unit_mrr_spans")
def unit_mrr_spans(scope: Scope) -> pl.LazyFrame:
    """MRR by unit, currency and months: `product_id, segment, currency, from_month, to_month, mrr`.

    Lines without a product, and customers without a segment, belong to no unit.
    """
    known = scope.book.table("customers").filter(pl.col("segment").is_not_null())
    segments = known.group_by("customer_id").agg(pl.col("segment").min())
    lines = mrr_lines(scope).filter(pl.col("product_id").is_not_null())
    keys = [*UNIT, "currency", "from_month", "to_month"]
    dated = lines.join(segments, on="customer_id").with_columns(
        from_month=snapshot_month(pl.col("active_from"), scope.as_of),
        to_month=snapshot_month(pl.col("active_to"), scope.as_of),
    )
    own = dated.filter(~pl.col("customer_id").is_in(scope.book.test_customers))
    summed = own.group_by(keys).agg(pl.col("mrr").cast(pl.Int128).sum().cast(pl.Float64))
    return summed.sort(keys)


@derived("unit_mrr", unit_mrr_spans)
def unit_mrr(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """How much MRR did each unit have at each month's end?

    All months are converted at the latest rate, so that no unit grows by the exchange rate.

    Returns:
        `product_id, segment, month, mrr` (Float64 minor units), from the month of the first line
        to that of the as-of day, every unit every month, sorted.
    """
    rates = (
        conversions(scope.book)
        .filter(pl.col("day") <= scope.as_of)
        .sort("day")
        .group_by("currency", maintain_order=True)
        .last()
        .select("currency", factor=pl.col("multiplier") / pl.col("divisor"))
    )
    factor = pl.when(pl.col("currency") == scope.currency).then(1.0).otherwise("factor")
    worth = spans.join(rates, on="currency", how="left").with_columns(
        pl.col("mrr") / MRR_UNITS * factor.fill_null(1.0)
    )
    begins = worth.select(*UNIT, "mrr", month="from_month")
    ends = worth.select(*UNIT, mrr=-pl.col("mrr"), month="to_month")
    changes = pl.concat([begins, ends]).group_by(*UNIT, "month").agg(pl.col("mrr").sum())
    first = spans["from_month"].min()
    if not isinstance(first, int):
        return pl.DataFrame(
            schema={**dict.fromkeys(UNIT, pl.String), "month": pl.Int32, "mrr": pl.Float64}
        )
    months = pl.DataFrame({"month": range(first, scope.closing + 1)}, schema={"month": pl.Int32})
    grid = spans.select(UNIT).unique().join(months, how="cross")
    filled = grid.join(changes, on=[*UNIT, "month"], how="left").sort(*UNIT, "month")
    return filled.with_columns(pl.col("mrr").fill_null(0.0).cum_sum().over(UNIT))
