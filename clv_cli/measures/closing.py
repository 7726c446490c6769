"""What a month keeps when it is closed: the lines as they were read, and as they stand in the books."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from clv_cli.frames import TABLES
from clv_cli.measures.billed_lines import billed_lines, month_index
from clv_cli.pipeline import Scope, reduction

LINES = "billing_lines"
COLUMNS = (*(field.name for field in TABLES[LINES].fields), "source", "row")


@reduction("lines_read")
def lines_read(scope: Scope) -> pl.LazyFrame:
    """All lines up to the end of the period as the exports hold them, before any correction.

    Returns:
        The columns of billing_lines, `source`, `row`, and `billed_base`: what the line is worth in minor
        units of the base currency, null where it does not count; sorted by file and row.
    """
    asked = replace(scope, book=scope.book.as_read or scope.book)
    key = ["line_id", "source", "row"]
    worth = billed_lines(asked).select(*key, billed_base="amount_base")
    lines = _until(scope, asked.book.table(LINES))
    # A file and row name a line: the join can add none.
    return (
        lines.join(worth, on=key, how="left").select(*COLUMNS, "billed_base").sort("source", "row")
    )


@reduction("lines_booked")
def lines_booked(scope: Scope) -> pl.LazyFrame:
    """The lines that stand in the books for the months of the period, sorted by file and row."""
    first = month_index(pl.col("issued_on")) >= scope.period.first
    lines = _until(scope, scope.book.table(LINES)).filter(first)
    return lines.select(COLUMNS).sort("source", "row", "line_id")


def _until(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    return lines.filter(month_index(pl.col("issued_on")) < scope.period.end)
