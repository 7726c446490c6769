"""Use cases without a terminal: config, Book, tables, results. `commands` call these and render."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli import attribution, metrics
from clv_cli.config_file import find_config, load_settings
from clv_cli.errors import DataError, UsageError
from clv_cli.frames import Finding, Severity
from clv_cli.periods import Period, month_end, month_of, parse_day, parse_period
from clv_cli.pipeline import Scope
from clv_cli.results import Report, collect
from clv_cli.sources import LineStore, load_book
from clv_cli.tables import findings_table, quarantine_table, source_sums_table, sources_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clv_cli.frames import Book
    from clv_cli.results import Check, Table
    from clv_cli.settings import Settings

PACKAGE = Path(__file__).parent
NO_LINES = date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, before anything is read.

    Args:
        config: path of a config, or None to look for one.
        data: folder that the config's paths are relative to, or None for the config's own.
        as_of: a day or month as text, or None for the data's own.
        period: a period as text, or None for the config's.
    """

    config: Path | None = None
    data: Path | None = None
    as_of: str | None = None
    period: str | None = None


def sample_config() -> Path:
    """The config of the shipped sample: inside an installed package, beside it in a checkout."""
    for folder in (PACKAGE / "sample_data", PACKAGE.parent / "sample_data"):
        if (folder / "clv.yaml").is_file():
            return folder / "clv.yaml"
    raise UsageError("this installation has no sample data", hint="reinstall clv-cli")


def locate_config(request: Request) -> Path:
    """The config that a request means.

    Raises:
        UsageError: none was named and none is near.
    """
    if request.config is not None:
        return request.config
    found = find_config((request.data or Path.cwd()).absolute())
    if found is None:
        raise UsageError(
            "no data here: there is no clv.yaml in this folder or above",
            where=str(request.data or Path.cwd()),
            hint="try the shipped sample: clv demo; or name a config: clv report -c FILE",
        )
    return found


@contextmanager
def opened(request: Request) -> Iterator[Scope]:
    """Read what a request names; the typed parts live as long as the scope is in use.

    Raises:
        ClvError: as `load_settings` and `load_book` say.
    """
    config = locate_config(request)
    settings = load_settings(config)
    if request.data is not None and not request.data.is_dir():
        raise DataError(
            f"there is no folder {request.data}", where="-d/--data", hint="name an existing folder"
        )
    base = request.data or config.parent
    with tempfile.TemporaryDirectory(prefix="clv-") as folder:
        book = load_book(settings, base, LineStore(Path(folder)))
        as_of = _as_of(request, settings, book)
        period = _period(request.period or settings.period, as_of, book)
        yield Scope(book, as_of, period, settings)


def _as_of(request: Request, settings: Settings, book: Book) -> date:
    if not book.lines.rows:
        return NO_LINES  # a worksheet has no days: it is the same in whatever period is asked
    if request.as_of:
        return parse_day(request.as_of, "--as-of")
    if settings.as_of:
        return parse_day(settings.as_of, "as_of in the config")
    return default_as_of(book)


def default_as_of(book: Book) -> date:
    """The end of the last month that has an issued line on its last day or after it.

    Never the clock. Data that end within their first month are seen as of their last day.
    """
    first, last = book.lines.first_issued, book.lines.last_issued
    month = month_of(last)
    if last == month_end(month):
        return last
    return month_end(month - 1) if month - 1 >= month_of(first) else last


def _period(text: str, as_of: date, book: Book) -> Period:
    """The period asked for, without the months before the data begin."""
    period = parse_period(text, as_of)
    if book.lines.rows == 0:
        return period
    first = max(period.first, month_of(book.lines.first_issued))
    if first >= period.end:
        raise UsageError(
            f'the period "{text}" ends before the data begin',
            where=f"first line issued on {book.lines.first_issued.isoformat()}",
            hint="choose a later period with -p",
        )
    return Period(first, period.end)


