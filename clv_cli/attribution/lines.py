"""The lines the split works on: purchases, and the credits that take purchases back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import FROZEN_COLUMNS
from clv_cli.measures.billed_lines import billed_lines, counted_lines, months_of_issue
from clv_cli.periods import month_start

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

LINE = (
    "line_id",
    "invoice_id",
    "customer_id",
    "code",
    "issued_on",
    "month",
    "product_id",
    "currency",
    "amount",
    "amount_base",
    "source",
    "row",
)
FACETS = ("touchpoint", "deal_id")
ONE = pl.lit(1, pl.Int128)


def history(scope: Scope, *, coded: bool = True) -> pl.LazyFrame:
    """All billed lines up to the end of the period, with `closed`: whether they have frozen rows.

    Args:
        scope: the Book and the period.
        coded: whether `code` is asked for: to look it up costs as much as the scan.
    """
    lines = (billed_lines if coded else months_of_issue)(scope).filter(
        pl.col("month") < scope.period.end
    )
    # A missing rate stops the run through `revenue_months`; until then it counts as nothing.
    return _closed(scope, lines.with_columns(pl.col("amount_base").fill_null(0)))


def unpriced(scope: Scope) -> pl.LazyFrame:
    """The lines of `history` without `month` and `amount_base`."""
    lines = counted_lines(scope).filter(pl.col("issued_on") < month_start(scope.period.end))
    return _closed(scope, lines)


def _closed(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines with `closed`: whether they have frozen rows."""
    if scope.book.frozen is None:
        return lines.with_columns(closed=pl.lit(value=False))
    ids = frozen(scope).select("line_id").unique().with_columns(closed=pl.lit(value=True))
    return lines.join(ids, on="line_id", how="left").with_columns(
        pl.col("closed").fill_null(value=False)
    )


def frozen(scope: Scope) -> pl.LazyFrame:
    """The rows of closed months, in the columns of `FROZEN_COLUMNS`."""
    rows = scope.book.frozen
    return pl.LazyFrame(schema=FROZEN_COLUMNS) if rows is None else rows.lazy()


def in_period(scope: Scope) -> pl.Expr:
    """Whether a line is issued in a reported month."""
    return pl.col("month").is_between(scope.period.first, scope.period.end - 1)


def credited_codes(scope: Scope) -> pl.LazyFrame:
    """The customers who have credits: `code`."""
    return history(scope).filter(pl.col("amount") < 0).select("code")
