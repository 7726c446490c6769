"""Aligned text without boxes or colour: what a pipe, a mail or a log gets. Nothing is ever cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.render.layout import Cell, View, closing, grid, header, notes, opening
from clv_cli.render.widths import display_width

if TYPE_CHECKING:
    from clv_cli.results import Report, Result


def render(report: Report, view: View) -> str:
    """The report as plain text, as wide as its content."""
    blocks = [header(report)]
    blocks += [_table(result, report.currency) for result in view.choose(report.results)]
    if last := closing(report):
        blocks.append("\n".join(last))
    return "\n\n".join(blocks) + "\n"


def _table(result: Result, currency: str) -> str:
    body = grid(result, currency)
    widths = [max(display_width(row[i].text) for row in body) for i in range(len(body[0]))]
    title, *lead = opening(result)
    lines = [title, *(f"  {text}" for text in lead)]
    lines += [_line(row, widths) for row in body]
    return "\n".join([*lines, *notes(result, currency)])


def _line(row: list[Cell], widths: list[int]) -> str:
    padded = []
    for cell, width in zip(row, widths, strict=True):
        blank = " " * (width - display_width(cell.text))
        padded.append(blank + cell.text if cell.number else cell.text + blank)
    return "  ".join(padded).rstrip()