def report(request: Request, command: str = "report") -> Report:
    """The main job: figures, movements, retention, split, reconciliation, sources and findings."""
    with opened(request) as scope:
        _require_lines(scope)
        tables: list[Table] = [
            metrics.kpi_table(scope),
            metrics.mrr_movements_table(scope),
            metrics.retention_table(scope),
            *([metrics.cac_by_channel_table(scope)] if scope.book.has("spend") else []),
            *attribution.split_tables(scope),
            metrics.reconciliation_table(scope),
            sources_table(scope),
        ]
        return _finished(command, scope, tables)


def metrics_by_month(request: Request, names: Sequence[str]) -> Report:
    """Some metrics, month by month."""
    metrics.chosen(names)  # a typo is told before anything is read
    with opened(request) as scope:
        _require_lines(scope)
        return _finished("metrics", scope, [metrics.metrics_table(scope, names)])


def split(request: Request, by: str | None, method: str | None) -> Report:
    """The revenue split: by bucket and component, or by one of `attribution.SPLIT_BY`."""
    with opened(request) as scope:
        asked = _with_method(scope, method)
        tables = list(attribution.split_tables(asked))
        if by is not None:
            tables.insert(0, attribution.split_by_table(asked, by))
        return _finished("split", asked, tables)


def _with_method(scope: Scope, method: str | None) -> Scope:
    if method is None:
        return scope
    if method not in attribution.METHODS:
        raise UsageError(
            f'there is no split method "{method}"',
            where="--method",
            hint=f"one of {', '.join(attribution.METHODS)}",
        )
    chosen = scope.settings.split.model_copy(update={"method": method})
    settings = scope.settings.model_copy(update={"split": chosen})
    return Scope(scope.book, scope.as_of, scope.period, settings)


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
        return _finished("check", scope, tables)


def explain_metric(request: Request, name: str, month: str | None) -> Report:
    """A metric's formula with the numbers in it, the customers and the source rows behind it."""
    with opened(request) as scope:
        _require_lines(scope)
        return _finished("explain", scope, metrics.explain_tables(scope, name, month))


def explain_line(request: Request, line_id: str) -> Report:
    """How one invoice line was split: parts, rules, weights, evidence, and the rules that lost."""
    with opened(request) as scope:
        _require_lines(scope)
        return _finished("explain", scope, [attribution.explain_line(scope, line_id)])


def _require_lines(scope: Scope) -> None:
    """Stop where only a worksheet was given.

    Raises:
        DataError: there are no billing lines.
    """
    if not scope.book.lines.rows:
        raise DataError(
            "there are no billing lines",
            where="sources",
            hint="add a source of the table billing_lines; a worksheet alone is enough for clv split",
        )


def _finished(command: str, scope: Scope, tables: Sequence[Table]) -> Report:
    """Compute the tables; a reconciliation that does not hold stops the run.

    Raises:
        DataError: a check does not tie; nothing is printed or written.
    """
    results = collect(tables, scope)
    checks = [check for result in results for check in result.rows.checks]
    _require_ties(checks)
    findings = [
        *scope.book.findings,
        *_beyond_data(scope),
        *(finding for result in results for finding in result.rows.findings),
    ]
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    return Report(
        command=command,
        as_of=scope.as_of if scope.book.lines.rows else None,
        period=(scope.period.start_day, scope.period.end_day) if scope.book.lines.rows else None,
        currency=scope.currency,
        company=scope.settings.company,
        results=tuple(results),
        checks=tuple(dict.fromkeys(checks)),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda f: order.index(f.severity))),
        conventions=conventions(scope.settings),
        notes=_notes(scope),
    )


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
    if scope.book.lines.rows and scope.as_of != month_end(scope.closing):
        return (f"Provisional: {scope.as_of.isoformat()} lies within its month.",)
    return ()


def conventions(settings: Settings) -> dict[str, str]:
    """Every setting that shapes a figure, by its dotted key."""
    flat = {"mrr.basis": "lines", "revenue.basis": "month of issue"}
    for section in ("mrr", "churn", "nrr", "ltv", "cac", "fx", "split"):
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
