"""Closed months as the store keeps them: each month's lines, their split, and its figures."""

from __future__ import annotations

import hashlib
import io
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Closed
from clv_cli.history.nights import Figure

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from clv_cli.history.store import Store


_KEEP = """
INSERT INTO closed_month VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (month) DO UPDATE SET
  closed_at = excluded.closed_at, as_of = excluded.as_of, version = excluded.version,
  rules_hash = excluded.rules_hash, currency = excluded.currency, billed = excluded.billed,
  booked = excluded.booked, read = excluded.read, cells = excluded.cells, sha256 = excluded.sha256
"""


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A closed month without its lines.

    Args:
        month: the month.
        closed_at: when, ISO, UTC.
        as_of: the day that its figures were seen from, ISO.
        version: of `clv`.
        rules_hash: of the settings that shape figures.
        currency: of all totals.
        billed: billed revenue, minor units.
    """

    month: int
    closed_at: str
    as_of: str
    version: str
    rules_hash: str
    currency: str
    billed: int


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a month keeps: the lines in the books, the lines as read, and the split of the former."""

    booked: pl.DataFrame
    read: pl.DataFrame
    cells: pl.DataFrame


def closed_months(store: Store) -> list[ClosedMonth]:
    """All closed months, oldest first."""
    query = (
        "SELECT month, closed_at, as_of, version, rules_hash, currency, billed "
        "FROM closed_month ORDER BY month"
    )
    return [ClosedMonth(*row) for row in store.rows(query)]


def closed_hash(store: Store) -> str:
    """One hash of everything that closed months keep; empty without any."""
    found = [row[0] for row in store.rows("SELECT sha256 FROM closed_month ORDER BY month")]
    return hashlib.sha256("".join(found).encode()).hexdigest() if found else ""


def closed_book(store: Store, rules_hash: str, version: str) -> Closed | None:
    """What stands of the closed months; None where none is closed.

    Args:
        store: the history.
        rules_hash: of the settings in use.
        version: of this `clv`.

    Raises:
        DataError: a closed month is damaged, or the months have a hole.
    """
    months = closed_months(store)
    if not months:
        return None
    held = [
        _opened(store, row)
        for row in store.rows(
            "SELECT month, booked, read, cells, sha256 FROM closed_month ORDER BY month"
        )
    ]
    last = months[-1]
    return Closed(
        last=last.month,
        read=pl.concat([frozen.read for frozen in held]),
        booked=pl.concat([frozen.booked for frozen in held]),
        cells=pl.concat([frozen.cells for frozen in held]),
        currencies=tuple(sorted({month.currency for month in months})),
        config_changed=last.rules_hash != rules_hash,
        version_changed=last.version != version,
    )


def closed_figures(store: Store) -> list[Figure]:
    """What was said of the closed months when they were closed."""
    query = "SELECT metric, month, kind, value, reason FROM closed_figure ORDER BY 1, 2"
    return [Figure(*row) for row in store.rows(query)]


def keep_closed(
    connection: sqlite3.Connection,
    months: Sequence[tuple[ClosedMonth, Frozen]],
    figures: Sequence[Figure],
) -> None:
    """Write closed months within a transaction, in place of what was kept of the same months.

    Args:
        connection: from `Store.writing`.
        months: with what they keep.
        figures: of months closed now; those of other months stay.
    """
    for head, frozen in months:
        blobs = [_packed(frame) for frame in (frozen.booked, frozen.read, frozen.cells)]
        # No REPLACE: that would delete the row, and with it the month's figures.
        connection.execute(_KEEP, (*astuple(head), *blobs, _hash(blobs)))
    connection.executemany(
        "INSERT OR REPLACE INTO closed_figure (metric, month, kind, value, reason) "
        "VALUES (?, ?, ?, ?, ?)",
        [astuple(figure) for figure in figures],
    )


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _hash(blobs: Sequence[bytes]) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(blob).digest() for blob in blobs)).hexdigest()


def _opened(store: Store, row: sqlite3.Row) -> Frozen:
    month, *blobs, digest = row
    if _hash(blobs) != digest:
        raise DataError(
            f"closed month {month // 12}-{month % 12 + 1:02} is damaged: its lines are not those kept",
            where=str(store.path),
            hint="put back a copy of history.db, or close the month again with --restate",
        )
    return Frozen(*(pl.read_parquet(io.BytesIO(blob)) for blob in blobs))
