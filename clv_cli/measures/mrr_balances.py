"""What each customer paid at two month ends: the pairs that movements are made of."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.free_customers import free_months
from clv_cli.measures.fx import at_month_end, convert, divide_half_even
from clv_cli.measures.mrr_deltas import rated_by_line
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.units import with_codes
from clv_cli.pipeline import Scope, derived

_STRIDE = 2**20  # no month reaches it
SIDES = ("opening", "revalued", "closing")
HELD = tuple(f"held_{side}" for side in SIDES)


@derived("mrr_balances", mrr_spans, free_months, by_customer=True)
def mrr_balances(scope: Scope, spans: pl.DataFrame, free: pl.DataFrame) -> pl.DataFrame:
    """What did each customer pay at the opening and at the closing of the months in which it moved?

    Returns:
        `code, unit, month`, sorted by unit and month; `opening` (at the opening rate), `revalued`
        (the opening at the closing rate) and `closing`, Int64 MRR units of the base currency, pauses
        included; `held_opening, held_revalued, held_closing`, what of it pauses hold. Units with a
        foreign currency, a pause or a free plan have a row for every month, all others only where
        the level changes.
    """
    seen = visible(scope, spans)
    foreign = seen.filter((pl.col("currency") != scope.currency) | pl.col("held")).select("unit")
    closely = pl.concat([foreign, free.select("unit")]).unique()
    at_home = seen.join(closely, on="unit", how="anti")
    abroad = seen.join(closely, on="unit", how="semi")
    rows = pl.concat([_steps(scope, at_home), _by_month(scope, abroad)])
    return with_codes(scope, rows, spans).sort("unit", "month")


def visible(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The spans that at least one snapshot up to the closing month sees."""
    return spans.filter(
        pl.col("from_month") < pl.col("to_month"), pl.col("from_month") <= scope.closing
    )


