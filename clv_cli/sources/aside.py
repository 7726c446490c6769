"""Rows of a run that are too many for memory, laid into its own folder and taken up some at a time."""

from __future__ import annotations

import shutil
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.ranges import arranged
from clv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Aside:
    """A folder of this run for rows that wait.

    Args:
        folder: exists as long as the run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def laid(
        self, frames: Iterator[pl.DataFrame], place: pl.Expr, places: int
    ) -> Iterator[pl.DataFrame] | None:
        """The rows of every place, one place after the other; what was taken up is gone from the disk.

        Polars can write a plan by places itself, but it reads on while it waits for the disk, and then
        memory holds what the disk should.

        Args:
            frames: of the same columns; each is written before the next is made, and emptied.
            place: the place of each row, from 0.
            places: how many there are; the rows of one must fit into memory.

        Returns:
            A frame for every place, some perhaps without rows; None where the disk has no room.
        """
        folder = self._folder / f"aside-{next(self._numbers)}"
        nothing = pl.DataFrame()
        try:
            folder.mkdir()
            for number, rows in enumerate(frames):
                nothing = rows.clear()
                _write(rows, place, places, folder / str(number))
        except (OSError, pl.exceptions.ComputeError):
            # Polars says so of a full disk; what else it may mean, reading all rows at once says again.
            with suppress(OSError):
                shutil.rmtree(folder)
            return None
        return (_taken_up(folder, str(at), nothing) for at in range(places))


def _write(rows: pl.DataFrame, place: pl.Expr, places: int, folder: Path) -> None:
    """Write the rows of one frame, a file for each place."""
    folder.mkdir()
    at = rows.select(place).to_series().to_numpy()
    ends = np.cumsum(np.bincount(at, minlength=places)).tolist()
    ordered = arranged(rows, at)

    def write(number: int) -> None:
        begin = ends[number - 1] if number else 0
        here = ordered[begin : ends[number]]
        here.write_parquet(folder / str(number), compression="lz4", statistics=False)

    side_by_side(write, range(places))


def _taken_up(folder: Path, place: str, nothing: pl.DataFrame) -> pl.DataFrame:
    """The rows of one place, whose files are deleted."""
    files = sorted(
        (each / place for each in folder.iterdir()), key=lambda file: int(file.parent.name)
    )
    rows = [pl.read_parquet(file, glob=False) for file in files]
    for file in files:
        file.unlink()
    return pl.concat([nothing, *rows])
