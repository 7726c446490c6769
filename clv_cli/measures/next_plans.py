"""What the next plan up would bring: the price list read upwards from what each customer pays now."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.fx import divide_half_even
from clv_cli.measures.mrr_balances import in_base
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_terms import int128
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Scope, derived, reduction

# How many of each interval make a year; a price list is compared within one interval as a rule.
_A_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}


@reduction("price_list")
def price_list(scope: Scope) -> pl.LazyFrame:
    """The price list with each plan's next one.

    Returns:
        `plan_id`, sorted; `quota_metric, next_plan_id`, `price` and `next_price` (Int64 minor units a
        year), null where the next plan is unknown or in another currency.
    """
    factors = pl.LazyFrame({"interval": list(_A_YEAR), "times": list(_A_YEAR.values())})
    plans = (
        scope.book.table("plans")
        .unique("plan_id", keep="first", maintain_order=True)
        .join(factors, on="interval", how="left")
        .with_columns(yearly=pl.col("price") * pl.col("times"))
    )
    above = plans.select(next_plan_id="plan_id", next_currency="currency", next_yearly="yearly")
    alike = pl.col("currency") == pl.col("next_currency")
    return (
        plans.join(above, on="next_plan_id", how="left")
        .select(
            "plan_id",
            "quota_metric",
            "next_plan_id",
            price="yearly",
            next_price=pl.when(alike).then(pl.col("next_yearly")),
        )
        .sort("plan_id")
    )


@reduction("metered_levels")
def metered_levels(scope: Scope) -> pl.LazyFrame:
    """What does each customer pay on the as-of day for each plan that has a next one?

    Returns:
        `code, plan_id, currency`, sorted; `mrr` (Int64 MRR units of the currency).
    """
    keys = ["code", "plan_id", "currency"]
    # Without a price list no line need be read.
    every = mrr_lines(scope) if scope.book.has("plans") else mrr_lines(scope).clear()
    lines = every.filter(pl.col("active_from") <= scope.as_of, pl.col("active_to") > scope.as_of)
    leading = scope.book.table("plans").filter(pl.col("next_plan_id").is_not_null())
    return (
        lines.join(leading.select("plan_id").unique(), on="plan_id", how="semi")
        .group_by(keys)
        .agg(pl.col("mrr").cast(pl.Int128).sum().cast(pl.Int64))
        .sort(keys)
    )


@derived("next_plans", metered_levels, price_list)
def next_plans(scope: Scope, held: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """What would each customer pay more in a year on the next plan of each metered product?

        gain = 12 x MRR of the plan x (next price - price) / price

    Of several plans for one metric, the sum. Discounts stay in proportion.

    Returns:
        `code, metric`, sorted; `plan_id, next_plan_id` (of several plans, the first by name), `gain`
        (Int64 minor units of the base currency). Only gains above 0.
    """
    valued = in_base(scope, held.with_columns(month=pl.lit(scope.closing, pl.Int32)))
    priced = (
        valued.filter(pl.col("value") > 0)
        .join(plans, on="plan_id")
        .filter(pl.col("price") > 0, pl.col("next_price") > pl.col("price"))
    )
    more = (pl.col("next_price") - pl.col("price")).cast(pl.Int128)
    above = pl.col("value").cast(pl.Int128) * 12 * more
    below = pl.col("price").cast(pl.Int128) * int128(MRR_UNITS)
    return (
        priced.with_columns(gain=divide_half_even(above, below))
        .sort("code", "quota_metric", "plan_id")
        .group_by("code", metric="quota_metric", maintain_order=True)
        .agg(pl.col("plan_id", "next_plan_id").first(), pl.col("gain").sum().cast(pl.Int64))
        .sort("code", "metric", nulls_last=True)
    )
