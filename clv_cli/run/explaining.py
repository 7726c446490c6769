"""What is behind a figure or a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution, metrics
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def explain_metric(request: Request, name: str, month: str | None) -> Report:
    """A metric's formula with the numbers in it, the customers and the source rows behind it."""
    with opened(request) as scope:
        require_lines(scope)
        return finished("explain", scope, metrics.explain_tables(scope, name, month))


def explain_line(request: Request, line_id: str) -> Report:
    """How one invoice line was split: parts, rules, weights, evidence, and the rules that lost."""
    with opened(request) as scope:
        require_lines(scope)
        return finished("explain", scope, [attribution.explain_line(scope, line_id)])
