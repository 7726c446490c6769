"""The tables of `clv drivers`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.attribution.drivers import drivers_table
from clv_cli.attribution.effort import effort_table
from clv_cli.attribution.in_sync import in_sync_table
from clv_cli.attribution.roadblocks import roadblocks_table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Table


def driver_tables(scope: Scope) -> list[Table]:
    """What drives scores, what complaints expose, what effort costs, what initiatives changed."""
    tables = [drivers_table(scope), roadblocks_table(scope), effort_table(scope)]
    return [*tables, in_sync_table(scope)] if scope.book.has("initiatives") else tables
