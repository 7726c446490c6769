"""JSONL: one table, a JSON object a row, for `jq`, DuckDB and warehouses; cells as in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError
from clv_cli.harmless import json_safe
from clv_cli.render.formats import machine

if TYPE_CHECKING:
    from clv_cli.render.layout import View
    from clv_cli.results import Report


def render(report: Report, view: View) -> str:
    """The chosen table, or the first one, as JSONL: money as decimal text, a ratio a number.

    Raises:
        UsageError: more than one table was asked for.
    """
    chosen = view.choose(report.results)
    if view.tables and len(chosen) > 1:
        raise UsageError("JSONL holds one table", hint="name one with --table, or use -f json")
    result = chosen[0]
    lines = (
        {column.name: machine(column, row, report.currency) for column in result.table.columns}
        for row in result.records()
    )
    return "".join(json_safe(json.dumps(line, ensure_ascii=False)) + "\n" for line in lines)
