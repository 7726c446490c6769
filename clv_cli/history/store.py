"""The store: opened for one run, checked, brought up to date, and closed whatever happens.

SQLite with a write-ahead log and `synchronous=FULL`: a commit is on the disk before it is reported, and
a run that is killed leaves nothing of its transaction. A file system that cannot share memory (network
drives) gets a rollback journal instead, which is slower and as safe.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from clv_cli.errors import DataError, UsageError
from clv_cli.history.schema import SCHEMA_VERSION, STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SCHEMA_VERSION", "Store", "open_store"]

_BUSY_MS = 10_000
_CANNOT_WRITE = ("SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")


class Store:
    """An open history.

    Args:
        connection: in autocommit; `writing` makes transactions.
        path: the file, for messages.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing.

        Raises:
            UsageError: it cannot be written; nothing of it was.
        """
        with _explained(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                # After a full disk SQLite has rolled back by itself.
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """The rows of a query.

        Raises:
            DataError: the file is damaged.
        """
        with _explained(self.path):
            return self.connection.execute(query, values).fetchall()


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """The history in a file, made when it is missing, brought up to date when it is older.

    Args:
        path: the file; its folder must exist.

    Raises:
        DataError: it is damaged, or of a newer `clv`.
        UsageError: it cannot be written.
    """
    # It holds what the exports hold: for its owner alone. SQLite's other files follow it.
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=True)
    with _explained(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
    with closing(connection):
        with _explained(path):
            _prepare(connection, path)
        yield Store(connection, path)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    found = _version(connection)
    if found > SCHEMA_VERSION:
        raise DataError(
            f"the history is of a newer clv: its schema is {found}, this one knows {SCHEMA_VERSION}",
            where=str(path),
            hint="run the newer clv, or name another folder with --out",
        )
    (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)
    if found < SCHEMA_VERSION:
        _migrate(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _journal(connection: sqlite3.Connection) -> str:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(mode)


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _migrate(connection: sqlite3.Connection) -> None:
    """The steps that are missing, in one transaction, and the journal that the place can bear."""
    connection.execute("PRAGMA journal_mode = WAL")
    if _journal(connection) != "wal":
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another run may have been first.
        for step in STEPS[_version(connection) :]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """SQLite's reasons in our three lines."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason, code = str(error), getattr(error, "sqlite_errorname", "")
        if code.startswith(_CANNOT_WRITE):
            raise UsageError(
                f"cannot write {path.name}: {reason}{_room(path)}",
                where=str(path),
                hint="the folder must be writable and have room; what was there is untouched",
            ) from error
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise UsageError(
                f"{path.name} is in use: {reason}", where=str(path), hint="run again in a moment"
            ) from error
        raise DataError(
            f"the history is damaged: {reason}",
            where=str(path),
            hint="put back a copy of history.db (with its -wal file), or move it away to begin anew",
        ) from error


def _room(path: Path) -> str:
    """How much room there is, which SQLite's reasons do not tell from a broken disk."""
    with suppress(OSError):
        return f" ({shutil.disk_usage(path.parent).free:,} bytes free)"
    return ""
