"""Closed months keep their cents: what they were granted when they were closed stands for ever.

The frozen rows of `Book.frozen` take the place of whatever today's rules would give their lines, and
credits of later months take back the frozen cells. A line that arrives in a closed month afterwards is
split by today's rules, and rounded with other late lines alone, so it moves no frozen cell. Where a
frozen line itself has changed since, the difference is its own row, `restated` (or `fx_rounding`,
where only its value in the base currency has), so that totals still tie to the invoices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import FX, RESTATED
from clv_cli.attribution.frozen import split_frozen
from clv_cli.attribution.lines import LINE, frozen, history, in_period
from clv_cli.frames import FROZEN_COLUMNS, Finding, Severity
from clv_cli.money import to_decimal
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

_FROM_NOW_ON = ("invoice_id", "customer_id", "issued_on", "month", "product_id", "currency")


def to_freeze(ledger: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """The rows that months keep when they are closed.

    Args:
        ledger: the rows of `split_by_line` of a period that holds these months.
        first: first month to close.
        last: last month to close.

    Returns:
        The columns of `FROZEN_COLUMNS`; put below those of earlier months they make `Book.frozen`.
    """
    closing = ledger.filter(pl.col("month").is_between(first, last))
    return closing.select(pl.col(name).cast(dtype) for name, dtype in FROZEN_COLUMNS.items())


@reduction("split_frozen_lines")
def split_frozen_lines(scope: Scope) -> pl.LazyFrame:
    """The lines of the period that have frozen rows, as they are today."""
    if scope.book.frozen is None:
        # Nothing is closed: no scan of the lines to find that out.
        none = scope.book.table("billing_lines").clear().with_columns(amount_base="amount")
        numbers = {name: pl.lit(0, pl.Int32) for name in ("code", "month")}
        return none.with_columns(**numbers).select(LINE)
    return history(scope).filter(in_period(scope) & pl.col("closed")).select(LINE)


@reduction("split_late")
def split_late(scope: Scope) -> pl.LazyFrame:
    """Lines of closed months of the period without frozen rows: `month, lines, amount`."""
    if scope.book.frozen is None:
        none = {"month": pl.Int32, "lines": pl.Int64, "amount": pl.Int128}
        return pl.LazyFrame(schema=none)
    months = frozen(scope).select("month").unique()
    late = history(scope).filter(in_period(scope) & ~pl.col("closed"))
    sums = late.join(months, on="month", how="semi").group_by("month")
    amount = pl.col("amount_base").cast(pl.Int128).sum()
    return sums.agg(lines=pl.len().cast(pl.Int64), amount=amount).sort("month")


@derived("split_restated", split_frozen, split_frozen_lines)
def split_restated(_: Scope, rows: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """What lines of closed months are worth now beyond their frozen rows: a row each, where not 0."""
    kept = (
        rows.filter("reported")
        .group_by("line_id")
        .agg(
            pl.col("own", "amount").sum().name.prefix("kept_"),
            pl.col(*_FROM_NOW_ON, "code", "source", "row").first().name.prefix("old_"),
        )
    )
    both = kept.join(now, on="line_id", how="left")
    is_there = pl.col("amount").is_not_null()
    own = pl.col("amount").fill_null(0) - pl.col("kept_own")
    beyond = both.with_columns(
        own=own,
        base=pl.col("amount_base").fill_null(0) - pl.col("kept_amount"),
        component=pl.when(own == 0).then(pl.lit(FX)).otherwise(pl.lit(RESTATED)),
        share_num=own.cast(pl.Int128),
        share_den=pl.max_horizontal(pl.col("amount").abs(), 1).cast(pl.Int128),
        **{
            name: pl.when(is_there).then(name).otherwise(f"old_{name}")
            for name in (*_FROM_NOW_ON, "code", "source", "row")
        },
    )
    return beyond.filter((pl.col("own") != 0) | (pl.col("base") != 0)).with_columns(
        amount="base",
        part=pl.lit("whole"),
        bucket=pl.lit("sales"),
        rule_id="component",
        evidence=pl.lit(None, pl.String),
        original_evidence=pl.lit(None, pl.String),
    )


def findings(scope: Scope, late: pl.DataFrame, restated: pl.DataFrame) -> list[Finding]:
    """What came into closed months after they were closed."""
    found = []
    if not late.is_empty():
        message = (
            f"{int(late['lines'].sum()):,} lines worth {_money(late['amount'], scope)} came into closed "
            "months later: they are split by today's rules and move no cent that was closed"
        )
        found.append(Finding(Severity.WARNING, "late_lines", message))
    changed = restated.filter(pl.col("component") == RESTATED).sort("line_id")
    if not changed.is_empty():
        message = (
            f"{changed.height:,} lines of closed months changed since, by "
            f"{_money(changed['amount'], scope)} together, first {changed['line_id'][0]}: the closed "
            f"split stands, the difference is in sales as {RESTATED}"
        )
        remedy = "see clv split --by line; reopen the months, or book the change as a credit"
        found.append(Finding(Severity.WARNING, "closed_lines_changed", message, remedy=remedy))
    return found


def _money(amounts: pl.Series, scope: Scope) -> str:
    return f"{to_decimal(int(amounts.cast(pl.Int128).sum()), scope.currency):,f} {scope.currency}"
