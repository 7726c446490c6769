"""How far a run is: what the reading of files says, and whoever shows it hears."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What is being done now, and what is done already.

    Args:
        doing: `reading` or `computing`.
        file: the file being read, as printed; empty while computing.
        files: how many have been read.
        of: how many there are.
        rows: those of the files read, whatever became of them.
    """

    doing: str
    file: str
    files: int
    of: int
    rows: int


# Hears each step; and what is open while there are steps to hear.
Watch = Callable[[Step], None]
Watching = Callable[[], AbstractContextManager[Watch]]


def unwatched(step: Step) -> None:
    """Nobody is listening."""
    del step


@dataclass(slots=True)
class Reading:
    """The files of one run as they are read.

    Args:
        watch: who hears of it.
        of: how many files there are.
    """

    watch: Watch
    of: int
    files: int = 0
    rows: int = 0

    def begins(self, file: str) -> None:
        """A file is opened."""
        self.watch(Step("reading", file, self.files, self.of, self.rows))

    def ends(self, rows: int) -> None:
        """It has been read, with so many rows."""
        self.files += 1
        self.rows += rows
        if self.files == self.of:
            self.watch(Step("computing", "", self.files, self.of, self.rows))
