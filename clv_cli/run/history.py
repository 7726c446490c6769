"""What earlier nights said: the list of them, one metric over them, what differs between two."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.config_file import load_settings
from clv_cli.errors import DataError, UsageError, did_you_mean
from clv_cli.glossary import GLOSSARY, Kind, find_term
from clv_cli.history import closed_months, figures_of, flags_of, open_store, runs
from clv_cli.money import NO_CURRENCY
from clv_cli.results import Column, Report
from clv_cli.run.alerts import changed
from clv_cli.run.night_report import (
    MOVED,
    Compared,
    figures_of_night,
    moved,
    result,
)
from clv_cli.run.night_store import HISTORY, loaded_night, read_status
from clv_cli.run.opening import locate_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from clv_cli.history import Night, Run, Store
    from clv_cli.results import Result
    from clv_cli.run.opening import Request

NIGHTS = (
    Column("run", Kind.COUNT, "Run"),
    Column("as_of", Kind.TEXT, "As of", rigid=True),
    Column("finished_at", Kind.TEXT, "Finished (UTC)", rigid=True),
    Column("exit", Kind.COUNT, "Exit"),
    Column("flags", Kind.COUNT, "Flags"),
    Column("seconds", Kind.TEXT, "Seconds"),
    Column("peak_mb", Kind.COUNT, "MB"),
    Column("data", Kind.TEXT, "Data", rigid=True),
    Column("config", Kind.TEXT, "Config", rigid=True),
    Column("version", Kind.TEXT, "Version"),
    Column("superseded", Kind.TEXT, "Superseded", people=False),
)
CLOSED = (
    Column("month", Kind.MONTH, "Month", rigid=True),
    Column("billed", Kind.MONEY, "Billed revenue"),
    Column("as_of", Kind.TEXT, "As of"),
    Column("closed_at", Kind.TEXT, "Closed (UTC)"),
    Column("version", Kind.TEXT, "Version"),
)
ONE = (
    Column("run", Kind.COUNT, "Run"),
    Column("as_of", Kind.TEXT, "As of", rigid=True),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("value", Kind.BY_ROW, "Value"),
    Column("change", Kind.CHANGE, "Change"),
    Column("reason", Kind.TEXT, "Reason", people=False),
)
CAUSES = (
    Column("what", Kind.TEXT, "What", rigid=True),
    Column("name", Kind.TEXT, "Name"),
    Column("before", Kind.TEXT, "Before"),
    Column("now", Kind.TEXT, "Now"),
)
ALL = (
    Column("run", Kind.COUNT, "Run"),
    Column("as_of", Kind.TEXT, "As of", rigid=True),
    Column("metric", Kind.TEXT, "Metric"),
    Column("month", Kind.MONTH, "Month", rigid=True),
    Column("kind", Kind.TEXT, "Kind", people=False),
    Column("value", Kind.BY_ROW, "Value"),
    Column("reason", Kind.TEXT, "Reason"),
)
SEEN = -30
_AGE = re.compile(r"(\d+)([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def history_folder(request: Request, out: Path | None) -> Path:
    """The folder of nights that a request means."""
    if out is not None:
        return out.absolute()
    config = locate_config(request)
    return (config.parent / load_settings(config).nightly.out).absolute()


def _require_history(folder: Path) -> Path:
    path = folder / HISTORY
    if not path.is_file():
        raise DataError(
            "there is no history yet",
            where=str(path),
            hint="clv nightly writes it; name its folder with --out",
        )
    return path


def nights(folder: Path) -> Report:
    """All nights, and the closed months.

    Raises:
        DataError: there is no history.
    """
    with open_store(_require_history(folder)) as store:
        known = runs(store)
        rows = [_night(store, run) for run in known]
        closed = [
            {
                name: getattr(month, name)
                for name in ("month", "billed", "as_of", "closed_at", "version")
            }
            for month in closed_months(store)
        ]
    tables = [result("nights", "Nights", NIGHTS, rows, SEEN)]
    tables.append(result("closed_months", "Closed months", CLOSED, closed, SEEN))
    return _report(tables, known)


def _night(store: Store, run: Run) -> dict[str, object]:
    return {
        "run": run.run_id,
        "as_of": run.as_of,
        "finished_at": _minute(run.finished_at),
        "exit": run.exit,
        "flags": len(flags_of(store, run.run_id)),
        "seconds": f"{run.seconds:.1f}",
        "peak_mb": run.peak_mb,
        "data": run.data_hash[:8],
        "config": run.config_hash[:8],
        "version": run.version,
        "superseded": "yes" if run.superseded else "no",
    }


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")


def metric_history(folder: Path, name: str) -> Report:
    """What each night said of a metric; of several runs of one day the last.

    Raises:
        UsageError: there is no such metric.
        DataError: there is no history.
    """
    term = find_term(name)
    if term is None:
        known = [alias for key, entry in GLOSSARY.items() for alias in (key, *entry.aliases)]
        raise UsageError(
            f'there is no metric "{name}"',
            where="clv history",
            hint=did_you_mean(name, [*known, "diff", "close", "export"])
            or "clv explain lists them",
        )
    with open_store(_require_history(folder)) as store:
        standing = [run for run in runs(store) if not run.superseded]
        rows: list[dict[str, object]] = []
        for run in standing:
            figure = figures_of_night(loaded_night(store, run)).now(term)
            if figure is not None:
                rows.append(_value(run, figure.kind, figure.value, figure.reason, rows))
    if not rows:
        raise DataError(
            f"no night kept {GLOSSARY[term].title}",
            where=str(folder / HISTORY),
            hint="name it under nightly.metrics in the config",
        )
    table = result("history", f"{GLOSSARY[term].title}, night by night", ONE, rows, SEEN)
    return _report([table], standing)


def _value(
    run: Run, kind: str, value: str | None, reason: str | None, before: Sequence[dict[str, object]]
) -> dict[str, object]:
    old = before[-1]["value"] if before else None
    step = None
    if value is not None and old is not None:
        step = changed(Fraction(str(old)), Fraction(value), Kind(kind))
    return {
        "run": run.run_id,
        "as_of": run.as_of,
        "kind": kind,
        "value": value,
        "change": None if step is None else round(float(step), 6),
        "reason": reason,
    }


def history_diff(folder: Path, first: str | None, second: str | None) -> Report:
    """What two nights say differently, and what of data, config and version is not the same.

    Args:
        folder: of the history.
        first: the earlier night: a run's number or an as-of day; default: the one before the last.
        second: the later one; default: the last.

    Raises:
        UsageError: there is no such night.
        DataError: there is no history.
    """
    with open_store(_require_history(folder)) as store:
        known = runs(store)
        later = _named(known, second) if second else _at(known, -1)
        earlier = _named(known, first) if first else _at(known, known.index(later) - 1)
        both = Compared(loaded_night(store, later), loaded_night(store, earlier))
    tables = [
        result(
            "causes",
            f"From run {earlier.run_id} to run {later.run_id}",
            CAUSES,
            list(_causes(both)),
        ),
        result("moved", "Figures that moved", MOVED, moved(both, all_months=True)),
    ]
    return _report(tables, [later])


def _named(known: Sequence[Run], name: str) -> Run:
    found = [run for run in known if name in {str(run.run_id), run.as_of}]
    if not found:
        raise UsageError(
            f'there is no night "{name}"',
            where="clv history diff",
            hint="name a run by its number or an as-of day; clv history lists them",
        )
    return found[-1]


def _at(known: Sequence[Run], place: int) -> Run:
    if len(known) < 2:
        raise DataError(
            "there is only one night, and nothing to compare it with",
            where="clv history diff",
            hint="run clv nightly again when the data have changed",
        )
    return known[place]


def _causes(both: Compared) -> Iterator[dict[str, object]]:
    """What is not the same: as-of, version, config, and every export that is new, gone or other."""
    now, before = both.now, both.before
    if before is None:
        return
    names = {"as_of": "as-of day", "config_hash": "config", "closed_hash": "closed months"}
    for what in ("as_of", "version", *list(names)[1:]):
        old, new = str(getattr(before.run, what)), str(getattr(now.run, what))
        if old != new:
            yield {
                "what": names.get(what, what),
                "name": "",
                "before": old[:12] or "none",
                "now": new[:12] or "none",
            }
    yield from _inputs(before, now)


def _inputs(before: Night, now: Night) -> Iterator[dict[str, object]]:
    old = {item.name: item for item in before.inputs}
    new = {item.name: item for item in now.inputs}
    for name in sorted({*old, *new}):
        a, b = old.get(name), new.get(name)
        if a is not None and b is not None and a.sha256 == b.sha256:
            continue
        what = "new export" if a is None else "export gone" if b is None else "export changed"
        told = [f"{item.rows:,} rows" if item else "" for item in (a, b)]
        yield {"what": what, "name": name, "before": told[0], "now": told[1]}


def history_export(folder: Path) -> Report:
    """Every figure of every night, for a spreadsheet or a warehouse.

    Raises:
        DataError: there is no history.
    """
    with open_store(_require_history(folder)) as store:
        known = runs(store)
        rows = [
            {
                "run": run.run_id,
                "as_of": run.as_of,
                "metric": figure.metric,
                "month": figure.month,
                "kind": figure.kind,
                "value": figure.value,
                "reason": figure.reason,
            }
            for run in known
            for figure in figures_of(store, run.run_id)
        ]
    return _report([result("figures", "Every figure of every night", ALL, rows, SEEN)], known)


def last_good(folder: Path, max_age: str, now: datetime) -> tuple[str, bool]:
    """When was the last good night, and is it younger than allowed?

    Args:
        folder: of the nights.
        max_age: such as `26h`, `90m` or `3d`.
        now: the time of asking, UTC.

    Returns:
        A sentence, and whether all is well.

    Raises:
        UsageError: no such age.
    """
    found = _AGE.fullmatch(max_age)
    if not found:
        raise UsageError(f'"{max_age}" is no age', where="--max-age", hint="write 26h, 90m or 3d")
    allowed = timedelta(**{_UNITS[found[2]]: int(found[1])})
    good = read_status(folder).get("last_good")
    if not isinstance(good, dict):
        return f"no night has succeeded yet ({folder})", False
    finished = datetime.fromisoformat(str(good["finished_at"]))
    age = now - finished
    hours = age.total_seconds() / 3600
    sentence = f"the last good night is of {good['as_of']}, {hours:.1f} hours ago"
    return f"{sentence}; allowed are {max_age}", age <= allowed


def _report(tables: list[Result], known: Sequence[Run]) -> Report:
    last = known[-1] if known else None
    return Report(
        command="history",
        as_of=date.fromisoformat(last.as_of) if last else None,
        period=None,
        currency=last.currency if last else NO_CURRENCY,
        company="",
        results=tuple(tables),
    )