def steps(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans as changes by unit and month: `unit, month, delta`, sorted; each sums to 0."""
    up = spans.select(unit_month("from_month"), delta="mrr")
    down = spans.select(unit_month("to_month"), delta=-pl.col("mrr"))
    # Sorted and summed up, a group is what its last row adds to that of the group before: no hash table.
    total = pl.col("delta").cast(pl.Int128).cum_sum()
    summed = pl.concat([up, down]).sort("key").select("key", total=total)
    last = summed.filter((pl.col("key") != pl.col("key").shift(-1)).fill_null(value=True))
    delta = pl.col("total") - pl.col("total").shift(1, fill_value=0)
    return last.select(*from_unit_month(), delta=delta.cast(pl.Int64))


def unit_month(month: str) -> pl.Expr:
    """`unit` and a month as one Int64 `key` that sorts like the two, and groups much faster."""
    return (pl.col("unit").cast(pl.Int64) * _STRIDE + pl.col(month)).alias("key")


def from_unit_month() -> list[pl.Expr]:
    """`unit` and `month` of a `unit_month`."""
    unit, month = pl.col("key") // _STRIDE, pl.col("key") % _STRIDE
    return [unit.cast(pl.Int32).alias("unit"), month.cast(pl.Int32).alias("month")]


def summed_by_currency(rows: pl.DataFrame, *values: str) -> pl.DataFrame:
    """The sums of rows by `currency` and `month`, in no order.

    Args:
        rows: with `currency`, `month` (Int32) and the values.
        values: Int64 columns.
    """
    names = rows["currency"].unique().sort()
    index = pl.col("currency").cast(pl.Enum(names)).to_physical().cast(pl.Int64)
    # Few groups, many rows: what is grouped by must be one number.
    grouped = rows.group_by(key=index * _STRIDE + pl.col("month"))
    summed = grouped.agg(pl.col(values).cast(pl.Int128).sum().cast(pl.Int64))
    return summed.select(
        pl.lit(names).gather(pl.col("key") // _STRIDE).alias("currency"),
        (pl.col("key") % _STRIDE).cast(pl.Int32).alias("month"),
        *values,
    )


def by_month(spans: pl.DataFrame, end: int) -> pl.DataFrame:
    """Spans written out: `unit, currency, month` and the level for each month before `end`."""
    values = [name for name in ("mrr", "base") if name in spans.columns]
    months = (
        spans.with_columns(month=pl.int_ranges("from_month", pl.min_horizontal("to_month", end)))
        .explode("month", empty_as_null=False)
        .with_columns(pl.col("month").cast(pl.Int32))
    )
    sums = [pl.col(value).sum() for value in values]
    if months["currency"].n_unique() > 1:
        return months.group_by("unit", "currency", "month").agg(sums)
    # One packed key groups several times as fast as two numbers and a text.
    grouped = months.group_by(unit_month("month")).agg(pl.col("currency").first(), *sums)
    return grouped.select(*from_unit_month(), "currency", *values).select(
        "unit", "currency", "month", *values
    )


def in_base(scope: Scope, levels: pl.DataFrame) -> pl.DataFrame:
    """Levels of `currency` and `month` with their `value` in the base currency.

    At the rate of the month's end, or as each line was rated where the settings say so.
    """
    if "base" in levels.columns:
        return levels.with_columns(value="base")
    if bool((levels["currency"] == scope.currency).all()):
        return levels.with_columns(value="mrr")
    return at_month_end(scope, levels).with_columns(
        value=convert(pl.col("mrr"), pl.col("multiplier"), pl.col("divisor"))
    )


def _steps(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Balances of units that only pay in the base currency, where they change."""
    level = pl.col("delta").cum_sum()
    nothing = [pl.lit(0, pl.Int64).alias(name) for name in HELD]
    return (
        steps(spans)
        .select("unit", "month", opening=level - pl.col("delta"), closing=level)
        .filter(pl.col("opening") != pl.col("closing"), pl.col("month") <= scope.closing)
        .select("unit", "month", "opening", *nothing, revalued="opening", closing="closing")
        .select("unit", "month", *SIDES, *HELD)
    )


def _by_month(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Balances in every month, pauses apart."""
    whole = _sides(scope, spans.filter(~pl.col("held")), SIDES)
    held = spans.filter("held").with_columns(-pl.col("mrr"))
    if "base" in spans.columns:
        held = held.with_columns(-pl.col("base"))
    both = [whole, _sides(scope, held, HELD)]
    return (
        pl.concat(both, how="diagonal")
        .group_by("unit", "month")
        .agg(pl.col(*SIDES, *HELD).sum())
        .select("unit", "month", *SIDES, *HELD)
    )


def _sides(scope: Scope, spans: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Opening, revalued opening and closing of some spans, in every month."""
    level = by_month(spans, scope.closing + 1)
    closing = in_base(scope, level)
    opening = closing.with_columns(pl.col("month") + 1).filter(pl.col("month") <= scope.closing)
    revalued = _revalued(scope, opening, closing)
    parts = zip((opening, revalued, closing), names, strict=True)
    return pl.concat(
        [part.select("unit", "month", pl.col("value").alias(name)) for part, name in parts],
        how="diagonal",
    )


def _revalued(scope: Scope, opening: pl.DataFrame, closing: pl.DataFrame) -> pl.DataFrame:
    """The opening at the closing's rate: the month's, or that of the lines that are active then.

    Where each line has its own rate, a currency in which nothing is left keeps its old one; and when
    every change is an event, a renewal's new rate is part of that event.
    """
    if not rated_by_line(scope):
        return in_base(scope, opening.select("unit", "currency", "month", "mrr"))
    if scope.settings.movements.mode == "events":
        return opening
    now = closing.select("unit", "currency", "month", now="mrr", worth="value")
    pairs = opening.join(now, on=["unit", "currency", "month"], how="left")
    rerated = divide_half_even(
        pl.col("mrr").cast(pl.Int128) * pl.col("worth") * pl.col("now").sign(),
        pl.col("now").abs().cast(pl.Int128).clip(1),
    ).cast(pl.Int64)
    left = pl.col("now").fill_null(0) != 0
    return pairs.with_columns(value=pl.when(left).then(rerated).otherwise(pl.col("value")))
