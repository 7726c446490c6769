"""What the text renderers share: a report's header, its cells and its closing lines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from clv_cli.glossary import Kind
from clv_cli.harmless import safe_text
from clv_cli.money import NO_CURRENCY, to_decimal
from clv_cli.render.formats import NUMBERS, bar, human

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Finding
    from clv_cli.results import Check, Column, Report, Result

MAX_FINDINGS = 5


@dataclass(frozen=True, slots=True)
class View:
    """How the reader wants to see it.

    Args:
        tables: names of the tables to show; empty: all.
        width: columns of the terminal; None: as wide as the content.
        color: whether colour escapes may be written.
        raw: whether CSV keeps text cells as they are, formulas and control characters included.
        elsewhere: for tables too long for a sheet, the files that hold them.
    """

    tables: tuple[str, ...] = ()
    width: int | None = None
    color: bool = False
    raw: bool = False
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def choose(self, results: Sequence[Result]) -> list[Result]:
        """The results to show, in the report's order."""
        return [r for r in results if not self.tables or r.table.name in self.tables]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell's text as people read it.

    Args:
        text: printable, in one line.
        number: aligned right.
        rigid: never cut nor broken: numbers, months, days.
        rank: how early it gives way when a table is too wide; 0: never.
    """

    text: str
    number: bool = False
    rigid: bool = False
    rank: int = 0


def header(report: Report) -> str:
    """`clv report   Harbour Analytics   as of 2026-10-31   2025-11..2026-10   USD`."""
    parts = [f"clv {report.command}", safe_text(report.company)]
    if report.as_of:
        parts.append(f"as of {report.as_of.isoformat()}")
    if report.period:
        parts.append(report.period_text)
    parts.append("" if report.currency == NO_CURRENCY else report.currency)
    return "   ".join(part for part in parts if part)


def opening(result: Result) -> list[str]:
    """A table's title, and the sentences between it and the rows."""
    return [safe_text(text) for text in (result.table.title, *result.lead)]


def grid(result: Result, currency: str, *, exact: bool = False) -> list[list[Cell]]:
    """A table as people see it, its headings first; all rows have the same columns.

    Args:
        result: the table.
        currency: of its money.
        exact: whether large money keeps its cents.
    """
    rows = [_headings(result)]
    columns = [replace(c, whole=c.whole and not exact) for c in result.seen]
    for row in seen_records(result):
        line: list[Cell] = []
        for column in columns:
            line.append(_cell(column, human(column, row, currency)))
            if column.bar:
                line.append(_bar(bar(float(row[column.name] or 0))))
        rows.append(line)
    if not result.table.sideways:
        return rows
    head, *body = (list(turned) for turned in zip(*rows, strict=True))
    # Above figures, headings stand to the right as they do.
    head = [head[0], *(replace(cell, number=True) for cell in head[1:])]
    return [head, *([replace(row[0], number=False), *row[1:]] for row in body)]


def _headings(result: Result) -> list[Cell]:
    line: list[Cell] = []
    for column in result.seen:
        line.append(_cell(column, safe_text(column.heading)))
        if column.bar:
            line.append(_bar(""))
    return line


def _cell(column: Column, text: str) -> Cell:
    number = column.kind in NUMBERS
    rank = {Kind.SERIES: 1}.get(column.kind, 2 if column.name == "window" else 0)
    rigid = number or column.rigid or column.kind in {Kind.MONTH, Kind.DATE, Kind.SERIES}
    return Cell(text, number, rigid, rank)


def _bar(text: str) -> Cell:
    return Cell(text, rigid=True, rank=3)


def seen_records(result: Result) -> list[dict[str, Any]]:
    """The rows that people see: the first or last few of a long table."""
    records, limit = result.records(), result.table.people_rows
    if result.rows.people_rows is not None:
        limit = result.rows.people_rows
    if limit is None:
        return records
    return records[:limit] if limit >= 0 else records[limit:]


def notes(result: Result, currency: str) -> list[str]:
    """What stands under a table: missing values, rows not shown, remarks."""
    lines = [f"({line})" for line in reason_lines(result, currency)]
    if result.rows.frame.is_empty():
        lines.append("(none)")
    hidden = result.rows.frame.height - len(seen_records(result))
    if hidden:
        lines.append(f"(+{hidden:,} more rows: --table {result.table.name} -f csv)")
    return lines + [safe_text(note) for note in result.rows.notes]


def reason_lines(result: Result, currency: str) -> list[str]:
    """`CLV: only 3 customers lost in 12 months`, for every value that is missing for a reason."""
    records = result.records() if result.rows.reasons else []
    first = result.table.columns[0]
    names = _naming(result)
    lines = []
    for index, column, reason in result.rows.reasons:
        label = " ".join(human(name, records[index], currency) for name in names)
        about = "" if column in {"value", first.name} else f", {column}"
        lines.append(f"{label}{about}: {safe_text(reason)}")
    return list(dict.fromkeys(lines))


def _naming(result: Result) -> list[Column]:
    """The first columns, which say what a row is about: at most two texts or months."""
    head = result.seen[:2]
    naming = {Kind.TEXT, Kind.MONTH, Kind.DATE}
    return [head[0], *(column for column in head[1:] if column.kind in naming and column.rigid)]


def closing(report: Report) -> list[str]:
    """What stands under the tables: reconciliations, findings, notes."""
    lines = [check_line(check, report.currency) for check in report.checks]
    lines += finding_lines(report.findings)
    lines += [safe_text(note) for note in report.notes]
    return lines


def check_line(check: Check, currency: str) -> str:
    """`Reconciles: billed 7,412,903.18 = split 7,412,903.18 (difference 0.00)`."""
    left, right, difference = (
        f"{to_decimal(value, currency):,f}" for value in (check.left, check.right, check.difference)
    )
    verdict = "Reconciles" if check.ok else "DOES NOT RECONCILE"
    name_left, _, name_right = check.text.partition(" = ")
    return safe_text(
        f"{verdict}: {name_left} {left} = {name_right} {right} (difference {difference})"
    )


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """The most serious findings, each with its remedy, and how to see the others."""
    serious = [f for f in findings if f.severity != "note"]
    lines = [finding_line(finding) for finding in serious[:MAX_FINDINGS]]
    if len(serious) > MAX_FINDINGS:
        more = len(serious) - MAX_FINDINGS
        lines.append(f"(+{more} more findings; all of them: clv check)")
    return lines


def finding_line(finding: Finding) -> str:
    """`warning: file:row: message (remedy)`."""
    place = ":".join(str(p) for p in (finding.source, finding.row) if p is not None)
    remedy = f" ({finding.remedy})" if finding.remedy else ""
    return safe_text(
        f"{finding.severity}: {place + ': ' if place else ''}{finding.message}{remedy}"
    )
