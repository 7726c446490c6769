"""From tables to a Report: everything computed, everything tied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.conventions import CONVENTIONS, OURS
from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.periods import month_end, month_of, month_text
from clv_cli.results import Report, collect
from clv_cli.run.redacting import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.pipeline import Scope
    from clv_cli.results import Check, Result, Table
    from clv_cli.settings import Settings


def finished(
    command: str,
    scope: Scope,
    tables: Sequence[Table],
    noticing: Sequence[Table] = (),
    told: Callable[[Result, str], None] | None = None,
) -> Report:
    """Compute the tables; a reconciliation that does not hold stops the run.

    Args:
        command: what was asked.
        scope: of what.
        tables: what is shown.
        noticing: tables that are computed with them for their findings, and not shown.
        told: hears of every result, with the currency, while the next are computed; not of what is
            redacted, which it would hear with its names.

    Raises:
        DataError: a check does not tie; nothing is printed or written.
    """

    def tell(result: Result) -> None:
        if told is not None and not scope.settings.redact.on:
            told(result, scope.currency)

    everything = collect([*noticing, *tables], scope, tell)
    seen, results = everything[: len(noticing)], everything[len(noticing) :]
    checks = [check for result in results for check in result.rows.checks]
    _require_ties(checks)
    findings = [
        *scope.book.findings,
        *_beyond_data(scope),
        *(finding for result in (*seen, *results) for finding in result.rows.findings),
    ]
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    report = Report(
        command=command,
        as_of=scope.as_of if scope.book.lines.rows else None,
        period=(scope.period.start_day, scope.period.end_day) if scope.book.lines.rows else None,
        currency=scope.currency,
        company=scope.settings.company,
        results=tuple(results),
        checks=tuple(dict.fromkeys(checks)),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda f: order.index(f.severity))),
        conventions=conventions(scope.settings, measured=_measures(command, scope.settings))
        | _closing(scope),
        notes=_notes(scope),
    )
    return redacted(report, scope) if scope.settings.redact.on else report


def _beyond_data(scope: Scope) -> list[Finding]:
    """A warning where as-of lies in a month after the last line: silence looks like churn."""
    last = scope.book.lines.last_issued
    if not scope.book.lines.rows or scope.closing <= month_of(last):
        return []
    message = (
        f"no line was issued after {last.isoformat()}, yet figures are as of "
        f"{scope.as_of.isoformat()}: customers whose terms ended since look lost"
    )
    remedy = f"choose --as-of {month_end(month_of(last)).isoformat()[:7]}, or add newer exports"
    return [Finding(Severity.WARNING, "as_of_beyond_data", message, remedy=remedy)]


def _require_ties(checks: Sequence[Check]) -> None:
    for item in checks:
        if not item.ok:
            raise DataError(
                f"the books do not tie: {item.text} differ by {item.difference} minor units",
                where=f"check {item.name}",
                hint="this should not happen with loaded data; run clv check and report it",
            )


def _notes(scope: Scope) -> tuple[str, ...]:
    """What a reader must know before using the figures."""
    notes = []
    if scope.settings.convention not in {None, OURS}:
        notes.append(f"Convention: {conventions(scope.settings)['convention']}.")
    if scope.book.lines.rows and scope.as_of != month_end(scope.closing):
        notes.append(f"Provisional: {scope.as_of.isoformat()} lies within its month.")
    return tuple(notes)


def _closing(scope: Scope) -> dict[str, str]:
    """Which months are closed, and what becomes of changes in them; nothing where none is."""
    closed = scope.book.closed
    if closed is None:
        return {}
    changes = scope.settings.closing.changes
    return {"closing.changes": changes, "closed through": month_text(closed.last)}


def _measures(command: str, settings: Settings) -> bool:
    """Whether figures rest on measured evidence, which has settings of its own."""
    return command == "drivers" or settings.split.method in {"survey", "counterfactual"}


def conventions(settings: Settings, *, measured: bool = False) -> dict[str, str]:
    """Every setting that shapes a figure, by its dotted key.

    Args:
        settings: all of them.
        measured: whether those of measured evidence are among them.
    """
    name = settings.convention or OURS
    label = CONVENTIONS[name].label if name in CONVENTIONS else f"{name}, of this config"
    flat = {"convention": label, "revenue.basis": "month of issue", "grain": settings.grain}
    sections = ["mrr", "churn", "movements", "nrr", "ltv", "cac", "fx", "split"]
    for section in [*sections, *["evidence"] * measured]:
        flat |= _flatten(section, getattr(settings, section).model_dump())
    return flat


def _flatten(prefix: str, value: object) -> dict[str, str]:
    if isinstance(value, dict):
        flat: dict[str, str] = {}
        for key, inner in value.items():
            flat |= _flatten(f"{prefix}.{key}", inner)
        return flat
    if value is None:
        return {}
    return {prefix: str(value).lower() if isinstance(value, bool) else str(value)}
