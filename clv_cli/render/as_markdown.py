"""Markdown: for wikis, mails and pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clv_cli.render.layout import View, closing, grid, header, notes

if TYPE_CHECKING:
    from clv_cli.render.layout import Cell
    from clv_cli.results import Report, Result


def render(report: Report, view: View) -> str:
    """The report as Markdown, a heading and a table each."""
    blocks = [f"# {escape(header(report))}"]
    blocks += [_table(result, report.currency) for result in view.choose(report.results)]
    blocks += [escape(line) for line in closing(report)]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>()#|~!$&])", r"\\\1", text)


def _table(result: Result, currency: str) -> str:
    head, *body = grid(result, currency)
    rule = "|".join(["", *("--:" if cell.number else "---" for cell in head), ""])
    lines = [f"## {escape(result.table.title)}", ""]
    lines += [line for text in result.lead for line in (escape(text), "")]
    lines += [_line(head), rule]
    lines += [_line(row) for row in body]
    under = notes(result, currency)
    return "\n".join([*lines, *([""] if under else []), *(f"- {escape(note)}" for note in under)])


def _line(row: list[Cell]) -> str:
    return "| " + " | ".join(escape(cell.text.strip()) for cell in row) + " |"
