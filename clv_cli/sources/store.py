"""The line store: one typed, checked Parquet part per export file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LineStore:
    """A folder of parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
