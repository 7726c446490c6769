"""The line store: one typed, checked Parquet part per export file.

A part is named by what it depends on: the file's bytes, the preset and settings that read it, and
the version of the reader. Two parts of one name hold the same rows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from clv_cli import __version__

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

_ROW_GROUP = 1 << 18


class LineStore:
    """A folder of parts; whoever opens it decides how long it lives.

    Args:
        folder: made when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    @property
    def scratch(self) -> Path:
        """Folder for unpacked and cleaned copies of exports."""
        path = self.folder / "scratch"
        path.mkdir(exist_ok=True)
        return path

    def key(self, digest: str, *settings: object) -> str:
        """The name of a part: everything its rows depend on.

        Args:
            digest: sha256 of the file.
            settings: what the file is read with, each with a stable `repr`.
        """
        text = "\n".join([__version__, digest, *map(repr, settings)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def waiting(self, number: int) -> Path:
        """Where a part is written before its name is known."""
        return self.folder / f"writing-{number}.parquet"

    def write(self, rows: pl.LazyFrame, path: Path) -> None:
        """Write a frame as it streams by: memory stays bounded by a few row groups."""
        rows.sink_parquet(
            path, compression="lz4", row_group_size=_ROW_GROUP, mkdir=False, statistics=False
        )

    def name(self, written: Path, key: str) -> Path:
        """Give a complete part its name, at once."""
        path = self.folder / f"{key}.parquet"
        written.replace(path)
        return path
