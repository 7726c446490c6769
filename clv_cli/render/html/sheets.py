"""A table of a result as the page shows it: as many rows as can be read, numbers whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.render.charts.drawing import Sheet
from clv_cli.render.formats import NUMBERS, human
from clv_cli.render.layout import Cell, reason_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.results import Column, Result

MOST_ROWS = 100
FEW_ROWS = 4  # of a table whose rows people see as columns


def sheet_of(result: Result, currency: str, columns: Sequence[Column] = ()) -> Sheet:
    """A table's first rows as texts.

    Args:
        result: the table.
        currency: the report's.
        columns: which; default: those that people see. Sparklines are for tiles.
    """
    shown = [c for c in columns or result.seen if c.kind is not Kind.SERIES]
    heads = [Cell(column.heading, column.kind in NUMBERS) for column in shown]
    rows = [
        [Cell(human(column, row, currency).strip(), column.kind in NUMBERS) for column in shown]
        for row in result.records(_most(result))
    ]
    if result.table.sideways and 0 < len(rows) <= FEW_ROWS:
        heads, *rows = (list(turned) for turned in zip(heads, *rows, strict=True))
    return Sheet(tuple(heads), tuple(tuple(row) for row in rows))


def _most(result: Result) -> int:
    """How many rows a page shows: what the table itself would have people see, if it says so."""
    wanted = result.rows.people_rows
    return MOST_ROWS if wanted is None or wanted < 0 else min(wanted, MOST_ROWS)


def remarks(result: Result, currency: str) -> list[str]:
    """What stands under a table: why values are missing, how many rows are not shown, its notes."""
    lines = list(reason_lines(result, currency))
    if (hidden := result.rows.frame.height - _most(result)) > 0:
        lines.append(f"{hidden:,} more rows: --table {result.table.name} -f csv")
    return [*lines, *result.rows.notes]
