"""One cell: numbers as exact numbers, days as days, text as text whatever it looks like."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clv_cli.glossary import Kind
from clv_cli.harmless import safe_text
from clv_cli.money import to_decimal
from clv_cli.render.workbook.styles import NOTE, POINTS

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from clv_cli.render.workbook.styles import Styles
    from clv_cli.results import Column

# A cell is a double and a text at most this long; more digits, or characters, do not fit.
DIGITS = 15
CHARACTERS = 32_767
FIRST_YEAR = 1900


def write_text(
    sheet: Worksheet, row: int, column: int, text: str, style: Format | None = None
) -> None:
    """A text cell: never a formula, a link or markup.

    A text too long for a cell ends in an ellipsis; every other format has it whole.
    """
    safe = safe_text(text)
    if len(safe) > CHARACTERS:
        safe = safe[: CHARACTERS - 1] + "…"
    if safe.startswith("<r>") and safe.endswith("</r>"):
        # xlsxwriter takes such a text for its own rich text and would write it unescaped.
        parts = ["<", "r", safe[2:], *([style] if style else [])]
        sheet.write_rich_string(row, column, *parts)
    else:
        sheet.write_string(row, column, safe, style)


def write_number(
    sheet: Worksheet, row: int, column: int, value: Decimal, style: Format | None = None
) -> None:
    """An exact number; as text where a spreadsheet would round it."""
    if len(value.normalize().as_tuple().digits) > DIGITS:
        sheet.write_string(row, column, f"{value:f}", style)
    else:
        sheet.write_number(row, column, value, style)


def write_cell(
    sheet: Worksheet, place: tuple[int, int], column: Column, row: dict[str, Any], styles: Styles
) -> None:
    """One cell of a table; no value leaves it empty.

    Args:
        sheet: to write to.
        place: its row and column.
        column: of the table.
        row: of the table.
        styles: of the workbook.
    """
    value = row[column.name]
    if value is None:
        return
    kind = Kind(row["kind"]) if column.kind is Kind.BY_ROW else column.kind
    if kind is Kind.MONEY:
        code = str(row[column.currency_from]) if column.currency_from else styles.currency
        amount = Decimal(value) if column.kind is Kind.BY_ROW else to_decimal(int(value), code)
        write_number(sheet, *place, amount, styles.number(kind, currency=code))
    elif kind is Kind.MONTH:
        day = date(int(value) // 12, int(value) % 12 + 1, 1)
        sheet.write_datetime(*place, day, styles.number(kind))
    elif kind is Kind.DATE and isinstance(value, date) and value.year >= FIRST_YEAR:
        sheet.write_datetime(*place, value, styles.number(kind))
    elif kind in {Kind.TEXT, Kind.DATE}:
        write_text(sheet, *place, column.labels.get(str(value), str(value)))
    else:
        points = kind is Kind.CHANGE and row.get("kind") == Kind.RATIO
        style = styles.of(POINTS) if points else styles.number(kind)
        write_number(sheet, *place, _rounded(value), style)


def write_note(sheet: Worksheet, row: int, text: str, styles: Styles) -> None:
    """A sentence under a table."""
    write_text(sheet, row, 0, text, styles.of(NOTE))


def _rounded(value: object) -> Decimal:
    """A count as it is, a statistic with the digits of the other formats for machines."""
    if isinstance(value, float):
        return Decimal(str(round(value, 6)))
    return Decimal(str(value))
