"""By how much a purchase goes beyond what the customer bought before.

    expanded share of a line = max(0, rate - base) / rate

`rate` is the monthly revenue of the customer x product in the month of issue: the sum of
amount / months of its term over the lines issued in it, credits included. `base` is the mean of the
months before, terms spread evenly from the later of issue and start of service, so neither
billing in arrears nor in advance looks like growth. Its window ends with the last month covered: a
late renewal finds the term before it, not a month of zeros. Where a renewal says what the term before
was worth, that is the base instead (`renewed`). Both are kept in 1/55,440 of a minor
unit (`money.MRR_UNITS`) of the line's own currency, because a better exchange rate is no expansion.
An add-on billed while a plan of another month runs is weighed against the whole base, so at worst
too little is called expansion, never too much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl

from clv_cli.attribution.concerned import has_evidence, split_history
from clv_cli.attribution.renewed import with_terms
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

GROUP = ["code", "product"]
# Groups lie this many months apart in a key, so that a running figure never mixes two of them.
MONTHS = 2**20
# 55,440 = 4,620 x 12: what terms of 1-4, 6 and 12 months leave over. Others stay exact all the same.
FACTORS = (4620, 12)


@derived("split_spread", split_history)
def split_spread(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """The past of customers with evidence: monthly units by group, month of issue and term.

    Returns:
        `code, product` (an enumeration), `month, begins` (first month of the term), `months` (its length),
        `units` (Int128, a month), `bought` (a purchase is among them), `first_day` (of purchases).
    """
    amount = pl.col("amount")
    past = grouped(scope, lines).select(
        *GROUP, "month", "begins", "months", "amount", bought=amount > 0, issued_on="issued_on"
    )
    past = past.with_columns(first_day=pl.when("bought").then("issued_on")).drop("issued_on")
    if not has_evidence(scope):
        past = past.clear()
    # A term that divides the unit divides every sum, so its lines need not be summed first.
    divides = MRR_UNITS % pl.col("months") == 0
    rest = past.filter(~divides).group_by(*GROUP, "month", "begins", "months")
    summed = rest.agg(
        amount.cast(pl.Int128).sum(), pl.col("bought").any(), pl.col("first_day").min()
    )
    units = amount.cast(pl.Int128) * MRR_UNITS // pl.col("months")
    # At most 10^14 minor units of 55,440 each: 64 bits hold one line.
    exact = (amount * (MRR_UNITS // pl.col("months").cast(pl.Int64))).cast(pl.Int128)
    frames = (past.filter(divides).with_columns(units=exact), summed.with_columns(units=units))
    columns = (*GROUP, "month", "begins", "months", "units", "bought", "first_day")
    return pl.concat(frame.select(columns) for frame in frames)


def expansion(
    scope: Scope, spread: pl.DataFrame, terms: pl.DataFrame, bought: pl.DataFrame
) -> pl.DataFrame:
    """By which share does the month of each purchase exceed its base?

    Args:
        scope: settings `split.base_months` and `split.base_min_months`.
        spread: see `split_spread`.
        terms: see `renewed.split_terms`.
        bought: purchases, numbered.

    Returns:
        `at` (the purchase), `num` and `den` (Int128), `known`.
    """
    products = cast("pl.Enum", spread.schema["product"])
    lines = grouped(scope, bought, products).select("at", *GROUP, "month", pair=_pair(products))
    groups = lines.unique("pair").select("pair", *GROUP).with_row_index("group")
    numbers = groups.select("pair", "group")
    asked = lines.join(numbers, on="pair").select("at", key=_key("month"))
    past = (
        spread.with_columns(pair=_pair(products))
        .join(numbers, on="pair")
        .select(
            key=_key("month"),
            group=_key(None),
            begins=_key("begins"),
            ends=_key("begins") + pl.col("months"),
            units="units",
            bought="bought",
        )
    )
    months = asked.select("key").unique().sort("key").with_columns(group=_group())
    windows = _windows(scope, past, months)
    based = windows.join(_revenue_between(past, windows), on="key", how="left")
    rate, window = pl.col("rate"), pl.col("upto") - pl.col("since")
    excess = rate * window - pl.col("revenue").fill_null(0).clip(lower_bound=0)
    grown = pl.col("known") & (rate > 0) & (excess > 0)
    shares = based.with_columns(
        num=pl.when(grown).then(excess).otherwise(0).cast(pl.Int128),
        den=pl.when(grown).then(rate * window).otherwise(1).cast(pl.Int128),
    )
    if not terms.is_empty():
        named = pl.col("product").cast(pl.String)
        keyed = groups.with_columns(named, group=_key(None))
        shares = with_terms(shares, keyed, spread.with_columns(named), terms)
    return asked.join(_reduced(shares).select("key", "num", "den", "known"), on="key").drop("key")


def _key(month: str | None) -> pl.Expr:
    """Group and month as one sortable integer; without a month, the group's zero."""
    key = pl.col("group").cast(pl.Int64) * MONTHS
    return key if month is None else key + pl.col(month)


