"""The JSON contract `clv.result/1`: stable, versioned; its JSON Schema ships beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from clv_cli.harmless import json_safe
from clv_cli.money import to_text
from clv_cli.render.formats import machine

if TYPE_CHECKING:
    from clv_cli.frames import Finding
    from clv_cli.render.layout import View
    from clv_cli.results import Check, Report, Result

SCHEMA = "clv.result/1"


def render(report: Report, view: View) -> str:
    """The report as one JSON document."""
    return json_safe(json.dumps(document(report, view), ensure_ascii=False, indent=1)) + "\n"


def document(report: Report, view: View) -> dict[str, Any]:
    """The report as the contract's mapping."""
    return {
        "schema": SCHEMA,
        "command": report.command,
        "as_of": report.as_of.isoformat() if report.as_of else None,
        "period": [day.isoformat() for day in report.period] if report.period else None,
        "currency": report.currency,
        "tables": [_table(result, report.currency) for result in view.choose(report.results)],
        "checks": [_check(check, report.currency) for check in report.checks],
        "findings": [_finding(finding) for finding in report.findings],
        "conventions": dict(report.conventions),
        "notes": list(report.notes),
    }


def _table(result: Result, currency: str) -> dict[str, Any]:
    columns = result.table.columns
    return {
        "name": result.table.name,
        "title": result.table.title,
        "columns": [{"name": column.name, "kind": column.kind.value} for column in columns],
        "rows": [
            {column.name: machine(column, row, currency) for column in columns}
            for row in result.records()
        ],
        "reasons": [
            {"row": row, "column": column, "reason": reason}
            for row, column, reason in result.rows.reasons
        ],
        "notes": [*result.lead, *result.rows.notes],
    }


def _check(check: Check, currency: str) -> dict[str, Any]:
    return {
        "name": check.name,
        "ok": check.ok,
        "text": check.text,
        "left": to_text(check.left, currency),
        "right": to_text(check.right, currency),
        "difference": to_text(check.difference, currency),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "message": finding.message,
        "source": finding.source,
        "row": finding.row,
        "column": finding.column,
        "remedy": finding.remedy,
    }
