"""How a purchase moved the customer: switched to us, expanded, or retained. Facts, not credit.

    switched   the customer's first purchase day, of a customer who came from a competitor
    expanded   share of a line by which its month exceeds the base: max(0, rate - base) / rate
    retained   all the rest

`rate` is the monthly revenue of the customer x product in the month of issue: the sum of
amount / months of its term over the lines issued in it, credits included. `base` is the mean of the
months before, terms spread evenly from the later of issue and start of service, so neither
billing in arrears nor in advance looks like growth. Its window ends with the last month covered: a
late renewal finds the term before it, not a month of zeros. Both are kept in 1/55,440 of a minor
unit (`money.MRR_UNITS`) of the line's own currency, because a better exchange rate is no expansion.
An add-on billed while a plan of another month runs is weighed against the whole base, so at worst
too little is called expansion, never too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.lines import ONE, first_purchases
from clv_cli.measures.billed_lines import month_index
from clv_cli.money import MRR_UNITS

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

PARTS = ("switched", "expanded", "retained")
SPREAD = ("recurring", "credit", "refund", "writeoff")
GROUP = ("code", "product", "currency")
# Prices and terms are made of these primes; what they do not reduce stays exact all the same.
FACTORS = (2, 2, 2, 2, 2, 2, 2, 3, 3, 5, 5, 5, 7, 11)


def parts(scope: Scope, lines: pl.LazyFrame, bought: pl.LazyFrame) -> pl.LazyFrame:
    """What share of each purchase is switched, expanded, retained?

    Args:
        scope: settings and the tables that know prior suppliers.
        lines: all billed lines; the past of the customers.
        bought: the purchases asked about.

    Returns:
        `bought` with `part, part_num, part_den` (Int128), one row a part that is not nothing; and
        `base_known`, false where too little past makes everything retained.
    """
    past = _grouped(lines.join(bought.select("code").unique(), on="code", how="semi"))
    placed = (
        _grouped(bought)
        .join(expansion(scope, past), on=[*GROUP, "month"], how="left")
        .join(first_purchases(past), on="code", how="left")
        .join(_switchers(scope), on="code", how="left")
        .join(_switched_deals(scope), on="deal_id", how="left")
    )
    switched = (pl.col("issued_on") == pl.col("first_day")) & _came_from_elsewhere(scope)
    placed = placed.with_columns(switched=switched).drop(
        "product", "first_day", "by_customer", "by_deal"
    )
    num, den = pl.col("num").fill_null(0), pl.col("den").fill_null(1)
    shares = {"switched": (ONE, ONE), "expanded": (num, den), "retained": (den - num, den)}
    kept = {"switched": pl.col("switched"), "expanded": ~pl.col("switched") & (num > 0)}
    kept["retained"] = ~pl.col("switched") & (num < den)
    return pl.concat(
        placed.filter(kept[part]).with_columns(
            part=pl.lit(part),
            part_num=shares[part][0].cast(pl.Int128),
            part_den=shares[part][1].cast(pl.Int128),
            base_known=pl.col("switched") | pl.col("known").fill_null(value=False),
        )
        for part in PARTS
    ).drop("switched", "num", "den", "known")


def expansion(scope: Scope, past: pl.LazyFrame) -> pl.LazyFrame:
    """By which share does each month of a customer x product exceed its base?

    Args:
        scope: settings `split.base_months` and `split.base_min_months`.
        past: all lines of the customers asked about, with their `product` key.

    Returns:
        `code, product, currency, month`, `num` and `den` (Int128), `known`.
    """
    spread = _spread(past)
    rates = _rates(scope, spread)
    based = rates.join(_revenue_between(spread, rates), on=[*GROUP, "month"], how="left")
    rate, months = pl.col("rate"), pl.col("upto") - pl.col("since")
    excess = rate * months - pl.col("revenue").fill_null(0).clip(lower_bound=0)
    grown = pl.col("known") & (rate > 0) & (excess > 0)
    shares = based.with_columns(
        num=pl.when(grown).then(excess).otherwise(0).cast(pl.Int128),
        den=pl.when(grown).then(rate * months).otherwise(1).cast(pl.Int128),
    )
    return reduced(shares).select(*GROUP, "month", "num", "den", "known")


def reduced(shares: pl.LazyFrame) -> pl.LazyFrame:
    """The same fractions `num / den` in smaller numbers, so that products fit 128 bits."""
    for factor in FACTORS:
        both = (pl.col("num") % factor == 0) & (pl.col("den") % factor == 0)
        divisor = pl.when(both).then(factor).otherwise(1).cast(pl.Int128)
        shares = shares.with_columns(pl.col("num") // divisor, pl.col("den") // divisor)
    return shares


def _grouped(lines: pl.LazyFrame) -> pl.LazyFrame:
    # Lines without a product form a group of their own; null keys would not join.
    return lines.with_columns(product=pl.col("product_id").fill_null(""))


def _spread(past: pl.LazyFrame) -> pl.LazyFrame:
    """Lines by group, month of issue, first month of the term and its length, as monthly units."""
    start, end = month_index(pl.col("period_start")), month_index(pl.col("period_end"))
    termed = pl.col("kind").is_in(SPREAD) & start.is_not_null() & end.is_not_null()
    months = pl.when(termed).then(pl.max_horizontal(end - start, 1)).otherwise(1)
    begins = pl.when(termed).then(pl.max_horizontal("month", start)).otherwise(pl.col("month"))
    units = pl.col("amount").cast(pl.Int128) * MRR_UNITS // pl.col("months")
    return (
        past.with_columns(months=months.cast(pl.Int32), begins=begins.cast(pl.Int32))
        .with_columns(units=units, bought=pl.col("amount") > 0)
        .group_by(*GROUP, "month", "begins", "months")
        .agg(pl.col("units").sum(), pl.col("bought").any())
    )


def _rates(scope: Scope, spread: pl.LazyFrame) -> pl.LazyFrame:
    """The rate of each month, and the window `[since, upto)` whose mean is its base."""
    split = scope.settings.split
    ends = pl.when("bought").then(pl.col("begins") + pl.col("months"))
    begins = pl.when("bought").then(pl.col("begins"))
    months = spread.group_by(*GROUP, "month").agg(
        rate=pl.col("units").sum(), covered=ends.max(), begins=begins.min()
    )
    earlier = {"partition_by": list(GROUP), "order_by": "month"}
    covered = pl.col("covered").fill_null(0).cum_max().shift(1).over(**earlier)
    first = pl.col("begins").min().over(*GROUP)
    windows = months.with_columns(first=first, upto=pl.min_horizontal("month", covered))
    since = pl.max_horizontal("first", pl.col("upto") - split.base_months)
    known = (pl.col("month") - pl.col("first") >= split.base_min_months) & (pl.col("upto") > since)
    return windows.with_columns(since=since, known=known.fill_null(value=False))


def _revenue_between(spread: pl.LazyFrame, rates: pl.LazyFrame) -> pl.LazyFrame:
    """Spread revenue of each window, as a difference of running totals at its two ends.

    A line adds `units` a month from `begins` on and takes them away after its term, so the revenue
    before month t is t x sum(step) - sum(step x month) over the steps before t. Steps of whole
    groups cancel, so one running sum serves all groups at once.
    """
    begins, ends = pl.col("begins"), pl.col("begins") + pl.col("months")
    nothing = pl.lit(0, pl.Int128)
    steps = [
        spread.select(*GROUP, at=at, step=step, month=pl.lit(None, pl.Int32), side=pl.lit(0, pl.Int128))
        for at, step in ((begins, pl.col("units")), (ends, -pl.col("units")))
    ]
    asked = rates.filter("known")
    ends_of_windows = [
        asked.select(*GROUP, at=pl.col(name), step=nothing, month="month", side=pl.lit(side, pl.Int128))
        for name, side in (("upto", 1), ("since", -1))
    ]
    run = pl.concat([*steps, *ends_of_windows]).sort(*GROUP, "at")
    at, step = pl.col("at").cast(pl.Int128), pl.col("step")
    before = at * step.cum_sum() - (step * at).cum_sum()
    return (
        run.with_columns(signed=before * pl.col("side"))
        .filter(pl.col("month").is_not_null())
        .group_by(*GROUP, "month")
        .agg(revenue=pl.col("signed").sum())
    )


def _came_from_elsewhere(scope: Scope) -> pl.Expr:
    if scope.settings.split.treat_new_as_switched:
        return pl.lit(value=True)
    return (pl.col("by_customer") | pl.col("by_deal")).fill_null(value=False) | pl.any_horizontal(
        pl.col("by_customer", "by_deal").fill_null(value=False)
    )


def _switchers(scope: Scope) -> pl.LazyFrame:
    """Customers who came from a competitor, by their own record or a won new deal: `code`."""
    book = scope.book
    supplied = pl.col("prior_supplier").is_not_null()
    deals = book.table("deals").filter(
        supplied & (pl.col("outcome") == "won") & (pl.col("type") == "new")
    )
    by_account = deals.filter(pl.col("customer_id").is_null()).join(
        book.table("account_map").select("account_id", mapped="customer_id"), on="account_id"
    )
    named = pl.concat(
        [
            book.table("customers").filter(supplied).select("customer_id"),
            deals.filter(pl.col("customer_id").is_not_null()).select("customer_id"),
            by_account.select(customer_id="mapped"),
        ]
    )
    codes = named.unique().join(book.codes.lazy(), on="customer_id")
    return codes.select("code", by_customer=pl.lit(value=True)).unique()


def _switched_deals(scope: Scope) -> pl.LazyFrame:
    deals = scope.book.table("deals").filter(pl.col("prior_supplier").is_not_null())
    return deals.select("deal_id", by_deal=pl.lit(value=True)).unique()
