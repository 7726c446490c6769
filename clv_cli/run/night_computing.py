"""The figures of a night: one pass over the lines for the report, history and thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clv_cli import metrics, moments
from clv_cli.history import Figure, Flag, Night, Restatement
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.money import to_decimal
from clv_cli.periods import month_text, parse_month
from clv_cli.run.alerts import judged
from clv_cli.run.finishing import finished
from clv_cli.run.night_inputs import compared_flags, inputs_of_book, stale_flags
from clv_cli.run.night_report import Compared
from clv_cli.run.opening import opened, require_lines
from clv_cli.run.reporting import report_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from clv_cli.history import Run
    from clv_cli.results import Report, Result
    from clv_cli.run.opening import Request
    from clv_cli.settings import Settings
    from clv_cli.sources import Content

CLOSED = "closed month changed"
FLAGGED = 20
KEPT = (*metrics.KPIS, *MOVEMENTS)


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
        beside = [metrics.metrics_tables(names)[1], metrics.restatements_table()]
        forms = settings.nightly.formats
        told = report_tables(scope, ledgers="xlsx" in forms, modelled="html" in forms)
        tables = [*told, *beside]
        whole = finished("report", scope, tables, [metrics.noticed(scope)])
        emitted = moments.emitted(scope).remember
        inputs = inputs_of_book(scope.book.sources, found)
        run = replace(key, as_of=scope.as_of.isoformat(), currency=scope.currency)
    figures, restated = whole.results[-len(beside) :]
    report = replace(whole, results=whole.results[: -len(beside)])
    kept = tuple(_restatement(row, run.currency) for row in restated.records())
    return report, Night(run, figures_from(figures), inputs, (), kept, emitted)


def _restatement(row: Mapping[str, Any], currency: str) -> Restatement:
    return Restatement(
        row["month"],
        row["customer_id"],
        row["cause"],
        row["line_id"],
        row["issued_on"].isoformat(),
        currency,
        row["before"],
        row["now"],
        row["difference"],
        row["source"],
        row["row"],
    )


def figures_from(result: Result) -> tuple[Figure, ...]:
    """The rows of the table `figures` as history keeps them."""
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


def _closed_flags(night: Night, before: Night | None) -> Iterator[Flag]:
    """Changes of closed months that last night did not know: the largest, and the rest together."""
    known = set(before.restatements) if before else set()
    new = [item for item in night.restatements if item not in known]
    shown = sorted(new, key=lambda item: -abs(item.difference))[:FLAGGED]
    for item in new:
        if item in shown:
            message = (
                f"{item.customer}: line {item.line_id} of {item.issued_on} ({item.cause}) changes "
                f"{month_text(item.month)} by {_money(item.difference, item.currency)} "
                f"({item.source}:{item.row})"
            )
            yield Flag(CLOSED, item.line_id, message)
    if len(new) > len(shown):
        rest = sum(item.difference for item in new) - sum(item.difference for item in shown)
        count = f"{len(new) - len(shown):,} more"
        message = f"{count}, together {_money(rest, new[0].currency)}; see the table restatements"
        yield Flag(CLOSED, count, message)


def _money(minor: int, currency: str) -> str:
    return f"{to_decimal(minor, currency):+,f} {currency}"


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
    yield from _closed_flags(night, before)
    yield from judged(settings.alerts, now, then)
    yield from stale_flags(settings, night.inputs, today)
    if before is not None:
        yield from compared_flags(settings, night.inputs, before.inputs)
