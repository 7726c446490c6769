"""What moves customers' scores, and what complaints and initiatives mean in revenue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def drivers(request: Request) -> Report:
    """Key drivers of scores, roadblocks, CS effort by product, and what initiatives changed."""
    with opened(request) as scope:
        require_lines(scope)
        return finished("drivers", scope, attribution.driver_tables(scope))
