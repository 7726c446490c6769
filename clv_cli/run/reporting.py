"""The main job, metrics by month, and the account of every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution, metrics
from clv_cli.run.conventions import under
from clv_cli.run.finishing import finished
from clv_cli.run.noticing import findings_table, noticed
from clv_cli.run.opening import opened, require_lines
from clv_cli.tables import quarantine_table, source_sums_table, sources_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.results import Report, Table
    from clv_cli.run.opening import Request


def report(request: Request, command: str = "report") -> Report:
    """The main job: figures, movements, retention, split, reconciliation, sources and findings."""
    with opened(request) as scope:
        require_lines(scope)
        tables: list[Table] = [
            metrics.kpi_table(scope),
            metrics.mrr_movements_table(scope),
            metrics.retention_table(),
            *([metrics.cac_by_channel_table(scope)] if scope.book.has("spend") else []),
            *attribution.split_tables(scope),
            metrics.reconciliation_table(scope),
            sources_table(scope),
        ]
        return finished(command, scope, tables, [noticed(scope)])


def metrics_by_month(
    request: Request,
    names: Sequence[str],
    convention: str | None = None,
    grain: str = "month",
    by: str | None = None,
) -> Report:
    """Some metrics by month, quarter or year, whole or by segment, plan, channel or country.

    Args:
        request: what to read.
        names: metrics by id, alias or title; default: the main ones.
        convention: a vendor's rules to count by; None for the config's.
        grain: month, quarter or year.
        by: what customers are cut by; None for all.
    """
    metrics.chosen(names)  # a typo is told before anything is read
    metrics.dimension_named(by)
    with opened(request) as configured:
        require_lines(configured)
        scope = configured if convention is None else under(configured, convention)
        tables = metrics.metrics_tables(names, grain, by)
        return finished("metrics", scope, tables, [noticed(scope)])


def check(request: Request) -> Report:
    """The account of every file: rows and money read, loaded, set aside, skipped; all findings."""
    with opened(request) as scope:
        tables = [
            sources_table(scope),
            source_sums_table(scope),
            quarantine_table(scope),
            findings_table(scope),
        ]
        if scope.book.lines.rows:
            tables.insert(2, metrics.reconciliation_table(scope))
        return finished("check", scope, tables)
