"""XLSX: a workbook for finance, whose sums and differences are live formulas; same report, same bytes."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from clv_cli.render.workbook.sheets import write_sheet
from clv_cli.render.workbook.styles import Styles
from clv_cli.render.workbook.summary import (
    write_conventions,
    write_findings,
    write_reconciliation,
    write_summary,
)

if TYPE_CHECKING:
    from clv_cli.render.layout import View
    from clv_cli.results import Report

# What a spreadsheet would make of a text by itself: nothing.
OPTIONS = {
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "in_memory": True,
}
# No clock: the time of writing would make every night's bytes differ.
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def render(report: Report, view: View) -> bytes:
    """The chosen tables as sheets, between a summary and the reconciliation, findings, conventions.

    Raises:
        UsageError: a table has more rows than a sheet takes, and no file is there for it.
    """
    from xlsxwriter import Workbook

    buffer = io.BytesIO()
    book = Workbook(buffer, OPTIONS)
    book.set_properties({"created": CREATED, "title": f"clv {report.command}"})
    styles = Styles(book, report.currency)
    summary = book.add_worksheet("Summary")
    sheets = [
        write_sheet(book, result, styles, view.elsewhere) for result in view.choose(report.results)
    ]
    write_summary(summary, report, sheets, styles)
    if report.checks:
        write_reconciliation(book.add_worksheet("Reconciliation"), report, sheets, styles)
    write_findings(book.add_worksheet("Findings"), report, styles)
    if report.conventions:
        write_conventions(book.add_worksheet("Conventions"), report, styles)
    book.close()
    return buffer.getvalue()
