"""What is behind a figure or a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution, metrics
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def explain_metric(
    request: Request,
    name: str,
    period: str | None = None,
    customer: str | None = None,
    *,
    flat: bool = False,
) -> Report:
    """A metric's formula with the numbers in it, the ledger rows and the source rows behind it.

    Args:
        request: what to read.
        name: the metric.
        period: a month, quarter or year; default: the last month reported.
        customer: only the rows of this one.
        flat: all of it in one table.
    """
    with opened(request) as scope:
        require_lines(scope)
        if flat:
            tables = [metrics.trace_table(scope, name, period, customer)]
        else:
            tables = metrics.explain_tables(scope, name, period, customer)
        return finished("explain", scope, tables)


def explain_line(request: Request, line_id: str) -> Report:
    """How one invoice line was split: parts, rules, weights, evidence, and the rules that lost."""
    with opened(request) as scope:
        require_lines(scope)
        return finished("explain", scope, [attribution.explain_line(scope, line_id)])
