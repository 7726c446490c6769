"""What customers used, month by month, against what their plan allows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import months_of
from clv_cli.measures.customer_codes import codes_of
from clv_cli.measures.mrr_terms import ONE, number
from clv_cli.periods import month_of
from clv_cli.pipeline import Scope, derived, reduction

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

_STRIDE = 2**32
_DAY_ZERO = 2**30  # days before 1970 are negative
_INT64 = 2**63
_SLACK = 1e-9  # far more than floating point gets wrong
_HUNDREDTH = ONE // 100
_PLAIN = 10**9 * ONE - 1
_ROWS = {
    "code": pl.Int32,
    "row": pl.Int64,
    "metric": pl.Categorical,
    "source": pl.Categorical,
    "day": pl.Date,
    "quantity": pl.Int64,
    "quota": pl.Int64,
}


@reduction("usage_rows")
def usage_rows(scope: Scope) -> pl.LazyFrame:
    """The metered use of billing customers up to the as-of day, row by row.

    Returns:
        `code`, `metric`, `day` (first of the row's period), `quantity, quota` (Int64 millionths),
        `source, row`, in the order of the files.
    """
    own = scope.book.table("usage").filter(pl.col("period_start") <= scope.as_of)
    if scope.book.test_customers:
        own = own.filter(~pl.col("customer_id").is_in(scope.book.test_customers))
    # Coded part by part as it streams by, on all cores, in the order of the files: they are sorted by
    # customer or by month as a rule, which makes the sort of `usage_days` a merge of few runs.
    return own.select(
        "customer_id",
        "row",
        "metric",
        "source",
        day="period_start",
        quantity=number("quantity").cast(pl.Int64),
        quota=number("quota").cast(pl.Int64),
    ).map_batches(partial(_coded, codes_of(scope.book)), schema=_ROWS, streamable=True)


def _coded(codes: Callable[[pl.Series], pl.Series], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of billing customers, with `code` for the id, and names as categories.

    Ids repeat from row to row in files sorted by customer: each run of equals is looked up once.
    """
    runs = rows["customer_id"].rle_id()
    heads = rows["customer_id"].filter((runs != runs.shift(1)).fill_null(value=True))
    found = codes(heads)
    coded = rows.select(
        (found if found.len() == runs.len() else found.gather(runs)).alias("code"),
        "row",
        *(_categories(rows[name]) for name in ("metric", "source")),
        "day",
        "quantity",
        "quota",
    )
    return coded.filter(pl.col("code").is_not_null()) if found.null_count() else coded


def _categories(names: pl.Series) -> pl.Series:
    """Names as categories, which move at a quarter of the cost; one for all is cast once."""
    first = names.head(1)
    if first.len() and bool((names == first).all()):
        return first.cast(pl.Categorical).new_from_index(0, names.len())
    return names.cast(pl.Categorical)


@derived("usage_days", usage_rows)
def usage_days(scope: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """How much of each metric had each customer used in the month up to each row?

    Use within a calendar month adds up; of `moments.gauges` (seats) the latest value counts.

    Returns:
        `unit` (a number for a customer's metric), `code, metric, month, day`, `used` (of the month so far)
        and `quota`, Int64 millionths, `last` (the month's last row), `alone` (its only one), `source,
        row`; sorted by unit and day.
    """
    names, metric = _numbered(rows["metric"])
    ordered = _ordered(rows, metric, names.len())
    ordered = ordered.with_columns(
        metric=_named(names, ordered["unit"]), month=months_of(ordered["day"])
    )
    same = (pl.col("unit") == pl.col("unit").shift(1)) & (
        pl.col("month") == pl.col("month").shift(1)
    )
    opens = ordered.select(opens=~same.fill_null(value=False)).to_series()
    if bool(opens.all()):
        alone = ordered.rename({"quantity": "used"})
        return alone.with_columns(last=pl.lit(value=True), alone=pl.lit(value=True))
    last = opens.shift(-1).fill_null(value=True)
    return _added_up(scope, ordered.with_columns(opens, last=last, alone=opens & last))


def _numbered(metrics: pl.Series) -> tuple[pl.Series, pl.Expr]:
    """The names of the metrics in their order (an Enum), and the number of each row's in it."""
    distinct = metrics.unique()
    names = distinct.cast(pl.String).sort()
    kinds = pl.Enum(names)
    if names.len() <= 1:
        return names.cast(kinds), pl.lit(0)
    # A look-up by what categories are inside: to cast every row costs as much as to sort them all.
    inside = distinct.to_physical()
    places = pl.zeros(max(inside.to_list()) + 1, pl.UInt32, eager=True)
    places = places.scatter(inside, distinct.cast(kinds).to_physical().cast(pl.UInt32))
    return names.cast(kinds), pl.lit(places.gather(metrics.to_physical()))


def _named(names: pl.Series, units: pl.Series) -> pl.Series:
    """The metric of each unit."""
    many = names.len()
    return names.new_from_index(0, units.len()) if many == 1 else names.gather(units % max(many, 1))


def _ordered(rows: pl.DataFrame, metric: pl.Expr, metrics: int) -> pl.DataFrame:
    """The rows by customer, metric and day, with `unit`; only equal days need the order of files.

    A file sorted by customer stays as it is. Else one packed key sorts three times as fast as its
    parts, which it carries: what need not be moved costs nothing.
    """
    many = max(metrics, 1)
    unit = pl.col("code") if many == 1 else pl.col("code").cast(pl.Int64) * many + metric
    rows = rows.with_columns(unit=unit).drop("metric").rechunk()
    if rows.select(_rises("unit", "day").all()).item():
        return rows
    packed = pl.col("unit").cast(pl.Int64) * _STRIDE + pl.col("day").to_physical() + _DAY_ZERO
    kept = rows.select("row", "source", "quantity", "quota", key=packed)
    ordered = kept if kept["key"].is_sorted() else kept.sort("key", maintain_order=True)
    # In order, equal keys are neighbours.
    if bool((ordered["key"] == ordered["key"].shift(1)).any()):
        ordered = ordered.sort("key", pl.col("source").cast(pl.String), "row")
    unit = pl.col("key") // _STRIDE
    day = (pl.col("key") - unit * _STRIDE - _DAY_ZERO).cast(pl.Int32).cast(pl.Date)
    code = (unit // many).cast(pl.Int32)
    unpacked = ordered.with_columns(unit=code if many == 1 else unit, day=day, code=code)
    return unpacked.drop("key").rechunk()


def _rises(first: str, then: str) -> pl.Expr:
    """Whether a row is beyond the one before it, by two columns; null for the first row."""
    same = pl.col(first) == pl.col(first).shift(1)
    return (pl.col(first) > pl.col(first).shift(1)) | (
        same & (pl.col(then) > pl.col(then).shift(1))
    )


def _added_up(scope: Scope, marked: pl.DataFrame) -> pl.DataFrame:
    """Rows of a month added up, in Int128 lest a running sum of all customers wrap."""
    total = pl.col("quantity").cast(pl.Int128).cum_sum()
    before = pl.when("opens").then(total - pl.col("quantity")).forward_fill()
    gauge = pl.col("metric").cast(pl.String).is_in(scope.settings.moments.gauges)
    used = pl.when(gauge).then(pl.col("quantity")).otherwise((total - before).cast(pl.Int64))
    return marked.with_columns(used=used).drop("opens", "quantity")


@derived("usage_months", usage_days)
def usage_months(scope: Scope, days: pl.DataFrame) -> pl.DataFrame:
    """How much of each metric did each customer use in each month, up to the as-of day?

    Returns:
        As `usage_days`, one row a unit and month (its last), with `complete`: whether the month is
        over; sorted by unit and month.
    """
    lasts = days if bool(days["alone"].all()) else days.filter("last")
    return lasts.with_columns(complete=pl.col("month") < first_open(scope))


@derived("near_quota", usage_days)
def near_quota(scope: Scope, days: pl.DataFrame) -> pl.DataFrame:
    """The rows of `usage_days` at which a quota is near, reached or exceeded: few of many."""
    near = scope.settings.moments.quota.near
    if products_fit(days, near):
        return days.filter(share_at_least(near.numerator, near.denominator, pl.Int64))
    # Floating point leaves out most rows at a fraction of the cost; what it lets pass is decided exactly.
    roughly = _share() >= float(near) * (1 - _SLACK)
    return days.filter(roughly).filter(share_at_least(near.numerator, near.denominator))


def first_open(scope: Scope) -> int:
    """The first month that is not over at the end of the as-of day."""
    return month_of(scope.as_of + timedelta(days=1))


def before(name: str, months: int) -> pl.Expr:
    """A column's value some months ago; null where that month, or one between, has no row."""
    there = (pl.col("unit").shift(months) == pl.col("unit")) & (
        pl.col("month").shift(months) == pl.col("month") - months
    )
    return pl.when(there).then(pl.col(name).shift(months))


def lasted(flag: str, months: int) -> pl.Expr:
    """Whether a flag has held in exactly so many months in a row: true once in a streak."""
    held = pl.all_horizontal(before(flag, back).fill_null(value=False) for back in range(months))
    return held & ~before(flag, months).fill_null(value=False)


def products_fit(days: pl.DataFrame, share: Fraction) -> bool:
    """Whether `share_at_least` can be asked in 64 bits, at a third of the time: no product leaves them."""
    bounds = (
        bound(days[name]) for name in ("used", "quota") for bound in (pl.Series.min, pl.Series.max)
    )
    most = max((abs(bound) for bound in bounds if isinstance(bound, int)), default=0)
    return most * max(share.numerator, share.denominator) < _INT64


def share_at_least(
    share_numerator: int,
    share_denominator: int,
    exact: type[pl.Int64 | pl.Int128] = pl.Int128,
) -> pl.Expr:
    """Whether what is used is at least a share of the quota, exactly; never without a quota."""
    used = pl.col("used").cast(exact) * pl.lit(share_denominator, exact)
    reached = used >= pl.col("quota").cast(exact) * pl.lit(share_numerator, exact)
    return (reached & (pl.col("quota") > 0)).fill_null(value=False)


def known_on(scope: Scope) -> pl.Expr:
    """The day on which a row's use was known: its own, or of a month's only row the month's end."""
    end = pl.min_horizontal(pl.col("day").dt.month_end(), pl.lit(scope.as_of))
    return pl.when("alone").then(end).otherwise(pl.col("day"))


def _share() -> pl.Expr:
    """The share of the quota as floating point has it."""
    return pl.col("used") / pl.col("quota")


def share_below(share: Fraction) -> pl.Expr:
    """Whether what is used is less than a share of the quota, as far as floating point can tell.

    True wherever it is, and at the bound itself: it spares the exact test most rows.
    """
    return (_share() <= float(share) * (1 + _SLACK)) & (pl.col("quota") > 0)


def grouped(name: str) -> pl.Expr:
    """Millionths as people read them: 1,250,000 or 0.5. For the few rows that are told."""
    value = pl.col(name)
    # Whole hundredths up to a billion need no rounding, and no call a row.
    plain = value.is_between(0, _PLAIN) & (value % _HUNDREDTH == 0)
    hundredths = (value // _HUNDREDTH).cast(pl.Int64)
    whole, rest = hundredths // 100, hundredths % 100
    digits = pl.when(rest > 0).then(
        pl.format(".{}", rest.cast(pl.String).str.zfill(2).str.strip_chars_end("0"))
    )
    text = pl.concat_str(_thousands(whole), digits.otherwise(pl.lit("")))
    others = pl.when(~plain).then(value).map_elements(_text, return_dtype=pl.String)
    return pl.when(plain).then(text).otherwise(others)


def _thousands(whole: pl.Expr) -> pl.Expr:
    """A whole number below a billion with commas: 1,250,000."""
    low, middle, high = whole % 1000, whole // 1000 % 1000, whole // 1_000_000
    padded = [part.cast(pl.String).str.zfill(3) for part in (low, middle)]
    return (
        pl.when(high > 0)
        .then(pl.format("{},{},{}", high, padded[1], padded[0]))
        .when(middle > 0)
        .then(pl.format("{},{}", middle, padded[0]))
        .otherwise(low.cast(pl.String))
    )


def _text(millionths: float) -> str:
    return f"{round(millionths / ONE, 2):,.2f}".rstrip("0").rstrip(".")