def _group() -> pl.Expr:
    return pl.col("key") // MONTHS * MONTHS


def _reduced(shares: pl.DataFrame) -> pl.DataFrame:
    """The same fractions in smaller numbers, so that products of them fit 128 bits."""
    for factor in FACTORS:
        both = (pl.col("num") % factor == 0) & (pl.col("den") % factor == 0)
        divisor = pl.when(both).then(factor).otherwise(1).cast(pl.Int128)
        shares = shares.with_columns(pl.col("num") // divisor, pl.col("den") // divisor)
    return shares


def grouped(scope: Scope, lines: pl.DataFrame, products: pl.Enum | None = None) -> pl.DataFrame:
    """Lines with the `product` key of their group: product, and currency where there are several.

    Args:
        scope: the currencies.
        lines: with `product_id, currency`.
        products: the enumeration of all keys; None: that of these lines.
    """
    product = pl.col("product_id").fill_null("")
    if len(scope.book.lines.currencies) > 1:
        product = pl.concat_str(product, "currency", separator="|")
    named = lines.with_columns(product=product)
    # A line whose product has no past has no share of it either: its key is null.
    keys = products or pl.Enum(named["product"].unique().sort())
    return named.with_columns(pl.col("product").cast(keys, strict=False))


def _pair(products: pl.Enum) -> pl.Expr:
    """Customer and product as one integer, half as dear to look up as two columns."""
    count = len(products.categories)
    code, product = (pl.col(name).to_physical().cast(pl.Int64) for name in GROUP)
    return code * count + product


def _windows(scope: Scope, past: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """The rate of each month, and the window `[since, upto)` whose mean is its base."""
    split = scope.settings.split
    bought = past.filter("bought")
    # A running maximum of keys never reaches into the next group, whose keys are all larger.
    covered = bought.sort("key").select("key", covered=pl.col("ends").cum_max())
    first = bought.group_by("group").agg(first=pl.col("begins").min())
    rates = past.join(months, on="key", how="semi").group_by("key").agg(rate=pl.col("units").sum())
    since = pl.max_horizontal("first", pl.col("upto") - split.base_months)
    old = pl.col("key") - pl.col("first") >= split.base_min_months
    return (
        months.join_asof(covered, on="key", allow_exact_matches=False)
        .join(rates, on="key")
        .join(first, on="group")
        .with_columns(upto=pl.min_horizontal("key", "covered"))
        .with_columns(since=since)
        .with_columns(known=(old & (pl.col("upto") > pl.col("since"))).fill_null(value=False))
    )


def _revenue_between(past: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Spread revenue of each window, as a difference of running totals at its two ends.

    A line adds `units` a month from `begins` on and takes them away after its term, so the revenue
    before month t is t x sum(step) - sum(step x month) over the steps before t. Steps of whole
    groups cancel, so one running sum serves all groups at once.
    """
    asked = windows.filter("known")
    oldest = asked.group_by("group").agg(oldest=pl.col("since").min())
    # What ended before a group's first window adds the same to both ends of every window.
    late = past.join(oldest, on="group").filter(pl.col("ends") > pl.col("oldest"))
    step, month = pl.col("step"), (pl.col("at") % MONTHS).cast(pl.Int128)
    nothing = pl.DataFrame({"at": [-1], "step": [0]}, {"at": pl.Int64, "step": pl.Int128})
    changes = (("begins", pl.col("units")), ("ends", 0 - pl.col("units")))
    steps = [nothing, *(late.select(at=at, step=change) for at, change in changes)]
    running = (
        pl.concat(steps)
        .sort("at")
        .select("at", total=step.cum_sum(), moment=(step * month).cum_sum())
    )
    return asked.select(
        "key", revenue=_before(running, asked["upto"]) - _before(running, asked["since"])
    )


def _before(running: pl.DataFrame, ends: pl.Series) -> pl.Series:
    """The revenue of all groups before some months, from running sums over the steps."""
    steps = running[running["at"].search_sorted(ends, side="left").cast(pl.Int64) - 1]
    return (ends % MONTHS).cast(pl.Int128) * steps["total"] - steps["moment"]
