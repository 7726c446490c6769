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

from clv_cli.attribution.lines import ONE, credited_codes, history
from clv_cli.attribution.reach import has_evidence, marked, split_bought
from clv_cli.measures.billed_lines import month_index
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

PARTS = ("switched", "expanded", "retained")
PART = pl.Enum([*PARTS, "whole"])
SPREAD = ("recurring", "credit", "refund", "writeoff")
GROUP = ["code", "product"]
MONTHS = 2**20
# 55,440 = 4,620 x 12: what terms of 1-4, 6 and 12 months leave over. Others stay exact all the same.
FACTORS = (4620, 12)


@reduction("split_spread")
def split_spread(scope: Scope) -> pl.LazyFrame:
    """The past of the reached customers: monthly units by group, month of issue and term.

    Returns:
        `code, product, month, begins` (first month of the term), `months` (its length),
        `units` (Int128, a month), `bought` (a purchase is among them), `first_day` (of purchases).
    """
    lines = history(scope)
    if not has_evidence(scope):
        lines = lines.filter(pl.lit(value=False))
    codes = marked(scope, lines).filter("reached").select("code")
    # Lines of any year may be credited now; their customers' past is needed too.
    reached = pl.concat([codes, credited_codes(scope)]).unique()
    past = grouped(scope, lines.join(reached, on="code", how="semi"))
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


@derived("split_expansion", split_spread, split_bought)
def split_expansion(scope: Scope, spread: pl.DataFrame, bought: pl.DataFrame) -> pl.DataFrame:
    """By which share does the month of each reached purchase exceed its base?

    Returns:
        `at` (the purchase), `num` and `den` (Int128), `known`.
    """
    lines = grouped(scope, bought.lazy()).select("at", *GROUP, "month").collect()
    groups = lines.select(GROUP).unique().with_row_index("group")
    asked = lines.join(groups, on=GROUP).select("at", "group", "month")
    past = spread.join(groups, on=GROUP).drop(GROUP, "first_day")
    months = asked.select("group", "month").unique()
    rates = _rates(scope, past).join(months, on=["group", "month"], how="semi")
    based = rates.join(_revenue_between(past, rates), on=["group", "month"], how="left")
    rate, window = pl.col("rate"), pl.col("upto") - pl.col("since")
    excess = rate * window - pl.col("revenue").fill_null(0).clip(lower_bound=0)
    grown = pl.col("known") & (rate > 0) & (excess > 0)
    shares = based.with_columns(
        num=pl.when(grown).then(excess).otherwise(0).cast(pl.Int128),
        den=pl.when(grown).then(rate * window).otherwise(1).cast(pl.Int128),
    )
    found = _reduced(shares).select("group", "month", "num", "den", "known")
    return asked.join(found, on=["group", "month"], how="left").drop("group", "month")


@derived(
    "split_parts",
    split_bought,
    split_spread,
    split_expansion,
    split_switchers,
    split_switched_deals,
)
def split_parts(  # noqa: PLR0913 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    spread: pl.DataFrame,
    expansion: pl.DataFrame,
    switchers: pl.DataFrame,
    deals: pl.DataFrame,
) -> pl.DataFrame:
    """What share of each reached purchase is switched, expanded, retained?

    Returns:
        `at` (the purchase), what rules look at, `first_day` of the customer; `part, part_num,
        part_den` (Int128), one row a part that is not nothing; and `known`, false where too little
        past makes everything retained.
    """
    first = spread.group_by("code").agg(pl.col("first_day").min())
    came = pl.col("code").is_in(switchers["code"].implode())
    came |= pl.col("deal_id").is_in(deals["deal_id"].implode()).fill_null(value=False)
    if scope.settings.split.treat_new_as_switched:
        came = pl.lit(value=True)
    placed = (
        bought.select("at", "code", "issued_on", "product_id", "touchpoint", "segment", "deal_id")
        .join(expansion, on="at")
        .join(first, on="code", how="left")
        .with_columns(switched=(pl.col("issued_on") == pl.col("first_day")) & came)
    )
    num, den, switched = pl.col("num"), pl.col("den"), pl.col("switched")
    shares = {
        "switched": (switched, ONE, ONE),
        "expanded": (~switched & (num > 0), num, den),
        "retained": (~switched & (num < den), den - num, den),
    }
    return pl.concat(
        placed.filter(there).with_columns(
            part=pl.lit(part, PART), part_num=over, part_den=under, known=pl.col("known") | switched
        )
        for part, (there, over, under) in shares.items()
    ).drop("switched", "num", "den", "deal_id")


