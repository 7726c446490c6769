"""What became of the MRR of an earlier month, point to point, in the rates of the later one."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.fx import at_month_end, convert
from clv_cli.measures.mrr_balances import (
    by_month,
    from_unit_month,
    in_base,
    steps,
    summed_by_currency,
    unit_month,
    visible,
)
from clv_cli.measures.mrr_deltas import rated_by_line
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.pipeline import Scope, derived

_VALUES = ("base", "closing", "kept")


@derived("retention_sums", mrr_spans, by_customer=True)
def retention_sums(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The sums behind `retention`, before those of customers of one rate are converted.

    Returns:
        `currency, month`, in no order, and again where customers are summed some at a time; `base,
        closing, kept` (Int64 MRR units) and `n`. Of customers who pay in one currency, by how much
        the sums change from that month on; of all others, with an empty currency, the sums of that
        month in the base currency.
    """
    seen = visible(scope, spans)
    several = _of_several_rates(scope, seen)
    simple = _in_one_currency(scope, seen.join(several, on="unit", how="anti"))
    mixed = _in_several(scope, seen.join(several, on="unit", how="semi"))
    return pl.concat([simple, mixed])


@derived("retention", retention_sums)
def retention(scope: Scope, sums: pl.DataFrame) -> pl.DataFrame:
    """How much of the MRR of `nrr.months` ago is still paid, with and without expansion?

    The opening set are the customers with MRR > 0 then. A customer whose credits exceed its charges
    counts as paying nothing, so that GRR is never above NRR.

    Returns:
        `month`, sorted; `base` (MRR of the opening set then), `closing` (its MRR now), `kept` (sum
        of the smaller of the two, customer by customer), Int64 MRR units in the rates of the month;
        `n` customers in the opening set. Months without an opening set are left out.
    """
    one = pl.col("currency").is_not_null()
    rated = at_month_end(scope, _running(scope, sums.filter(one)))
    simple = rated.select(
        "month",
        *(convert(pl.col(v), pl.col("multiplier"), pl.col("divisor")).alias(v) for v in _VALUES),
        n="n",
    )
    return (
        pl.concat([simple, sums.filter(~one).select(simple.columns)])
        .group_by("month")
        .agg(pl.col(*_VALUES, "n").cast(pl.Int128).sum().cast(pl.Int64))
        .filter(pl.col("n") > 0)
        .sort("month")
    )


def _of_several_rates(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The units whose levels do not all have one rate a month: `unit`."""
    if rated_by_line(scope):
        return spans.select("unit").unique()
    # Spans stand in the order of units and their currencies.
    same = pl.col("unit") == pl.col("unit").shift(1)
    other = pl.col("currency") != pl.col("currency").shift(1)
    return spans.filter(same & other).select("unit").unique()


def _in_one_currency(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """By step functions: a customer's pair (then, now) only changes where one of them does."""
    level = steps(spans).select(
        unit_month("month"), now=pl.col("delta").cum_sum(), base=pl.lit(None, pl.Int64)
    )
    # A later month is a larger key: both stand in the order of their keys.
    then = level.select(
        pl.col("key") + scope.settings.nrr.months, now=pl.lit(None, pl.Int64), base="now"
    )
    # A gap means "as before"; every customer ends at nothing, so none inherits from the one above.
    pairs = (
        level.merge_sorted(then, key="key")
        .with_columns(pl.col("now", "base").forward_fill().fill_null(0))
        .filter((pl.col("key") != pl.col("key").shift(-1)).fill_null(value=True))
        .select(*from_unit_month(), "now", "base")
    )
    known = pairs.with_columns(
        end=pl.when(pl.col("unit") == pl.col("unit").shift(-1)).then(pl.col("month").shift(-1))
    )
    opening_set = known.filter(pl.col("base") > 0, pl.col("month") <= scope.closing)
    return _changes(_retained(_with_currency(opening_set, spans)))


def _with_currency(pairs: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Pairs of units with the one currency of each."""
    names = spans["currency"].unique()
    if len(names) == 1:
        return pairs.with_columns(currency=pl.lit(names[0]))
    return pairs.join(spans.select("unit", "currency").unique(), on="unit", how="left")


def _in_several(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Month by month: with two currencies the smaller of the two depends on the rates."""
    now = by_month(spans, scope.closing + 1)
    then = now.with_columns(pl.col("month") + scope.settings.nrr.months)
    values = [
        in_base(scope, levels.filter(pl.col("month") <= scope.closing))
        .group_by("unit", "month")
        .agg(pl.col("value").sum().alias(name))
        for levels, name in ((then, "base"), (now, "now"))
    ]
    pairs = values[0].join(values[1], on=["unit", "month"], how="left").fill_null(0)
    kept = _retained(pairs.filter(pl.col("base") > 0))
    sums = kept.group_by("month").agg(pl.col(*_VALUES, "n").cast(pl.Int128).sum().cast(pl.Int64))
    return sums.select(pl.lit(None, pl.String).alias("currency"), "month", *_VALUES, "n")


def _retained(pairs: pl.DataFrame) -> pl.DataFrame:
    """`closing` and `kept` of customers with `base` > 0 and `now`."""
    now = pl.max_horizontal("now", pl.lit(0, pl.Int64))
    return pairs.with_columns(
        closing=now, kept=pl.min_horizontal("base", now), n=pl.lit(1, pl.Int64)
    )


def _changes(pairs: pl.DataFrame) -> pl.DataFrame:
    """By how much the sums change in each currency and month, from pairs that hold over `[month, end)`."""
    columns = [*_VALUES, "n"]
    begins = summed_by_currency(pairs, *columns)
    ends = summed_by_currency(pairs.with_columns(month="end"), *columns)
    return pl.concat([begins, ends.with_columns(-pl.col(columns))])


def _running(scope: Scope, changes: pl.DataFrame) -> pl.DataFrame:
    """The sums by currency at every month, from their changes."""
    columns = [*_VALUES, "n"]
    sums = changes.group_by("currency", "month").agg(
        pl.col(columns).cast(pl.Int128).sum().cast(pl.Int64)
    )
    first = changes["month"].min()
    if not isinstance(first, int):
        return sums
    months = pl.DataFrame(
        {"month": range(first, scope.closing + 1)}, schema={"month": pl.Int32}
    ).join(changes.select("currency").unique(), how="cross")
    return (
        months.join(sums, on=["currency", "month"], how="left")
        .sort("currency", "month")
        .with_columns(pl.col(columns).fill_null(0).cum_sum().over("currency"))
        .filter(pl.col("n") > 0)
    )
