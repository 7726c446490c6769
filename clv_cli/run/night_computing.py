"""The figures of a night: one pass over the lines for the report, history and thresholds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from clv_cli import metrics
from clv_cli.history import Figure, Night
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.periods import parse_month
from clv_cli.run.alerts import judged
from clv_cli.run.finishing import conventions, finished
from clv_cli.run.night_inputs import compared_flags, inputs_of_book, stale_flags
from clv_cli.run.night_report import Compared
from clv_cli.run.opening import opened, require_lines
from clv_cli.run.reporting import report_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from clv_cli.history import Flag, Run
    from clv_cli.results import Report, Result
    from clv_cli.run.opening import Request
    from clv_cli.settings import Settings
    from clv_cli.sources import Content

KEPT = (*metrics.KPIS, *MOVEMENTS)


def rules_hash(settings: Settings) -> str:
    """A hash of the settings that shape figures."""
    rules = conventions(settings, measured=True)
    return hashlib.sha256(repr(sorted(rules.items())).encode()).hexdigest()


def night_computed(
    request: Request, settings: Settings, key: Run, found: Mapping[str, Content]
) -> tuple[Report, Night]:
    """The report of a night, and the night without its flags.

    Args:
        request: what to read.
        settings: the config.
        key: what is known of the run already.
        found: the exports as they were hashed.

    Raises:
        DataError: the data cannot be trusted, or their books do not tie.
    """
    names = settings.nightly.kept_metrics(settings.alerts, KEPT)
    with opened(request) as scope:
        require_lines(scope)
        tables = [*report_tables(scope), metrics.metrics_tables(names)[1]]
        whole = finished("report", scope, tables, [metrics.noticed(scope)])
        inputs = inputs_of_book(scope.book.sources, found)
        run = replace(key, as_of=scope.as_of.isoformat(), currency=scope.currency)
    report = replace(whole, results=whole.results[:-1])
    return report, Night(run, _figures(whole.results[-1]), inputs, ())


def _figures(result: Result) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            row["metric"],
            parse_month(row["period"]),
            row["kind"],
            row["value"],
            None if row["value"] is not None else row["reason"] or "no value",
        )
        for row in result.records()
    )


def flags_for(
    settings: Settings, night: Night, before: Night | None, today: date
) -> Iterator[Flag]:
    """Everything about a night that needs a person.

    Args:
        settings: the thresholds.
        night: tonight.
        before: last night; None on the first.
        today: the day of the run.
    """
    now, then = Compared(night, before).figures
    yield from judged(settings.alerts, now, then)
    yield from stale_flags(settings, night.inputs, today)
    if before is not None:
        yield from compared_flags(settings, night.inputs, before.inputs)