def _reduced(shares: pl.DataFrame) -> pl.DataFrame:
    """The same fractions in smaller numbers, so that products of them fit 128 bits."""
    for factor in FACTORS:
        both = (pl.col("num") % factor == 0) & (pl.col("den") % factor == 0)
        divisor = pl.when(both).then(factor).otherwise(1).cast(pl.Int128)
        shares = shares.with_columns(pl.col("num") // divisor, pl.col("den") // divisor)
    return shares


def grouped(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines with the `product` key of their group: product, and currency where there are several."""
    product = pl.col("product_id").fill_null("")
    if len(scope.book.lines.currencies) > 1:
        product = pl.concat_str(product, "currency", separator="|")
    return lines.with_columns(product=product)


def _rates(scope: Scope, past: pl.DataFrame) -> pl.DataFrame:
    """The rate of each month, and the window `[since, upto)` whose mean is its base."""
    split = scope.settings.split
    ends = pl.when("bought").then(pl.col("begins") + pl.col("months"))
    begins = pl.when("bought").then(pl.col("begins"))
    rates = past.group_by("group", "month").agg(
        rate=pl.col("units").sum(), covered=ends.max(), begins=begins.min()
    )
    first = rates.group_by("group").agg(first=pl.col("begins").min())
    # The group in the high digits keeps one running maximum from reaching into the next group.
    covered = pl.col("group").cast(pl.Int64) * MONTHS + pl.col("covered").fill_null(0)
    before = covered.cum_max().shift(1) - pl.col("group").cast(pl.Int64) * MONTHS
    upto = pl.min_horizontal("month", pl.max_horizontal(before, 0)).cast(pl.Int32)
    since = pl.max_horizontal("first", pl.col("upto") - split.base_months)
    old = pl.col("month") - pl.col("first") >= split.base_min_months
    known = (old & (pl.col("upto") > pl.col("since"))).fill_null(value=False)
    sorted_ = rates.sort("group", "month").with_columns(upto=upto).join(first, on="group")
    return sorted_.with_columns(since=since).with_columns(known=known)


def _revenue_between(past: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Spread revenue of each window, as a difference of running totals at its two ends.

    A line adds `units` a month from `begins` on and takes them away after its term, so the revenue
    before month t is t x sum(step) - sum(step x month) over the steps before t. Steps of whole
    groups cancel, so one running sum serves all groups at once.
    """
    asked = rates.filter("known")
    oldest = asked.group_by("group").agg(oldest=pl.col("since").min())
    begins, ends = pl.col("begins"), pl.col("begins") + pl.col("months")
    # What ended before a group's first window adds the same to both ends of every window.
    past = past.join(oldest, on="group").filter(ends > pl.col("oldest"))
    group, none = pl.col("group").cast(pl.Int64) * MONTHS, pl.lit(None, pl.Int32)
    steps = [
        past.select(key=group + at, at=at, step=step, month=none, side=pl.lit(0, pl.Int8))
        for at, step in ((begins, pl.col("units")), (ends, 0 - pl.col("units")))
    ]
    nothing = pl.lit(0, pl.Int128)
    windows = [
        asked.select(
            key=group + pl.col(end), at=end, step=nothing, month="month", side=pl.lit(side, pl.Int8)
        )
        for end, side in (("upto", 1), ("since", -1))
    ]
    at, step = pl.col("at").cast(pl.Int128), pl.col("step")
    before = at * step.cum_sum() - (step * at).cum_sum()
    return (
        pl.concat([*steps, *windows])
        .sort("key")
        .with_columns(revenue=before * pl.col("side").cast(pl.Int128))
        .filter(pl.col("month").is_not_null())
        .group_by(group=(pl.col("key") // MONTHS).cast(pl.UInt32), month="month")
        .agg(pl.col("revenue").sum())
    )
