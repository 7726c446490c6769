"""A sheet a table: frozen headings, all columns, totals as formulas, notes below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clv_cli.errors import UsageError
from clv_cli.glossary import Kind
from clv_cli.harmless import safe_text
from clv_cli.money import to_decimal
from clv_cli.render.formats import NUMBERS, human
from clv_cli.render.layout import reason_lines
from clv_cli.render.widths import display_width
from clv_cli.render.workbook.cells import write_cell, write_note, write_text
from clv_cli.render.workbook.styles import HEAD, NUMBER_HEAD, TOTAL, for_print

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

    from clv_cli.render.workbook.styles import Styles
    from clv_cli.results import Column, Result

# Rows of one sheet: more are slow to open, and go to a Parquet file beside the workbook.
MAX_ROWS = 100_000
# Widths are judged by the first rows and kept within what a screen shows.
SAMPLE, NARROW, WIDE = 200, 9, 48
NAME_LENGTH = 31
SHEET_NAMES = {
    "kpis": "Key figures",
    "mrr_movements": "MRR movements",
    "cac_by_channel": "CAC by channel",
    "split_by_line": "Split lines",
    "split_by_rule": "Rules",
    "reconciliation": "Lines to revenue",
    "findings": "All findings",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A written table, for formulas over it.

    Args:
        name: of the sheet.
        result: the table.
        rows: how many are there; None when they are in another file.
    """

    name: str
    result: Result
    rows: int | None

    def range_of(self, column: str) -> str:
        """The cells of a column: `'Split lines'!$S$2:$S$901`."""
        from xlsxwriter.utility import xl_col_to_name

        letter = xl_col_to_name([c.name for c in columns_of(self.result)].index(column))
        return f"'{self.name}'!${letter}$2:${letter}${(self.rows or 1) + 1}"


def columns_of(result: Result) -> list[Column]:
    """The columns of a sheet: all but series, which have no cell."""
    return [column for column in result.table.columns if column.kind is not Kind.SERIES]


def too_long(result: Result) -> bool:
    """Whether a table has more rows than a sheet takes."""
    return result.rows.frame.height > MAX_ROWS


def write_sheet(
    book: Workbook, result: Result, styles: Styles, elsewhere: Mapping[str, str]
) -> Sheet:
    """Write a table to a sheet of its own.

    Args:
        book: the workbook.
        result: the table.
        styles: of the workbook.
        elsewhere: the files that hold tables too long for a sheet.

    Raises:
        UsageError: the table is too long, and no file holds it.
    """
    name = _sheet_name(book, result.table.name)
    sheet = book.add_worksheet(name)
    if too_long(result):
        _point_elsewhere(sheet, result, styles, elsewhere)
        return Sheet(name, result, None)
    columns, rows = columns_of(result), result.records()
    for at, column in enumerate(columns):
        sheet.set_column(at, at, _width(column, rows[:SAMPLE], styles.currency))
        head = NUMBER_HEAD if column.kind in NUMBERS else HEAD
        write_text(sheet, 0, at, column.heading, styles.of(head))
    for_print(sheet)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    for line, row in enumerate(rows, start=1):
        for at, column in enumerate(columns):
            write_cell(sheet, (line, at), column, row, styles)
    written = Sheet(name, result, len(rows))
    below = _write_totals(sheet, written, styles) if rows else 2
    notes = [*result.lead, *reason_lines(result, styles.currency), *result.rows.notes]
    for at, text in enumerate(notes, start=below + 1):
        write_note(sheet, at, text, styles)
    return written


def _point_elsewhere(
    sheet: Worksheet, result: Result, styles: Styles, elsewhere: Mapping[str, str]
) -> None:
    table, rows = result.table.name, result.rows.frame.height
    if table not in elsewhere:
        raise UsageError(
            f"{table} has {rows:,} rows, a sheet takes {MAX_ROWS:,}",
            where="-f xlsx",
            hint="with -o FILE.xlsx it is written beside it as Parquet; or choose -f parquet",
        )
    text = f"{rows:,} rows, more than the {MAX_ROWS:,} of a sheet: they are in {elsewhere[table]}"
    write_note(sheet, 0, text, styles)


def _write_totals(sheet: Worksheet, written: Sheet, styles: Styles) -> int:
    """The line of totals, where columns add up; the row below it."""
    result, rows = written.result, written.rows or 0
    line = rows + 1
    if not result.table.totals:
        return line
    write_text(sheet, line, 0, "Total", styles.of(TOTAL))
    frame = result.rows.frame
    for at, column in enumerate(columns_of(result)):
        if column.name in result.table.totals:
            total = sum(frame[column.name].drop_nulls())
            value = to_decimal(total, styles.currency) if column.kind is Kind.MONEY else total
            formula = f"=SUM({written.range_of(column.name).rpartition('!')[2]})"
            style = styles.number(column.kind, TOTAL)
            sheet.write_formula(line, at, formula, style, value)
    return line + 1


def _width(column: Column, rows: list[dict[str, Any]], currency: str) -> int:
    """Wide enough for the first rows; headings may take several lines."""
    texts = [human(column, row, currency) for row in rows]
    words = safe_text(column.heading).split() or [""]
    needed = max(display_width(text) for text in [*texts, *words]) + 2
    # The filter's button stands beside the heading.
    beside = 2 if column.kind in NUMBERS else 1
    return min(max(needed + beside, NARROW), WIDE)


def _sheet_name(book: Workbook, table: str) -> str:
    """The table's name as words, within what a sheet may be called."""
    taken = {sheet.get_name().casefold() for sheet in book.worksheets()}
    words = SHEET_NAMES.get(table, table.replace("_", " ").capitalize())
    name, number = words[:NAME_LENGTH], 1
    while name.casefold() in taken:
        number += 1
        name = f"{words[: NAME_LENGTH - 4]} ({number})"
    return name
