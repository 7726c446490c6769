"""CSV: one table, raw numbers, UTF-8 without a mark, line feeds.

The cells are made by polars, column by column: a line export may hold millions of rows. Text that a
spreadsheet would take for a formula gets an apostrophe, hidden characters are written out; `--raw` leaves
both as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import UsageError
from clv_cli.glossary import Kind
from clv_cli.harmless import FORMULA, HIDDEN, spreadsheet
from clv_cli.money import exponent
from clv_cli.render.formats import RATIO_DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.render.layout import View
    from clv_cli.results import Column, Report

FLOATS = {Kind.RATIO, Kind.FACTOR, Kind.MONTHS, Kind.DAYS, Kind.SCORE, Kind.CHANGE}


def render(report: Report, view: View) -> str:
    """The chosen table, or the first one, as CSV; a series column is left to the other formats.

    Raises:
        UsageError: more than one table was asked for.
    """
    chosen = view.choose(report.results)
    if view.tables and len(chosen) > 1:
        raise UsageError("CSV holds one table", hint="name one with --table, or use -f json")
    result = chosen[0]
    columns = [c for c in result.table.columns if c.kind is not Kind.SERIES]
    frame = result.rows.frame
    cells = frame.select(cell_text(column, frame, report.currency) for column in columns)
    if not view.raw:
        cells = cells.with_columns(_harmless(cells[name]) for name in _texts(columns, frame))
    return cells.write_csv()


def altered(report: Report, view: View) -> str | None:
    """Which columns got apostrophes or written-out characters, as a note; None when none did."""
    result = view.choose(report.results)[0]
    frame = result.rows.frame
    texts = _texts(result.table.columns, frame)
    hit = [name for name in texts if (frame[name] != _harmless(frame[name])).any()]
    if view.raw or not hit:
        return None
    return (
        f"note: texts that a spreadsheet would run were changed in {', '.join(hit)} "
        "(an apostrophe before a formula, control characters written out); --raw leaves them"
    )


def _texts(columns: Sequence[Column], frame: pl.DataFrame) -> list[str]:
    kinds = {Kind.TEXT, Kind.BY_ROW}
    return [c.name for c in columns if c.kind in kinds and frame[c.name].dtype == pl.String]


def _harmless(column: pl.Series) -> pl.Series:
    """The column with its few suspicious texts replaced, each looked at once."""
    texts = column.filter(column.str.contains(f"{FORMULA}|{HIDDEN}")).unique()
    if texts.is_empty():
        return column
    safe = pl.Series([spreadsheet(text) for text in texts], dtype=pl.String)
    return column.replace(texts, safe)


def cell_text(column: Column, frame: pl.DataFrame, currency: str) -> pl.Expr:
    """A column as machines read it: money and months as text, the rest as it is."""
    value = pl.col(column.name)
    if column.kind is Kind.MONEY:
        return _money(column, frame, currency)
    if column.kind is Kind.MONTH:
        year, month = value // 12, value % 12 + 1
        return pl.format("{}-{}", year, month.cast(pl.String).str.zfill(2)).alias(column.name)
    if column.kind in FLOATS:
        return value.cast(pl.Float64).round(RATIO_DIGITS)
    return value


def _money(column: Column, frame: pl.DataFrame, currency: str) -> pl.Expr:
    """Minor units as decimal text with each currency's digits."""
    if column.currency_from is None:
        return _decimal_text(column.name, exponent(currency)).alias(column.name)
    text: pl.Expr = pl.lit(None, pl.String)
    for code in sorted(set(frame[column.currency_from].drop_nulls())):
        mine = pl.col(column.currency_from) == code
        text = pl.when(mine).then(_decimal_text(column.name, exponent(code))).otherwise(text)
    return text.alias(column.name)


def _decimal_text(name: str, digits: int) -> pl.Expr:
    value = pl.col(name).cast(pl.Int64)
    if digits == 0:
        return value.cast(pl.String)
    unit = 10**digits
    sign = pl.when(value < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = (value.abs() // unit).cast(pl.String)
    return pl.concat_str(
        sign, whole, pl.lit("."), (value.abs() % unit).cast(pl.String).str.zfill(digits)
    )
