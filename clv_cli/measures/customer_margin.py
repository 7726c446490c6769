"""What each customer has brought to date, after the cost of delivering it."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.costs import service_costs
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.unit_economics import COST_OF_REVENUE, ltv_window
from clv_cli.pipeline import Scope, derived


@derived("customer_margin", customer_revenue, service_costs)
def customer_margin(scope: Scope, revenue: pl.DataFrame, costs: pl.DataFrame) -> pl.DataFrame:
    """How much margin has each customer left since the first line?

        margin = billed - cost of revenue x billed / billed by all

    The cost of revenue (cogs, hosting, payment fees) up to `as_of` is cut by billed revenue to whole
    minor units, the largest remainders first, so that customers sum to the company. Without cost data
    the margin is what was billed.

    Returns:
        `code`, sorted, of everyone who was billed anything (trials were not); `billed`, `margin` (Int64 minor units of the base currency).
    """
    billed = (
        revenue.filter(
            pl.col("month") <= scope.closing,
            (pl.col("invoiced") != 0) | (pl.col("taken_back") != 0),
        )
        .group_by("code")
        .agg(billed=pl.col("amount_base").cast(pl.Int128).sum())
    )
    spent = costs.filter(pl.col("month") <= scope.closing, _delivering())
    cost, whole = _sum(spent["amount_base"]), _sum(billed["billed"])
    if whole <= 0:
        cost = 0
    exact = pl.col("billed") * pl.lit(cost, pl.Int128)
    divisor = pl.lit(max(whole, 1), pl.Int128)
    floors = billed.with_columns(share=exact // divisor, rest=exact % divisor).sort(
        ["rest", "code"], descending=[True, False]
    )
    missing = cost - _sum(floors["share"])
    return (
        floors.with_row_index("place")
        .with_columns(share=pl.col("share") + (pl.col("place") < missing).cast(pl.Int128))
        .select(
            "code",
            billed=pl.col("billed").cast(pl.Int64),
            margin=(pl.col("billed") - pl.col("share")).cast(pl.Int64),
        )
        .sort("code")
    )


def margin_rate(scope: Scope, revenue: pl.DataFrame, costs: pl.DataFrame) -> float:
    """The gross margin of the LTV window, at which future revenue is valued; 1 without cost data.

    Statistics, not money: it weighs an estimate.
    """
    window = ltv_window(scope, scope.closing)
    within = pl.col("month").is_between(window.first, window.end, closed="left")
    billed = _sum(revenue.filter(within)["amount_base"])
    spent = _sum(costs.filter(within, _delivering())["amount_base"])
    return 1 - spent / billed if billed > 0 else 1.0


def _delivering() -> pl.Expr:
    return pl.col("category").is_in(COST_OF_REVENUE)


def _sum(amounts: pl.Series) -> int:
    return int(amounts.cast(pl.Int128).sum())
