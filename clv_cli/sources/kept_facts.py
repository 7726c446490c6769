"""What was added up of single files, kept beside what was read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.sources.cache import PartCache, key_of

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

FACTS = "facts"  # within the user's cache
MAX_BYTES = 5 << 30


class KeptFacts:
    """Small frames by all that they follow from, for any number of runs at once.

    Args:
        cache: where they are kept.
        folder: of this run, for frames on their way into the cache.
    """

    def __init__(self, cache: PartCache, folder: Path) -> None:
        self._cache = cache
        self._folder = folder

    @classmethod
    def within(cls, cache: Path, scratch: Path) -> KeptFacts:
        """Those in a user's cache folder, by way of a folder of this run."""
        return cls(PartCache(cache / FACTS, MAX_BYTES), scratch)

    def find(self, *follows_from: str) -> pl.DataFrame | None:
        """The frame that follows from these names; None where there is none that is whole."""
        found = self._cache.find(key_of(follows_from), {})
        return None if found is None else found.rows.collect()

    def keep(self, facts: pl.DataFrame, *follows_from: str) -> None:
        """Keep a frame for later runs; where that is not possible, nothing happens."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "facts.parquet"
        facts.write_parquet(path, compression="lz4", statistics=False)
        self._cache.keep(key_of(follows_from), path, None, {})
        path.unlink()

    def tidy(self) -> None:
        """Delete what was unused for long, as the cache does."""
        self._cache.tidy()
