"""Markdown: for wikis, mails and pull requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.harmless import markdown
from clv_cli.render.layout import View, closing, grid, header, notes, opening

if TYPE_CHECKING:
    from clv_cli.render.layout import Cell
    from clv_cli.results import Report, Result


def render(report: Report, view: View) -> str:
    """The report as Markdown, a heading and a table each."""
    blocks = [f"# {markdown(header(report))}"]
    blocks += [_table(result, report.currency) for result in view.choose(report.results)]
    blocks += [markdown(line) for line in closing(report)]
    return "\n\n".join(blocks) + "\n"


def _table(result: Result, currency: str) -> str:
    head, *body = grid(result, currency, exact=True)
    title, *lead = opening(result)
    rule = "|".join(["", *("--:" if cell.number else "---" for cell in head), ""])
    lines = [f"## {markdown(title)}", ""]
    lines += [line for text in lead for line in (markdown(text), "")]
    lines += [_line(head), rule]
    lines += [_line(row) for row in body]
    under = notes(result, currency)
    return "\n".join([*lines, *([""] if under else []), *(f"- {markdown(note)}" for note in under)])


def _line(row: list[Cell]) -> str:
    return "| " + " | ".join(markdown(cell.text, opens_line=False) for cell in row) + " |"
