"""Closing months: what was reported stands; what changes afterwards is told and booked later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import polars as pl

from clv_cli import __version__, attribution, metrics
from clv_cli.buckets import BUCKETS
from clv_cli.config_file import load_settings
from clv_cli.errors import UsageError
from clv_cli.files import locked
from clv_cli.history import (
    ClosedMonth,
    Frozen,
    closed_months,
    keep_closed,
    open_store,
)
from clv_cli.kinds import Kind
from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.closing import lines_booked, lines_read
from clv_cli.periods import Period, month_end, month_of, month_text, parse_period
from clv_cli.results import Column, Report, Rows, Table
from clv_cli.run.finishing import finished
from clv_cli.run.night_computing import KEPT, figures_from
from clv_cli.run.night_report import result
from clv_cli.run.night_store import HISTORY, LOCK
from clv_cli.run.opening import locate_config, opened, require_lines
from clv_cli.run.remembering import rules_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clv_cli.history import Store
    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames
    from clv_cli.run.opening import Request
    from clv_cli.settings import Settings

EVER = date(9999, 12, 31)
COLUMNS = (
    Column("month", Kind.MONTH, "Month", rigid=True),
    Column("before", Kind.MONEY, "Closed before"),
    Column("billed", Kind.MONEY, "Billed revenue"),
    *(Column(bucket, Kind.MONEY, title.partition(" ")[0]) for bucket, title in BUCKETS.items()),
    Column("lines", Kind.COUNT, "Lines"),
    Column("as_of", Kind.TEXT, "As of"),
)


@dataclass(frozen=True, slots=True)
class Close:
    """What to close.

    Args:
        period: its last month and all months before it; with `restate`, its first month is the first
            that is taken anew.
        restate: whether closed months are to say what the exports say now.
        wait: seconds to wait for another run.
    """

    period: str
    restate: bool = False
    wait: float = 0


def close_months(request: Request, what: Close, out: Path | None) -> Report:
    """Freeze all months up to the end of a period: lines, split, figures.

    Args:
        request: what to read.
        what: which months, and whether anew.
        out: folder of the history; None for the config's.

    Raises:
        UsageError: the months are not over, or closed already.
        LockedError: another run is at work.
    """
    config = locate_config(request)
    settings = load_settings(config)
    folder = (out or config.parent / settings.nightly.out).absolute()
    asked = parse_period(what.period, EVER)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write: {error.strerror}", where=str(folder), hint="name another with --out"
        ) from error
    with locked(folder / LOCK, what.wait), open_store(folder / HISTORY) as store:
        known = closed_months(store)
        _require_new(asked, known, restate=what.restate)
        until = asked.first - 1 if what.restate else None
        with opened(replace(request, history=folder, until=until, period=None)) as scope:
            require_lines(scope)
            last = max([asked.end - 1, *(month.month for month in known)])
            _require_over(scope, last)
            return _close(_to_close(scope, last), settings, store, known)


def _require_new(asked: Period, known: list[ClosedMonth], *, restate: bool) -> None:
    last = known[-1].month if known else None
    if last is not None and asked.end - 1 <= last and not restate:
        raise UsageError(
            f"{month_text(asked.end - 1)} is closed already",
            where="clv history close",
            hint="later changes are booked in the open month; --restate takes the exports as they are",
        )
    if restate and (last is None or asked.first > last):
        raise UsageError(
            f"{month_text(asked.first)} is not closed, so there is nothing to restate",
            where="--restate",
            hint="close it without --restate",
        )


def _require_over(scope: Scope, last: int) -> None:
    if scope.as_of < month_end(last):
        raise UsageError(
            f"{month_text(last)} is not over: the data are seen as of {scope.as_of.isoformat()}",
            where="clv history close",
            hint="close earlier months, or wait for newer exports",
        )


def _to_close(scope: Scope, last: int) -> Scope:
    """The scope over the months that are closed now: those after the ones that stay closed."""
    closed = scope.book.closed
    first = closed.last + 1 if closed else month_of(scope.book.lines.first_issued)
    return replace(scope, period=Period(first, last + 1))


def _close(scope: Scope, settings: Settings, store: Store, known: list[ClosedMonth]) -> Report:
    """Compute, keep in one transaction, and tell."""
    names = settings.nightly.kept_metrics(settings.alerts, KEPT)
    raw: dict[str, pl.DataFrame] = {}
    tables = [
        _captured(attribution.split_by_table(scope, "line"), raw, "ledger"),
        _captured(_frame_table(lines_read), raw, "read"),
        _captured(_frame_table(lines_booked), raw, "booked"),
        metrics.metrics_tables(names)[1],
    ]
    whole = finished("history", scope, tables)
    kept = _months(scope, settings, known, raw)
    with store.writing() as connection:
        keep_closed(connection, kept, figures_from(whole.results[-1]))
    new = [(head, frozen) for head, frozen in kept if head.month >= scope.period.first]
    rows = [_row(head, frozen, known) for head, frozen in new]
    table = result("closed_months", "Closed months", COLUMNS, rows)
    note = f"All months up to {month_text(scope.period.end - 1)} are closed: they stand."
    return replace(whole, results=(table,), notes=(*whole.notes, note), period=None)


def _captured(table: Table, into: dict[str, pl.DataFrame], name: str) -> Table:
    """The table, whose rows are also kept as computed: what a report does to its texts is no fact."""

    def finish(frames: Frames) -> Rows:
        rows = table.finish(frames)
        into[name] = rows.frame
        return rows

    return replace(table, finish=finish)


def _frame_table(measure: Measure) -> Table:
    """A measure as it is, for what is kept and not shown."""

    def finish(frames: Frames) -> Rows:
        return Rows(frames[measure])

    return Table(measure.name, measure.name, (), (measure,), finish)


def _months(
    scope: Scope, settings: Settings, known: list[ClosedMonth], raw: Mapping[str, pl.DataFrame]
) -> list[tuple[ClosedMonth, Frozen]]:
    """Every closed month with what it keeps.

    Months that stay closed keep their books and their split; only what was read of them is renewed, for
    all that changed in them since is in the books of the months closed now.
    """
    booked, read, ledger = raw["booked"], raw["read"], raw["ledger"]
    closed, first = scope.book.closed, scope.period.first
    cells = attribution.to_freeze(ledger, first, scope.period.end - 1)
    if closed is not None:
        booked = pl.concat([closed.booked, booked])
        cells = pl.concat([closed.cells, cells])
    heads = {head.month: head for head in known if head.month < first}
    begin = min([*heads, month_of(scope.book.lines.first_issued), first])
    kept = []
    for month in range(begin, scope.period.end):
        own = cells.filter(pl.col("month") == month)
        issued = month_index(pl.col("issued_on")) == month
        frozen = Frozen(booked.filter(issued), read.filter(issued), own)
        head = heads.get(month) or ClosedMonth(
            month,
            datetime.now(UTC).isoformat(timespec="seconds"),
            scope.as_of.isoformat(),
            __version__,
            rules_hash(settings),
            scope.currency,
            _sum(own),
        )
        kept.append((head, frozen))
    return kept


def _sum(cells: pl.DataFrame) -> int:
    return int(cells["amount"].cast(pl.Int128).sum())


def _row(head: ClosedMonth, frozen: Frozen, known: list[ClosedMonth]) -> dict[str, object]:
    before = {month.month: month.billed for month in known}
    return {
        "month": head.month,
        "before": before.get(head.month),
        "billed": head.billed,
        **{b: _sum(frozen.cells.filter(pl.col("bucket") == b)) for b in BUCKETS},
        "lines": frozen.booked.height,
        "as_of": head.as_of,
    }
