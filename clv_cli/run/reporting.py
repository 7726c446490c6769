"""The main job, metrics by month, and the account of every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution, metrics, moments
from clv_cli.run.beside import beside, load_models
from clv_cli.run.conventions import under
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines
from clv_cli.run.splitting import ledger_tables
from clv_cli.run.unchanged import unchanged
from clv_cli.sources import can_suggest, suggested_names
from clv_cli.tables import (
    formats_table,
    quarantine_table,
    replaced_table,
    skipped_table,
    source_sums_table,
    sources_table,
    statuses_table,
    suggestions_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope
    from clv_cli.results import Report, Table
    from clv_cli.run.beside import Meanwhile
    from clv_cli.run.opening import Request


def report(
    request: Request,
    command: str = "report",
    *,
    ledgers: bool = False,
    modelled: bool = False,
    meanwhile: Meanwhile | None = None,
) -> Report:
    """The main job: figures, movements, retention, cohorts, the split and its evidence, all tied.

    Args:
        request: what to read.
        command: what was asked.
        ledgers: whether the split line by line and by rule come with it, for a workbook.
        modelled: whether customers' values and the forecast come with it, for a page; fits the models.
        meanwhile: what is done for the output beside the computing; nothing where the report is known.
    """

    def compute() -> Report:
        with opened(request) as scope:
            require_lines(scope)
            tables = report_tables(scope, ledgers=ledgers, modelled=modelled)
            work = [*[load_models] * modelled, *([meanwhile.prepare] if meanwhile else [])]
            told = meanwhile.told if meanwhile else None
            beside(*work)
            return finished(command, scope, tables, [metrics.noticed(scope)], told)

    # Ledgers are as long as the exports: to keep them would be to keep those.
    return compute() if ledgers else unchanged(request, (command, modelled), compute)


def report_tables(scope: Scope, *, ledgers: bool = False, modelled: bool = False) -> list[Table]:
    """The tables of the main job, in their order; ledgers, and what models say, where wanted."""
    return [
        metrics.kpi_table(scope),
        metrics.mrr_movements_table(scope),
        metrics.retention_table(),
        metrics.cohort_tables(scope)[0],
        *([metrics.cac_by_channel_table(scope)] if scope.book.has("spend") else []),
        *attribution.split_tables(scope),
        attribution.split_claims_table(scope),
        attribution.split_by_table(scope, "rule"),
        *attribution.evidence_tables(scope),
        *(ledger_tables(scope, {"rule"}) if ledgers else ()),
        *(metrics.customers_tables(scope, "value", None, None)[:2] if modelled else ()),
        moments.report_moments_table(scope),
        metrics.reconciliation_table(scope),
        *metrics.matching_tables(scope)[:1],
        *(_ahead(scope) if modelled else ()),
        sources_table(scope),
    ]


def _ahead(scope: Scope) -> list[Table]:
    """The forecast, where the history can say how wrong it would have been."""
    from clv_cli.planning.forecast_tables import (  # noqa: PLC0415 - numpy
        forecast_table,
        long_enough,
    )

    return [forecast_table(scope)] if long_enough(scope) else []


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
        return finished("metrics", scope, tables, [metrics.noticed(scope)])


def check(request: Request, *, suggest: bool = False) -> Report:
    """The account of every file: rows and money read, loaded, set aside, skipped; all findings.

    Args:
        request: what to read.
        suggest: whether to compare the names of unmatched customers with those of accounts.
    """
    with opened(request) as scope:
        tables = [
            sources_table(scope),
            formats_table(scope),
            source_sums_table(scope),
            statuses_table(scope),
            skipped_table(scope),
            replaced_table(scope),
        ]
        if scope.book.lines.rows:
            tables += [metrics.reconciliation_table(scope), *metrics.matching_tables(scope)]
        if scope.book.matches is not None and suggest:
            tables.append(_suggestions(scope))
        tables += [quarantine_table(scope), metrics.findings_table(scope)]
        return finished("check", scope, tables)


def _suggestions(scope: Scope) -> Table:
    note = "Nothing is joined by name: copy what is right into a table account_map."
    if not can_suggest():
        note = "Names are compared with the extra match: pip install 'clv-cli[match]'."
    least = scope.settings.match.suggest_score
    return suggestions_table(suggested_names(scope.book, least), note)
