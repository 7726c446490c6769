"""Rich tables for a terminal. Numbers are never cut: a table too wide drops its sparklines first."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.render.formats import is_bad
from clv_cli.render.layout import View, cells, closing, header, headings, notes, seen_records
from clv_cli.render.widths import display_width

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

    from clv_cli.render.layout import Cell
    from clv_cli.results import Report, Result

DEFAULT_WIDTH = 100


def render(report: Report, view: View) -> str:
    """The report with rich tables, for a terminal of the view's width."""
    from rich.console import Console
    from rich.text import Text

    width = view.width or DEFAULT_WIDTH
    tables = [_table(result, report.currency, width) for result in view.choose(report.results)]
    console = Console(
        file=io.StringIO(),
        width=max([width, *(needed for _, needed in tables)]),
        force_terminal=view.color,
        color_system="standard" if view.color else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(Text(header(report), style="bold"))
    for (table, _), result in zip(tables, view.choose(report.results), strict=True):
        console.print()
        console.print(Text(f" {result.table.title}", style="bold"))
        console.print(table)
        for line in notes(result):
            console.print(Text(f" {line}", style="dim"), soft_wrap=True)
    console.print()
    for line in closing(report):
        style = "red" if line.startswith(("DOES NOT", "error")) else ""
        console.print(Text(line, style=style), soft_wrap=True)
    output = console.file
    assert isinstance(output, io.StringIO)  # noqa: S101 - made above
    lines = [line.rstrip() for line in output.getvalue().split("\n")]
    return "\n".join(lines)


def _table(result: Result, currency: str, width: int) -> tuple[RichTable, int]:
    """The rich table and the columns it needs; optional columns give way when it is too wide."""
    head, body = headings(result.seen), cells(result, currency)
    widths = [max(display_width(row[i].text) for row in [head, *body]) for i in range(len(head))]
    keep = list(range(len(head)))
    for index in _optional(result):
        if _needed([widths[i] for i in keep]) > width:
            keep.remove(index)
    table = _empty_table([head[i] for i in keep])
    for row, record in zip(body, seen_records(result), strict=True):
        table.add_row(*(_styled(row[i], record) for i in keep))
    return table, _needed([widths[i] for i in keep if head[i].number or i == 0])


def _empty_table(head: list[Cell]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=True, show_edge=False, header_style="")
    for cell in head:
        table.add_column(
            Text(cell.text),
            justify="right" if cell.number else "left",
            no_wrap=cell.number,
            overflow="fold",
        )
    return table


def _styled(cell: Cell, record: dict[str, object]) -> Text:
    """The cell as rich text (no markup is read); a bad change in red, beside its `!`."""
    from rich.text import Text

    change = record.get("change")
    bad = cell.text.endswith("!") and isinstance(change, float) and is_bad(change, record)
    return Text(cell.text, style="red" if bad else "")


def _optional(result: Result) -> list[int]:
    """Positions that may be dropped: bars, sparklines, windows and reasons, in that order."""
    positions: list[tuple[int, int]] = []
    position = 0
    for column in result.seen:
        if column.kind is Kind.SERIES:
            positions.append((2, position))
        if column.name == "window":
            positions.append((1, position))
        position += 1
        if column.bar:
            positions.append((0, position))
            position += 1
    return [index for _, index in sorted(positions)]


def _needed(widths: list[int]) -> int:
    return sum(widths) + 2 * len(widths) + 2
