"""A file is hashed once and then only when it was touched: nobody may be taken in by its size and times."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from clv_cli.sources import PartCache, Seen, cached, content_of
from clv_cli.sources import seen as seen_module
from clv_cli.sources.cache import hash_of

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 3600


class Reader:
    """A file, the records of it, and how often it was read whole."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "lines.csv"
        self.file.write_text("one")
        self.seen = Seen(folder / "cache" / "seen")
        self.read = 0

        def counted(path: Path) -> str:
            self.read += 1
            with path.open("rb") as file:
                return hash_of(file)

        monkeypatch.setattr(cached, "_hashed", counted)

    def digest(self) -> str:
        """As a run asks; it must be that of the bytes."""
        found = content_of(self.file, "lines.csv", self.seen).digest
        with self.file.open("rb") as file:
            assert found == hash_of(file)
        return found


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A file that counts as written long ago."""
    monkeypatch.setattr(seen_module, "SETTLED_SECONDS", 0)
    return Reader(tmp_path, monkeypatch)


def test_an_untouched_file_is_read_once(reader: Reader) -> None:
    assert len({reader.digest() for _ in range(3)}) == 1
    assert reader.read == 1


def test_other_bytes_of_the_same_size_and_time_are_read(reader: Reader) -> None:
    reader.digest()
    before = reader.file.stat()
    time.sleep(0.02)
    with reader.file.open("r+") as file:
        file.write("two")
    # Whoever sets the time back cannot set back that something changed.
    os.utime(reader.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = reader.file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (
        before.st_size,
        before.st_mtime_ns,
        before.st_ino,
    )
    reader.digest()
    assert reader.read == 2


def test_another_file_in_its_place_is_read(reader: Reader, tmp_path: Path) -> None:
    reader.digest()
    before = reader.file.stat()
    other = tmp_path / "other"
    other.write_text("two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(reader.file)
    reader.digest()
    assert reader.read == 2


def test_a_file_touched_a_moment_before_is_read_each_time(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second write within the same tick of the clock would show in nothing."""
    monkeypatch.setattr(seen_module, "SETTLED_SECONDS", 3)
    reader.digest()
    reader.digest()
    assert reader.read == 2
    assert not reader.seen.folder.exists()


def test_a_time_to_come_is_never_trusted(reader: Reader) -> None:
    os.utime(reader.file, (time.time() + DAY,) * 2)
    reader.digest()
    reader.digest()
    assert reader.read == 2


def test_a_record_holds_for_thirty_days(reader: Reader) -> None:
    reader.digest()
    (record,) = reader.seen.folder.iterdir()
    os.utime(record, (time.time() - 31 * DAY,) * 2)
    reader.digest()
    assert reader.read == 2
    os.utime(record, (time.time() - 31 * DAY,) * 2)
    cache = PartCache(reader.seen.folder.parent / "parts", seen=reader.seen)
    rows = reader.file.with_name("rows")
    rows.write_text("rows")
    cache.keep("key", rows, None, {})
    cache.tidy()
    assert not record.exists()


@pytest.mark.parametrize("damage", ["", "[", "[[1, 2], 3]", "{}", "null"])
def test_a_damaged_or_deleted_record_costs_a_reading(damage: str, reader: Reader) -> None:
    reader.digest()
    (record,) = reader.seen.folder.iterdir()
    record.write_text(damage)
    reader.digest()
    assert reader.read == 2
    record.unlink()
    reader.digest()
    assert reader.read == 3


def test_without_records_every_file_is_read(reader: Reader) -> None:
    reader.digest()
    assert content_of(reader.file, "lines.csv").digest == reader.digest()
    assert reader.read == 2


def test_a_cache_that_cannot_be_written_changes_nothing(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands here")
    reader.digest()
    reader.digest()
    assert reader.read == 2


def test_where_a_change_leaves_no_time_every_file_is_read(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clv_cli.sources.seen.os.name", "nt")
    reader.seen.keep(reader.file, reader.file.stat(), "0" * 64, time.time())
    assert not reader.seen.folder.exists()
