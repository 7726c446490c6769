"""The scan of a large file beside the reading that it judges.

Scanning takes one core, and polars seldom fills all others. So a large file is read the way its first
records suggest while all of it is scanned; only if the scan finds it so throughout does that reading
count. Nothing is believed on the strength of a guess.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from clv_cli.errors import ClvError
from clv_cli.sources.structure import NotUtf8Error, Structure, scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.sources.bytes import RawFile
    from clv_cli.sources.headers import Header

Read = TypeVar("Read")

# Smaller files are scanned in less time than a reading thrown away would cost.
LARGE = 64 << 20


def scan_beside(
    raw: RawFile, header: Header, read: Callable[[Structure], Read]
) -> tuple[Structure, Read | None]:
    """What a file holds, and its rows if they could be read meanwhile.

    Args:
        raw: the file.
        header: where its table begins.
        read: reads the rows of a file of a given structure.

    Returns:
        The structure that the scan found, and the reading; None where there was none, it failed, or
        it went by another structure: the caller reads then, and meets what failed once more.

    Raises:
        DataError: as `scan`.
        NotUtf8Error: as `scan`.
    """
    if raw.plain.stat().st_size < LARGE:
        return scan(raw.plain, raw.name, header), None
    with ThreadPoolExecutor(1) as pool:
        scanning = pool.submit(scan, raw.plain, raw.name, header)
        early, guess = None, _first_records(raw, header)
        if guess is not None:
            with suppress(ClvError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
                early = read(guess)
        structure = scanning.result()
    return structure, early if guess is not None and _alike(structure, guess) else None


def _first_records(raw: RawFile, header: Header) -> Structure | None:
    """The structure of the first records; None where they already need the whole scan."""
    try:
        found = scan(raw.plain, raw.name, header, chunks=1)
    except (ClvError, NotUtf8Error):
        return None
    return None if found.excluded else found


def _alike(structure: Structure, guess: Structure) -> bool:
    """Whether a reading by the guess is what a reading by the structure would have been."""
    by = (structure.excluded, structure.tidy, structure.quoted)
    return by == (guess.excluded, guess.tidy, guess.quoted)
