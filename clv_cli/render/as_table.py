"""Rich tables for a terminal. Numbers are never cut: a table too wide drops its sparklines first."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from clv_cli.harmless import safe_text
from clv_cli.render.layout import closing, grid, header, notes, opening
from clv_cli.render.widths import display_width

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

    from clv_cli.render.layout import Cell, View
    from clv_cli.results import Report, Result

DEFAULT_WIDTH = 100


def render(report: Report, view: View) -> str:
    """The report with rich tables, for a terminal of the view's width."""
    from rich.console import Console

    width = view.width or DEFAULT_WIDTH
    tables = [_table(result, report.currency, width) for result in view.choose(report.results)]
    console = Console(
        file=io.StringIO(),
        width=max([width, *(needed for _, needed in tables)]),
        force_terminal=view.color,
        color_system="standard" if view.color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_text(header(report), "bold"))
    for (table, _), result in zip(tables, view.choose(report.results), strict=True):
        console.print()
        title, *lead = opening(result)
        console.print(_text(f" {title}", "bold"))
        for line in lead:
            console.print(_text(f"   {line}"))
        console.print(table)
        for line in notes(result, report.currency):
            console.print(_text(f" {line}", "dim"))
    console.print()
    for line in closing(report):
        style = "red" if line.startswith(("DOES NOT", "error")) else ""
        console.print(_text(line, style))
    output = console.file
    assert isinstance(output, io.StringIO)  # noqa: S101 - made above
    lines = [line.rstrip() for line in output.getvalue().split("\n")]
    return "\n".join(lines)


def _table(result: Result, currency: str, width: int) -> tuple[RichTable, int]:
    """The rich table and the columns it needs; optional columns give way when it is too wide."""
    rows = grid(result, currency)
    widths = [max(display_width(row[i].text) for row in rows) for i in range(len(rows[0]))]
    keep = list(range(len(widths)))
    optional = sorted((i for i in keep if rows[0][i].rank), key=lambda i: -rows[0][i].rank)
    for index in optional:
        if _needed([widths[i] for i in keep]) > width:
            keep.remove(index)
    if _needed([widths[i] for i in keep]) > width:
        rows, widths = _broken_heads(rows, widths)
    # A column of names may break its lines; one that holds a number or a month may not.
    rigid = [any(row[i].rigid for row in rows[1:]) or rows[0][i].rigid for i in keep]
    table = _empty_table([rows[0][i] for i in keep], rigid)
    for row in rows[1:]:
        table.add_row(*(_styled(row[i]) for i in keep))
    flexible = 12
    return table, _needed(
        [
            widths[i] if fixed else min(widths[i], flexible)
            for i, fixed in zip(keep, rigid, strict=True)
        ]
    )


def _broken_heads(rows: list[list[Cell]], widths: list[int]) -> tuple[list[list[Cell]], list[int]]:
    """The headings with one word a line, and the widths that the columns then need."""
    head = [replace(cell, text=cell.text.replace(" ", "\n")) for cell in rows[0]]
    words = [max(map(display_width, cell.text.split("\n"))) for cell in head]
    cells = [max([0, *(display_width(row[i].text) for row in rows[1:])]) for i in range(len(head))]
    return [head, *rows[1:]], [
        max(word, cell) if old else 0 for word, cell, old in zip(words, cells, widths, strict=True)
    ]


def _empty_table(head: list[Cell], rigid: list[bool]) -> RichTable:
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=True, show_edge=False, header_style="")
    for cell, fixed in zip(head, rigid, strict=True):
        justify: Literal["right", "left"] = "right" if cell.number else "left"
        table.add_column(_text(cell.text), justify=justify, no_wrap=fixed, overflow="fold")
    return table


def _styled(cell: Cell) -> Text:
    """The cell as rich text; a change in the bad direction in red."""
    return _text(cell.text, "red" if cell.number and cell.text.endswith("!") else "")


def _text(text: str, style: str = "") -> Text:
    """The only way to rich: no markup, no emoji, no escape; line breaks are ours."""
    from rich.text import Text

    return Text("\n".join(safe_text(line) for line in text.split("\n")), style=style)


def _needed(widths: list[int]) -> int:
    # A blank on each side of a column, and the box draws one more between two.
    return sum(widths) + 3 * len(widths) - 1
