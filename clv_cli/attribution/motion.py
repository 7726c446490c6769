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

from typing import TYPE_CHECKING, TypeVar

import polars as pl

from clv_cli.attribution.lines import ONE, history
from clv_cli.attribution.reach import marked, split_reached, split_reached_before
from clv_cli.measures.billed_lines import month_index
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

PARTS = ("switched", "expanded", "retained")
SPREAD = ("recurring", "credit", "refund", "writeoff")
GROUP = ("code", "product", "currency")
# 55,440 = 4,620 x 12: what terms of 1-4, 6 and 12 months leave over. Others stay exact all the same.
FACTORS = (4620, 12)
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@reduction("split_spread")
def split_spread(scope: Scope) -> pl.LazyFrame:
    """The past of the reached customers: monthly units by group, month of issue and term.

    Returns:
        `code, product, currency, month, begins` (first month of the term), `months` (its length),
        `units` (Int128, a month), `bought` (a purchase is among them), `first_day` (of purchases).
    """
    lines = history(scope)
    reached = marked(scope, lines).filter("reached").select("code").unique()
    past = grouped(lines.join(reached, on="code", how="semi"))
    start, end = month_index(pl.col("period_start")), month_index(pl.col("period_end"))
    termed = pl.col("kind").is_in(SPREAD) & start.is_not_null() & end.is_not_null()
    months = pl.when(termed).then(pl.max_horizontal(end - start, 1)).otherwise(1)
    begins = pl.when(termed).then(pl.max_horizontal("month", start)).otherwise(pl.col("month"))
    units = pl.col("amount").cast(pl.Int128) * MRR_UNITS // pl.col("months")
    bought = pl.col("amount") > 0
    return (
        past.with_columns(months=months.cast(pl.Int32), begins=begins.cast(pl.Int32))
        .with_columns(units=units, bought=bought, first_day=pl.when(bought).then("issued_on"))
        .group_by(*GROUP, "month", "begins", "months")
        .agg(pl.col("units").sum(), pl.col("bought").any(), pl.col("first_day").min())
    )


@reduction("split_switchers")
def split_switchers(scope: Scope) -> pl.LazyFrame:
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
            deals.select("customer_id").drop_nulls(),
            by_account.select(customer_id="mapped"),
        ]
    )
    return named.join(book.codes.lazy(), on="customer_id").select("code").unique().sort("code")


@reduction("split_switched_deals")
def split_switched_deals(scope: Scope) -> pl.LazyFrame:
    """Deals in which the customer left a competitor: `deal_id`."""
    deals = scope.book.table("deals").filter(pl.col("prior_supplier").is_not_null())
    return deals.select("deal_id").unique().sort("deal_id")


@derived("split_expansion", split_spread, split_reached, split_reached_before)
def split_expansion(
    scope: Scope, spread: pl.DataFrame, reached: pl.DataFrame, before: pl.DataFrame
) -> pl.DataFrame:
    """By which share does each month of a customer x product with reached purchases exceed its base?

    Returns:
        `code, product, currency, month`, `num` and `den` (Int128), `known`.
    """
    bought = grouped(pl.concat([reached, before])).select(*GROUP, "month").unique()
    rates = _rates(scope, spread).join(bought, on=[*GROUP, "month"], how="semi")
    based = rates.join(_revenue_between(spread, rates), on=[*GROUP, "month"], how="left")
    rate, months = pl.col("rate"), pl.col("upto") - pl.col("since")
    excess = rate * months - pl.col("revenue").fill_null(0).clip(lower_bound=0)
    grown = pl.col("known") & (rate > 0) & (excess > 0)
    shares = based.with_columns(
        num=pl.when(grown).then(excess).otherwise(0).cast(pl.Int128),
        den=pl.when(grown).then(rate * months).otherwise(1).cast(pl.Int128),
    )
    return _reduced(shares).select(*GROUP, "month", "num", "den", "known")


def first_days(spread: pl.DataFrame) -> pl.DataFrame:
    """Each reached customer's first purchase day: `code, first_day`."""
    return spread.group_by("code").agg(pl.col("first_day").min())


def parts(
    scope: Scope,
    bought: pl.DataFrame,
    spread: pl.DataFrame,
    expansion: pl.DataFrame,
    switchers: pl.DataFrame,
    deals: pl.DataFrame,
) -> pl.DataFrame:
    """What share of each purchase is switched, expanded, retained?

    Args:
        scope: its settings.
        bought: reached purchases.
        spread: see `split_spread`.
        expansion: see `split_expansion`.
        switchers: see `split_switchers`.
        deals: see `split_switched_deals`.

    Returns:
        `bought` with `first_day` and `part, part_num, part_den` (Int128), one row a part that is not
        nothing; and `known`, false where too little past makes everything retained.
    """
    came = pl.col("code").is_in(switchers["code"].implode()) | pl.col("deal_id").is_in(
        deals["deal_id"].implode()
    ).fill_null(value=False)
    if scope.settings.split.treat_new_as_switched:
        came = pl.lit(value=True)
    placed = (
        grouped(bought.lazy())
        .join(expansion.lazy(), on=[*GROUP, "month"], how="left")
        .join(first_days(spread).lazy(), on="code", how="left")
        .with_columns(switched=(pl.col("issued_on") == pl.col("first_day")) & came)
        .drop("product")
        .collect(engine="in-memory")
    )
    num, den, switched = pl.col("num"), pl.col("den"), pl.col("switched")
    shares = {
        "switched": (switched, ONE, ONE),
        "expanded": (~switched & (num > 0), num, den),
        "retained": (~switched & (num < den), den - num, den),
    }
    return pl.concat(
        placed.filter(there).with_columns(
            part=pl.lit(part), part_num=over, part_den=under, known=pl.col("known") | switched
        )
        for part, (there, over, under) in shares.items()
    ).drop("switched", "num", "den")


def _reduced(shares: pl.DataFrame) -> pl.DataFrame:
    """The same fractions in smaller numbers, so that products of them fit 128 bits."""
    for factor in FACTORS:
        both = (pl.col("num") % factor == 0) & (pl.col("den") % factor == 0)
        divisor = pl.when(both).then(factor).otherwise(1).cast(pl.Int128)
        shares = shares.with_columns(pl.col("num") // divisor, pl.col("den") // divisor)
    return shares


def grouped(lines: Frame) -> Frame:
    """Lines with the `product` key of their group."""
    # Lines without a product form a group of their own; null keys would not join.
    return lines.with_columns(product=pl.col("product_id").fill_null(""))


def _rates(scope: Scope, spread: pl.DataFrame) -> pl.DataFrame:
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


def _revenue_between(spread: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Spread revenue of each window, as a difference of running totals at its two ends.

    A line adds `units` a month from `begins` on and takes them away after its term, so the revenue
    before month t is t x sum(step) - sum(step x month) over the steps before t. Steps of whole
    groups cancel, so one running sum serves all groups at once.
    """
    begins, ends = pl.col("begins"), pl.col("begins") + pl.col("months")
    nothing = pl.lit(0, pl.Int128)
    steps = [
        spread.select(
            *GROUP, at=at, step=step, month=pl.lit(None, pl.Int32), side=pl.lit(0, pl.Int128)
        )
        for at, step in ((begins, pl.col("units")), (ends, 0 - pl.col("units")))
    ]
    asked = rates.filter("known")
    ends_of_windows = [
        asked.select(
            *GROUP, at=pl.col(name), step=nothing, month="month", side=pl.lit(side, pl.Int128)
        )
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
