"""The line store: one typed, checked Parquet part per export file.

All later passes scan the parts, at a fifth of the CSV's cost. What a run makes lives in its own
folder, as long as the run; what it read of a file is also kept in the cache, when it has one.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from clv_cli.sources.cache import PartCache
    from clv_cli.sources.kept_facts import KeptFacts

_ROW_GROUP = 1 << 18


class LineStore:
    """A folder of parts; whoever opens it decides how long it lives.

    Args:
        folder: made when it is missing.
        cache: what earlier runs read; None to read every file anew.
        kept: what earlier runs added up; None to add up every file anew.
    """

    def __init__(
        self, folder: Path, cache: PartCache | None = None, kept: KeptFacts | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cache = cache
        self.kept = kept
        self._paths = (folder / f"part-{number}.parquet" for number in count(1))

    @property
    def scratch(self) -> Path:
        """Folder for unpacked and cleaned copies of exports."""
        path = self.folder / "scratch"
        path.mkdir(exist_ok=True)
        return path

    def new_part(self) -> Path:
        """Where the next part is written; parts that are there already are never overwritten."""
        return next(path for path in self._paths if not path.exists())

    def write(self, rows: pl.LazyFrame, path: Path) -> None:
        """Write a frame as it streams by: memory stays bounded by a few row groups."""
        rows.sink_parquet(
            path, compression="lz4", row_group_size=_ROW_GROUP, mkdir=False, statistics=False
        )
