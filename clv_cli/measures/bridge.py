"""From invoices to MRR, line by line: what the bridge of `clv reconcile` is made of.

Nothing here is read from the ledger of movements: what lines were issued, which of them are MRR, on
which month ends they are active, what pauses and late renewals add. The two must meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.billed_lines import billed_lines, month_index
from clv_cli.measures.conversion import to_base
from clv_cli.measures.credited_lines import credit_remainders
from clv_cli.measures.mrr_deltas import (
    delta_columns,
    in_line_rates,
    level_columns,
    mrr_deltas,
    rated_by_line,
)
from clv_cli.measures.mrr_lines import mrr_lines
from clv_cli.measures.mrr_spans import snapshot_month
from clv_cli.measures.subscription_levels import subscription_adjustments
from clv_cli.periods import month_end
from clv_cli.pipeline import Scope, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected

_LINE_KEYS = ["month", "kind", "has_mrr", "active"]


@reduction("bridge_issued")
def bridge_issued(scope: Scope) -> pl.LazyFrame:
    """What was invoiced in each month, by kind, by whether it is MRR, and whether it is active then?

    Returns:
        `month` of issue, `kind`, `has_mrr` (the line makes MRR on some day), `active` (at the end of
        its own month), sorted; `amount` and `tax` (Int64 minor units of the base currency).
    """
    own = month_index(pl.col("issued_on"))
    begins = snapshot_month(pl.col("active_from"), scope.as_of)
    ends = snapshot_month(pl.col("active_to"), scope.as_of)
    making = (
        mrr_lines(scope)
        .with_columns(active=(begins <= own) & (ends > own))
        .group_by("source", "row")
        .agg(pl.col("active").any())
    )
    lines = billed_lines(scope)
    with_tax = to_base(
        scope, lines.rename({"amount_base": "net"}), pl.col("tax").fill_null(0), "issued_on"
    )
    marked = with_tax.join(making, on=["source", "row"], how="left").with_columns(
        has_mrr=pl.col("active").is_not_null(), active=pl.col("active").fill_null(value=False)
    )
    sums = {"amount": pl.col("net"), "tax": pl.col("amount_base")}
    totals = {name: value.cast(pl.Int128).sum().cast(pl.Int64) for name, value in sums.items()}
    return marked.group_by(_LINE_KEYS).agg(**totals).sort(_LINE_KEYS)


@reduction("bridge_active")
def bridge_active(scope: Scope) -> pl.LazyFrame:
    """Which MRR is active from which month end to which, at the rate of issue and in its currency?

    Returns:
        `code, currency, issued` (month), `prorated, first, end` (exclusive), sorted; the level
        columns (`mrr`, Int64 MRR units of the currency, and `base` where lines carry their own
        rates), `at_issue` (of the base currency, at the rate of each line's day of issue) and
        `place`, the `file:row` of one of the lines.
    """
    keys = ["code", "currency", "issued", "prorated", "first", "end"]
    lines = in_line_rates(scope, mrr_lines(scope))
    if rated_by_line(scope):
        lines = lines.drop("multiplier", "divisor")
    valued = to_base(scope, lines, pl.col("mrr"), "issued_on")
    sums = {name: pl.col(name) for name in level_columns(scope)}
    sums["at_issue"] = pl.col("amount_base")
    totals = {name: value.cast(pl.Int128).sum().cast(pl.Int64) for name, value in sums.items()}
    return (
        valued.with_columns(
            issued=month_index(pl.col("issued_on")),
            prorated=pl.col("kind") == "proration",
            first=snapshot_month(pl.col("active_from"), scope.as_of),
            end=snapshot_month(pl.col("active_to"), scope.as_of),
            place=pl.format("{}:{}", "source", "row"),
        )
        .filter(pl.col("first") < pl.col("end"))
        .group_by(keys)
        .agg(**totals, place=pl.col("place").min())
        .sort(keys)
    )


@reduction("billed_by_currency")
def billed_by_currency(scope: Scope) -> pl.LazyFrame:
    """What was billed in each month and currency? `month, currency`, sorted; `amount` (Int64)."""
    keys = ["month", "currency"]
    total = pl.col("amount").cast(pl.Int128).sum().cast(pl.Int64)
    return billed_lines(scope).group_by(keys).agg(total).sort(keys)


@reduction("billed_amounts")
def billed_amounts(scope: Scope) -> pl.LazyFrame:
    """Where does each amount stand? `month, currency, amount`, sorted; `place` of the first line."""
    keys = ["month", "currency", "amount"]
    place = pl.format("{}:{}", "source", "row").min().alias("place")
    return billed_lines(scope).group_by(keys).agg(place).sort(keys)


@reduction("ledger_rows")
def ledger_rows(scope: Scope) -> pl.LazyFrame:
    """What do the books say? `month, currency, account, amount, place`, sorted."""
    return (
        scope.book.table("general_ledger")
        .select(
            month_index(pl.col("month")).alias("month"),
            "currency",
            "account",
            "amount",
            place=pl.format("{}:{}", "source", "row"),
        )
        .sort("month", "currency", "account", "place")
    )


def adjusted_at(frames: Collected, month: int) -> pl.DataFrame:
    """What pauses, snapped prorations and full credits change: `code, currency`, level columns.

    Args:
        frames: with `subscription_adjustments`.
        month: the month.
    """
    day = min(month_end(month), frames.scope.as_of)
    sign = pl.when(pl.col("role") == "held").then(-1).otherwise(1)
    active = frames[subscription_adjustments].filter(
        pl.col("from_day") <= day, pl.col("to_day") > day
    )
    values = [(pl.col(value) * sign).sum() for value in level_columns(frames.scope)]
    return active.group_by("code", "currency").agg(values)


def remainders_at(frames: Collected, month: int, *, own: bool) -> pl.DataFrame:
    """What full credits change at a month's end: a part of `adjusted_at`, in the same columns.

    Args:
        frames: with `credit_remainders`.
        month: the month.
        own: of the credits that began in the month itself, else of those before it.
    """
    day = min(month_end(month), frames.scope.as_of)
    began = month_index(pl.col("from_day")) == month
    active = frames[credit_remainders].filter(
        pl.col("from_day") <= day, pl.col("to_day") > day, began if own else ~began
    )
    return active.group_by("code", "currency").agg(pl.col(level_columns(frames.scope)).sum())


def bridged_at(frames: Collected, month: int) -> pl.DataFrame:
    """The MRR of customers between two terms at a month's end, who count all the same.

    Whoever pays nothing on the day, paid until at most `churn.bridge_gap_days` before its next term,
    keeps what it last paid: `code, currency` and the level columns.

    Args:
        frames: with `mrr_deltas` and `subscription_adjustments`.
        month: the month.
    """
    scope = frames.scope
    day, limit = min(month_end(month), scope.as_of), scope.settings.churn.bridge_gap_days
    terms = _terms(frames).filter(pl.col("mrr") > 0)
    paying = terms.filter(pl.col("from_day") <= day, pl.col("to_day") > day).select("unit").unique()
    before = terms.filter(pl.col("to_day") <= day).join(paying, on="unit", how="anti")
    after = terms.filter(pl.col("from_day") > day).group_by("unit").agg(pl.col("from_day").min())
    last = before.group_by("unit").agg(ended=pl.col("to_day").max())
    gap = (pl.col("from_day") - pl.col("ended")).dt.total_days()
    late = last.join(after, on="unit", how="inner").filter(gap.is_between(1, limit))
    kept = before.join(late.select("unit", "ended"), on="unit", how="inner").filter(
        pl.col("to_day") == pl.col("ended")
    )
    return kept.group_by("code", "currency").agg(pl.col(level_columns(scope)).sum())


def _terms(frames: Collected) -> pl.DataFrame:
    """Days of constant MRR from the changes of lines, pauses and snapped prorations alone."""
    deltas, named = frames[mrr_deltas], ["code", "subscription_id"]
    changes, values = delta_columns(frames.scope), level_columns(frames.scope)
    unit = [name for name in named if name in deltas.columns]
    level = frames[subscription_adjustments].filter(pl.col("role") == "level")
    keys = [*unit, "currency"]
    pairs = list(zip(changes, values, strict=True))
    days = pl.concat(
        [
            deltas.select(*keys, "day", *changes),
            level.select(*keys, day="from_day", **dict(pairs)),
            level.select(*keys, day="to_day", **{c: -pl.col(v) for c, v in pairs}),
        ]
    )
    moved = days.group_by(*keys, "day").agg(pl.col(changes).sum()).sort(*keys, "day")
    return moved.select(
        "code",
        "currency",
        unit=pl.struct(unit),
        from_day="day",
        to_day=pl.col("day").shift(-1).over(keys),
        **{value: pl.col(change).cum_sum().over(keys) for change, value in pairs},
    ).filter(pl.col("mrr") != 0, pl.col("to_day").is_not_null())
