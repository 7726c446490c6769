"""What people were told already: each moment once, for as long as the history lives."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import EMITTED_COLUMNS

if TYPE_CHECKING:
    import sqlite3

    from clv_cli.history.store import Store


def moments_before(store: Store, as_of: date) -> pl.DataFrame:
    """The moments that runs of earlier days emitted: `EMITTED_COLUMNS`, by key.

    Those of the day itself are left out: a run of the same day says the same again.

    Args:
        store: the history.
        as_of: the day of the run that asks.
    """
    query = (
        "SELECT dedupe_key, customer, kind, date, emitted_as_of, holdout FROM moment "
        "WHERE emitted_as_of < ? ORDER BY dedupe_key"
    )
    rows = [
        (key, customer, kind, date.fromisoformat(day), date.fromisoformat(said), bool(held))
        for key, customer, kind, day, said, held in store.rows(query, as_of.isoformat())
    ]
    return pl.DataFrame(rows, schema=EMITTED_COLUMNS, orient="row")


def last_day_before(store: Store, as_of: date) -> date | None:
    """The as-of day of the latest run before a day; None where there was none."""
    query = "SELECT max(as_of) FROM run WHERE as_of < ?"
    (found,) = store.rows(query, as_of.isoformat())[0]
    return date.fromisoformat(found) if found else None


def append_moments(connection: sqlite3.Connection, as_of: date, moments: pl.DataFrame) -> None:
    """Write what a run emitted, within its transaction, in place of what its day had emitted.

    Args:
        connection: from `Store.writing`.
        as_of: the run's day.
        moments: all it emitted, in `EMITTED_COLUMNS`; what runs of earlier days emitted stays as it was.
    """
    connection.execute("DELETE FROM moment WHERE emitted_as_of = ?", (as_of.isoformat(),))
    connection.executemany(
        "INSERT OR IGNORE INTO moment VALUES (?, ?, ?, ?, ?, ?)",
        [
            (key, customer, kind, day.isoformat(), as_of.isoformat(), int(held))
            for key, customer, kind, day, _, held in moments.select(*EMITTED_COLUMNS).iter_rows()
        ],
    )
