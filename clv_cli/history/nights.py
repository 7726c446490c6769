"""What each night said: its key, its figures, its exports, and what it flagged."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from clv_cli.history.moments import append_moments

if TYPE_CHECKING:
    import sqlite3

    import polars as pl

    from clv_cli.history.store import Store


@dataclass(frozen=True, slots=True)
class Run:
    """One run that was completed.

    Args:
        run_id: counts up.
        as_of: the day its figures are of, ISO.
        asked: the --as-of that was asked for; empty when the data chose.
        config_hash: of the whole config and its presets.
        data_hash: of all exports.
        closed_hash: of all closed months; empty without any.
        rules_hash: of the settings that shape figures.
        version: of `clv`.
        currency: of all money.
        started_at: ISO, UTC.
        finished_at: ISO, UTC.
        seconds: wall time.
        peak_mb: largest memory.
        exit: 0, or 4 when something was flagged.
        folder: of its outputs, relative to the folder of the history.
        superseded: 1 when a later run of the same day took its place.
    """

    run_id: int
    as_of: str
    asked: str
    config_hash: str
    data_hash: str
    closed_hash: str
    rules_hash: str
    version: str
    currency: str
    started_at: str
    finished_at: str
    seconds: float
    peak_mb: int
    exit: int
    folder: str
    superseded: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric's value at a month, as canonical text, or the reason why there is none."""

    metric: str
    month: int
    kind: str
    value: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Input:
    """An export as it was read: of which table, its bytes, rows, newest day and headers."""

    name: str
    table_name: str
    sha256: str
    rows: int
    last_day: str | None
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that needs a person: the threshold's name, what it is about, what is the case."""

    name: str
    about: str
    message: str


@dataclass(frozen=True, slots=True)
class Restatement:
    """A line of a closed month that is worth something else now.

    Args:
        month: the closed month.
        customer: whose line it is.
        cause: see `frames.closed.CAUSES`.
        line_id: the line.
        issued_on: its day, ISO.
        currency: of the totals.
        before: what it was worth when the month was closed, minor units of that currency.
        now: what it is worth now.
        difference: `now - before`.
        source: the file it stands in, or stood in.
        row: of that file.
    """

    month: int
    customer: str
    cause: str
    line_id: str
    issued_on: str
    currency: str
    before: int
    now: int
    difference: int
    source: str
    row: int


@dataclass(frozen=True, slots=True)
class Night:
    """A run with everything it said; `emitted` are the moments it tells, where it looked for any."""

    run: Run
    figures: tuple[Figure, ...]
    inputs: tuple[Input, ...]
    flags: tuple[Flag, ...]
    restatements: tuple[Restatement, ...] = ()
    emitted: pl.DataFrame | None = field(default=None, compare=False)


# One mark a field: a column that is added to a table is a new field of its class.
_INSERTS = {
    "run": "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "figure": "INSERT INTO figure VALUES (?, ?, ?, ?, ?, ?)",
    "input": "INSERT INTO input VALUES (?, ?, ?, ?, ?, ?, ?)",
    "flag": "INSERT INTO flag VALUES (?, ?, ?, ?, ?)",
    "restatement": "INSERT INTO restatement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
}


def runs(store: Store) -> list[Run]:
    """All runs, oldest first."""
    return [Run(*row) for row in store.rows("SELECT * FROM run ORDER BY run_id")]


def run_like(store: Store, key: Run) -> Run | None:
    """The run that had the same as-of day, config, data, closed months and version, and still stands.

    Args:
        store: the history.
        key: `as_of` or `asked`, the hashes and the version are compared.
    """
    found = store.rows(
        "SELECT * FROM run WHERE superseded = 0 AND config_hash = ? AND data_hash = ? "
        "AND closed_hash = ? AND version = ? AND (asked = ? OR as_of = ?) ORDER BY run_id DESC LIMIT 1",
        key.config_hash,
        key.data_hash,
        key.closed_hash,
        key.version,
        key.asked,
        key.as_of,
    )
    return Run(*found[0]) if found else None


def record(connection: sqlite3.Connection, night: Night) -> None:
    """Write a night within a transaction; an earlier run of the same day is superseded.

    Args:
        connection: from `Store.writing`.
        night: all of it.
    """
    run = night.run
    rows: dict[str, list[tuple[object, ...]]] = {
        "run": [astuple(run)],
        "figure": [(run.run_id, *astuple(figure)) for figure in night.figures],
        "input": [
            (run.run_id, *astuple(item)[:-1], json.dumps(item.headers)) for item in night.inputs
        ],
        "flag": [(run.run_id, at, *astuple(flag)) for at, flag in enumerate(night.flags)],
        "restatement": [
            (run.run_id, at, *astuple(item)) for at, item in enumerate(night.restatements)
        ],
    }
    connection.execute("UPDATE run SET superseded = 1 WHERE as_of = ?", (run.as_of,))
    for table, statement in _INSERTS.items():
        connection.executemany(statement, rows[table])
    if night.emitted is not None:
        append_moments(connection, date.fromisoformat(run.as_of), night.emitted)


def figures_of(store: Store, run_id: int) -> list[Figure]:
    """What a run said, by metric and month."""
    query = "SELECT metric, month, kind, value, reason FROM figure WHERE run_id = ? ORDER BY 1, 2"
    return [Figure(*row) for row in store.rows(query, run_id)]


def inputs_of(store: Store, run_id: int) -> list[Input]:
    """The exports that a run read, by name."""
    query = (
        "SELECT name, table_name, sha256, rows, last_day, headers FROM input "
        "WHERE run_id = ? ORDER BY 1, 2"
    )
    return [_input(row) for row in store.rows(query, run_id)]


def _input(row: sqlite3.Row) -> Input:
    name, table, digest, rows, last_day, headers = row
    return Input(name, table, digest, rows, last_day, tuple(json.loads(headers)))


def flags_of(store: Store, run_id: int) -> list[Flag]:
    """What a run flagged, in the order of its mail."""
    query = "SELECT name, about, message FROM flag WHERE run_id = ? ORDER BY place"
    return [Flag(*row) for row in store.rows(query, run_id)]


def restatements_of(store: Store, run_id: int) -> list[Restatement]:
    """What a run found changed in closed months, by month and customer."""
    query = (
        "SELECT month, customer, cause, line_id, issued_on, currency, before, now, difference, "
        "source, row FROM restatement WHERE run_id = ? ORDER BY place"
    )
    return [Restatement(*row) for row in store.rows(query, run_id)]
