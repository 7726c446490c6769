"""Rows of a run that are too many for memory, laid into its own folder and taken up some at a time."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLACE = "place"
_ROW_GROUP = 1 << 17  # one is held for every range while rows stream by


class Aside:
    """A folder of this run for rows that wait.

    Args:
        folder: exists as long as the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def laid(
        self, rows: pl.LazyFrame, place: pl.Expr, places: int
    ) -> Iterator[pl.DataFrame] | None:
        """The rows of every place, one place after the other; what was taken up is gone from the disk.

        Args:
            rows: run once, as they stream by.
            place: the place of each row, from 0.
            places: how many there are; the rows of one must fit into memory.

        Returns:
            A frame for every place, some perhaps without rows; None where the disk has no room.
        """
        folder = self._folder / f"aside-{next(self._numbers)}"
        wanted = rows.with_columns(place.cast(pl.Int32).alias(_PLACE))
        by_place = pl.PartitionBy(
            folder, key=_PLACE, include_key=False, approximate_bytes_per_file=None
        )
        try:
            wanted.sink_parquet(
                by_place,
                compression="lz4",
                row_group_size=_ROW_GROUP,
                statistics=False,
                mkdir=True,
                optimizations=pl.QueryOptFlags(comm_subplan_elim=False),
            )
        except OSError:
            with suppress(OSError):
                shutil.rmtree(folder)
            return None
        nothing = pl.DataFrame(schema=rows.collect_schema())
        return (_taken_up(folder / f"{_PLACE}={at}", nothing) for at in range(places))


def _taken_up(folder: Path, nothing: pl.DataFrame) -> pl.DataFrame:
    """The rows of one place, whose files are deleted."""
    if not folder.exists():
        return nothing
    rows = pl.read_parquet(sorted(folder.iterdir()), glob=False, hive_partitioning=False)
    shutil.rmtree(folder)
    return rows.cast(nothing.schema)
