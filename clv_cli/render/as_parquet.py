"""Parquet: one table for a warehouse; money as exact decimals, days and counts typed.

A money column has the digits of its currencies, so that no reader has to know them; amounts of several
currencies share the widest.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError
from clv_cli.glossary import Kind
from clv_cli.money import exponent
from clv_cli.render.as_csv import cell_text

if TYPE_CHECKING:
    import polars as pl

    from clv_cli.render.layout import View
    from clv_cli.results import Column, Report

ROWS = 250_000


def render(report: Report, view: View) -> bytes:
    """The chosen table, or the first one, as Parquet; a series column is left to the other formats.

    Raises:
        UsageError: more than one table was asked for.
    """
    chosen = view.choose(report.results)
    if view.tables and len(chosen) > 1:
        raise UsageError("Parquet holds one table", hint="name one with --table, or use -f json")
    result = chosen[0]
    frame = result.rows.frame
    columns = [c for c in result.table.columns if c.kind is not Kind.SERIES]
    buffer = io.BytesIO()
    # Groups of a fixed size: same rows, same bytes.
    frame.select(_typed(column, frame, report.currency) for column in columns).write_parquet(
        buffer, compression="zstd", row_group_size=ROWS
    )
    return buffer.getvalue()


def _typed(column: Column, frame: pl.DataFrame, currency: str) -> pl.Expr:
    if column.kind is not Kind.MONEY:
        return cell_text(column, frame, currency)
    codes = {currency}
    if column.currency_from is not None:
        codes = set(frame[column.currency_from].drop_nulls()) or codes
    # Decimal text is the one way from minor units to decimals that rounds nothing.
    digits = max(exponent(code) for code in codes)
    return cell_text(column, frame, currency).str.to_decimal(scale=digits).alias(column.name)
