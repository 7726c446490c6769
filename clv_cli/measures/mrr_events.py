"""Every change of MRR by its own day: the ledger of events, and who came and went within a month."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.fx import at_month_end, convert
from clv_cli.measures.mrr_balances import mrr_balances
from clv_cli.measures.mrr_deltas import rated_by_line
from clv_cli.measures.mrr_kinds import CHANGES, COUNTS, classified
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.pipeline import Scope, derived

_KEYS = ["unit", "month"]


@derived("mrr_events", mrr_spans, mrr_balances, by_customer=True)
def mrr_events(scope: Scope, spans: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """What moved in each month when every change counts, not only the two month ends?

    Returns:
        `unit, month`, the five movements (Int64 MRR units of the base currency, in the rates of the
        month) and the counts of customers gained and lost, summed over the month's changes. Empty
        unless `movements.mode: events`.
    """
    columns = [*CHANGES, *COUNTS]
    if scope.settings.movements.mode != "events":
        schema = {"unit": pl.Int32, "month": pl.Int32, **dict.fromkeys(columns, pl.Int64)}
        return pl.DataFrame(schema=schema)
    moments = _moments(scope, spans, balances)
    first = moments.filter("after").group_by("unit").agg(first=pl.col("day").min())
    dated = moments.join(first, on="unit", how="left").join(
        _idle_by_day(spans), on=["unit", "day"], how="left"
    )
    named = classified(
        scope, dated, change=pl.col("change"), fresh=pl.col("day") <= pl.col("first")
    )
    return named.group_by(_KEYS).agg(pl.col(columns).sum()).sort(_KEYS)


@derived("mrr_passing", mrr_spans, mrr_balances, by_customer=True)
def mrr_passing(scope: Scope, spans: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """Who came and left between two month ends, and is in neither?

    Returns:
        One row a month and unit with MRR on some day of the month but at neither end of it, all its
        currencies together: `month, unit, code` (its first customer), `mrr`: the most that it paid
        (Int64 MRR units of the base currency). Sorted.
    """
    moments = _moments(scope, spans, balances)
    ends = moments.group_by(_KEYS).agg(
        pl.col("value_before").sort_by("day").first(),
        pl.col("value").sort_by("day").last(),
        mrr=pl.col("value").max(),
    )
    passed = (pl.col("value_before") <= 0) & (pl.col("value") <= 0) & (pl.col("mrr") > 0)
    codes = spans.group_by("unit").agg(pl.col("code").min())
    return (
        ends.filter(passed)
        .join(codes, on="unit", how="left")
        .select(*_KEYS, "code", "mrr")
        .sort(_KEYS)
    )


def _moments(scope: Scope, spans: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """The value before and after every day on which a unit's MRR changes, in the month's rates."""
    changes = _changes(scope, spans.filter(~pl.col("held")))
    values = _worth(scope, changes)
    opening = balances.select(*_KEYS, revalued="revalued")
    summed = values.group_by("unit", "month", "day").agg(
        pl.col("change").sum(), pl.col("home_before").sum()
    )
    rows = summed.join(opening, on=_KEYS, how="left").sort("unit", "day")
    # Units that pay at home have no balance in months that end as they began: sum their levels.
    begin = pl.coalesce("revalued", pl.col("home_before").first().over(_KEYS))
    running = pl.col("change").cum_sum().over(_KEYS)
    return rows.with_columns(
        value=begin + running, value_before=begin + running - pl.col("change")
    ).with_columns(before=pl.col("value_before") > 0, after=pl.col("value") > 0)


def _changes(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Levels before and after each day of change, by unit and currency, up to the as-of day."""
    values = [name for name in ("mrr", "base") if name in spans.columns]
    keys = ["unit", "currency"]
    begins = spans.select(*keys, *values, day="from_day")
    ends = spans.select(*keys, *(-pl.col(v) for v in values), day="to_day")
    summed = (
        pl.concat([begins, ends.select(begins.columns)])
        .group_by(*keys, "day")
        .agg(pl.col(v).sum() for v in values)
        .sort(*keys, "day")
    )
    after = [pl.col(v).cum_sum().over(keys) for v in values]
    return summed.with_columns(
        *(level.alias(f"{v}_after") for v, level in zip(values, after, strict=True)),
        month=month_index(pl.col("day")),
    ).filter(pl.col("day") <= scope.as_of, pl.any_horizontal(pl.col(v) != 0 for v in values))


def _worth(scope: Scope, changes: pl.DataFrame) -> pl.DataFrame:
    """Each change in the base currency, as the difference of two converted levels."""
    if rated_by_line(scope):
        return changes.with_columns(
            change="base", home_before=pl.col("base_after") - pl.col("base")
        )
    rated = at_month_end(scope, changes)

    def value(level: pl.Expr) -> pl.Expr:
        return convert(level, pl.col("multiplier"), pl.col("divisor"))

    before = value(pl.col("mrr_after") - pl.col("mrr"))
    return rated.with_columns(change=value(pl.col("mrr_after")) - before, home_before=before)


def _idle_by_day(spans: pl.DataFrame) -> pl.DataFrame:
    return (
        spans.filter(pl.col("mrr") > 0).group_by("unit", day="from_day").agg(pl.col("idle").max())
    )
