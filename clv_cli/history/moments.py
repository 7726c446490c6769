"""What people were told already: each moment once, for as long as the history lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from clv_cli.history.store import Store


@dataclass(frozen=True, slots=True)
class EmittedMoment:
    """A moment that was emitted.

    Args:
        dedupe_key: unique; the same moment is never emitted twice.
        customer: whose it is.
        kind: of moment.
        date: on which it fell, ISO.
        emitted_as_of: the as-of day of the run that emitted it, ISO.
        holdout: whether it was held back, so that its effect can be measured.
    """

    dedupe_key: str
    customer: str
    kind: str
    date: str
    emitted_as_of: str
    holdout: bool


def moments_before(store: Store, as_of: str) -> list[EmittedMoment]:
    """The moments that runs of earlier days emitted, by key.

    Those of `as_of` itself are left out: a run of the same day says the same again.

    Args:
        store: the history.
        as_of: ISO day.
    """
    query = (
        "SELECT dedupe_key, customer, kind, date, emitted_as_of, holdout FROM moment "
        "WHERE emitted_as_of < ? ORDER BY dedupe_key"
    )
    return [_moment(row) for row in store.rows(query, as_of)]


def _moment(row: sqlite3.Row) -> EmittedMoment:
    key, customer, kind, day, emitted, holdout = row
    return EmittedMoment(key, customer, kind, day, emitted, bool(holdout))


def append_moments(
    connection: sqlite3.Connection, as_of: str, moments: Iterable[EmittedMoment]
) -> None:
    """Write what a run emitted, within its transaction, in place of what its day had emitted.

    Args:
        connection: from `Store.writing`.
        as_of: the run's day, ISO.
        moments: all it emitted; those of earlier days stay as they were.
    """
    connection.execute("DELETE FROM moment WHERE emitted_as_of = ?", (as_of,))
    connection.executemany(
        "INSERT OR IGNORE INTO moment VALUES (?, ?, ?, ?, ?, ?)",
        [
            (m.dedupe_key, m.customer, m.kind, m.date, m.emitted_as_of, int(m.holdout))
            for m in moments
        ],
    )
