"""The exports of a night: their bytes, and what about them is flagged against last night's."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from clv_cli.errors import DataError
from clv_cli.history import Flag, Input
from clv_cli.sources import Content, content_of, source_files, source_objects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from clv_cli.frames import SourceReport
    from clv_cli.objects import Reader
    from clv_cli.settings import Settings

STALE, SHRUNKEN, MISSING, COLUMNS = (
    "inputs.stale",
    "inputs.shrunken",
    "inputs.missing",
    "inputs.columns",
)


def contents(settings: Settings, base: Path, lake: Reader | None = None) -> dict[str, Content]:
    """The bytes of every export, by the name of its file.

    Args:
        settings: the config.
        base: folder that relative paths start from.
        lake: the engine, which hashes what has an address.

    Raises:
        DataError: a source without a file, or a file that cannot be read.
    """
    here = {name: content_of(path, name) for path, name in source_files(settings, base)}
    there = source_objects(settings, lake, base)
    return here | {one.object.address: Content(one.digest(), one.stamp) for one in there}


def data_hash(found: Mapping[str, Content]) -> str:
    """One hash of all exports, names and bytes."""
    text = "".join(f"{name}\0{found[name].digest}\n" for name in sorted(found))
    return hashlib.sha256(text.encode()).hexdigest()


def config_hash(settings: Settings, base: Path, period: str) -> str:
    """A hash of every setting, of the presets that the config names as files, and of -p."""
    digest = hashlib.sha256(f"{period}\0{settings.model_dump()!r}".encode())
    for source in settings.sources:
        if source.preset and (base / source.preset).is_file():
            digest.update((base / source.preset).read_bytes())
    return digest.hexdigest()


def inputs_of_book(
    accounts: Sequence[SourceReport], found: Mapping[str, Content]
) -> tuple[Input, ...]:
    """What was read of every file, as history keeps it."""
    return tuple(
        Input(
            account.source,
            account.table,
            found[account.source].digest if account.source in found else "",
            account.loaded.rows,
            account.last_day.isoformat() if account.last_day else None,
            account.headers,
        )
        for account in accounts
    )


def stale_flags(settings: Settings, inputs: Sequence[Input], today: date) -> Iterator[Flag]:
    """Tables whose newest row is older than the config allows.

    Args:
        settings: `nightly.inputs.stale_days`.
        inputs: tonight's.
        today: the day of the run: the one place where the clock counts.
    """
    for table, days in settings.nightly.inputs.stale_days.items():
        newest = max(
            (i.last_day for i in inputs if i.table_name == table and i.last_day), default=None
        )
        if newest is None:
            continue
        age = (today - type(today).fromisoformat(newest)).days
        if age > days:
            message = f"the newest row is of {newest}, {age} days old; allowed are {days}"
            yield Flag(STALE, table, message)


def compared_flags(
    settings: Settings, inputs: Sequence[Input], before: Sequence[Input]
) -> Iterator[Flag]:
    """What is missing, has shrunk or has other columns than last night.

    Args:
        settings: `nightly.inputs`.
        inputs: tonight's.
        before: last night's.
    """
    watched = settings.nightly.inputs
    now, then = _rows(inputs), _rows(before)
    for table in sorted(then):
        rows = now.get(table, 0)
        if watched.min_rows is not None and rows < then[table] * watched.min_rows:
            share = f"{rows / then[table] * 100:.1f} %"
            message = f"{rows:,} rows, {share} of last night's {then[table]:,}"
            yield Flag(SHRUNKEN, table, message)
    headers = {item.name: item.headers for item in inputs}
    for item in before:
        if item.name not in headers:
            if watched.missing:
                message = f"the file is gone; last night it held {item.rows:,} rows"
                yield Flag(MISSING, item.name, message)
        elif watched.columns and set(headers[item.name]) != set(item.headers):
            yield Flag(COLUMNS, item.name, _drift(item.headers, headers[item.name]))


def _rows(inputs: Sequence[Input]) -> dict[str, int]:
    rows: dict[str, int] = defaultdict(int)
    for item in inputs:
        rows[item.table_name] += item.rows
    return rows


def _drift(before: Sequence[str], now: Sequence[str]) -> str:
    gone = ", ".join(name for name in before if name not in now)
    new = ", ".join(name for name in now if name not in before)
    parts = [f"columns gone: {gone}" if gone else "", f"new columns: {new}" if new else ""]
    return "; ".join(part for part in parts if part)


def assert_still(
    settings: Settings, base: Path, found: Mapping[str, Content], lake: Reader | None = None
) -> None:
    """Stop when an export is no longer what was hashed: a run is of one state of the data.

    Args:
        settings: the config.
        base: folder that relative paths start from.
        found: from `contents`.
        lake: the engine, which lists what has an address.

    Raises:
        DataError: a file changed, came or went during the run.
    """
    stamps = {}
    for path, name in source_files(settings, base):
        info = path.stat()
        stamps[name] = (info.st_size, info.st_mtime_ns, info.st_ino)
    stamps |= {one.object.address: one.stamp for one in source_objects(settings, lake, base)}
    before = {name: content.stamp for name, content in found.items()}
    changed = sorted(name for name in {*stamps, *before} if stamps.get(name) != before.get(name))
    if changed:
        raise DataError(
            "exports changed during the run",
            where=", ".join(changed[:3]),
            hint="let the exports finish first, or run later; nothing was written",
        )
