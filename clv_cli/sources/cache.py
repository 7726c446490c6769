"""The part of the line store that outlives a run: a folder of entries, one per file as it was read.

An entry is a folder named by everything its content follows from: the file's bytes, how the source
is read, and the code that reads it. It is written elsewhere and renamed into place, so nobody ever
sees half of one; every byte is checked against its checksum when it is used, so nothing needs to be forced
to the disk; and losing any of it at any time costs only the reading of some file again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.sources.codec import Encoder, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedRandom, BufferedReader

    from clv_cli.sources.seen import Seen

ROWS, INDEX = "rows.parquet", "index.json"
_NEW, _OLD = ".new-", ".old-"
_PACKAGE = Path(__file__).parent.parent
# What a part's bytes follow from, beside the export and the config.
_READERS = (
    *("sources", "frames", "settings", "money.py", "errors.py", "yaml_marks.py"),
    *("facts.py", "partial.py", "pipeline.py"),
)
_LIBRARIES = ("polars", "iso4217", "numpy")
KEPT_DAYS = 30
MAX_BYTES = 20 << 30
_ABANDONED_SECONDS = 24 * 3600
_DAY_SECONDS = 24 * 3600
_BLOCK = 1 << 20


def user_cache() -> Path | None:
    """The folder for caches that the platform gives us; None where there is no home.

    `CLV_CACHE_DIR`, else `XDG_CACHE_HOME/clv` or `~/.cache/clv`, on macOS `~/Library/Caches/clv`,
    on Windows `%LOCALAPPDATA%/clv/Cache`.
    """
    named = os.environ.get("CLV_CACHE_DIR")
    if named:
        return Path(named).absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "clv" / "Cache" if local else None
    given = os.environ.get("XDG_CACHE_HOME", "")
    if Path(given).is_absolute():
        return Path(given) / "clv"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "clv"


@cache
def reader_version() -> str:
    """A hash of the code that reads files: after any change to it, old entries are not found."""
    digest = hashlib.sha256()
    for name in _READERS:
        path = _PACKAGE / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.suffix in {".py", ".yaml"}:
                digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0")
                digest.update(file.read_bytes() + b"\0")
    digest.update(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    return digest.hexdigest()


def hash_of(file: BufferedReader | BufferedRandom) -> str:
    """The SHA-256 of an open file from its beginning; it is left at its beginning."""
    file.seek(0)
    found = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return found


def checksum_of(file: BufferedReader | BufferedRandom) -> str:
    """Length and CRC-32 of an open file from its beginning; it is left at its beginning.

    It guards against damage and torn writes, where a SHA-256 took seven times as long: who could forge an
    entry could forge the index that vouches for it.
    """
    file.seek(0)
    length = found = 0
    while block := file.read(_BLOCK):
        length += len(block)
        found = zlib.crc32(block, found)
    file.seek(0)
    return f"{length}:{found:08x}"


def key_of(facts: object) -> str:
    """A name for everything an entry follows from.

    Args:
        facts: values that `Encoder` knows, frames excepted.
    """
    text = json.dumps([reader_version(), Encoder({}).encode(facts)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that is whole.

    Args:
        rows: its typed rows; their file stays readable though the entry is deleted.
        value: what was kept beside them.
    """

    rows: pl.LazyFrame
    value: object


class PartCache:
    """Entries by key, for any number of runs at once.

    Args:
        folder: made when something is first kept.
        max_bytes: above this the entries unused for longest are deleted.
        seen: exports hashed before; None to hash each of them anew.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES, seen: Seen | None = None) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.seen = seen
        self._grown = False

    def find(self, key: str, known: Mapping[str, object]) -> Found | None:
        """The entry of a key, checked byte by byte; None where there is none that is whole.

        Args:
            key: from `key_of`.
            known: objects that were only named when the entry was kept.
        """
        place = self.folder / key
        try:
            return _load(place, known)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError):
            # Damaged, or written by other code under the same key: read the file again.
            self._delete(place)
            return None
        except pl.exceptions.PolarsError:
            self._delete(place)
            return None

    def keep(self, key: str, rows: Path, value: object, known: Mapping[str, object]) -> None:
        """Keep an entry for later runs; where that is not possible, nothing happens.

        Args:
            key: from `key_of`.
            rows: a Parquet file, which is copied.
            value: what belongs to it.
            known: objects to name instead of keeping.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            new = Path(tempfile.mkdtemp(prefix=_NEW, dir=self.folder))
        except OSError:
            return
        try:
            _save(new, rows, value, known)
            new.rename(self.folder / key)
            self._grown = True
        except OSError:
            # A full disk; or another run was first, and what it kept is as good.
            shutil.rmtree(new, ignore_errors=True)

    def tidy(self) -> None:
        """Delete entries unused for 30 days, the longest unused above the size, and remains.

        Only a run that kept something looks at all: an unchanged one costs nothing.
        """
        if not self._grown:
            return
        self._grown = False
        if self.seen is not None:
            self.seen.tidy()
        now = time.time()
        left = self.max_bytes
        for used, size, place in sorted(self._entries(now), reverse=True):
            left -= size
            if left < 0 or now - used > KEPT_DAYS * _DAY_SECONDS:
                self._delete(place)

    def size(self) -> tuple[int, int]:
        """How many entries there are, and their bytes."""
        sizes = [size for _, size, _ in self._entries(None)]
        return len(sizes), sum(sizes)

    def _entries(self, now: float | None) -> Iterator[tuple[float, int, Path]]:
        """Last use, size and place of every entry; with a time, what killed runs left goes."""
        places = list(self.folder.iterdir()) if self.folder.is_dir() else []
        for place in places:
            # Another run may delete what we are looking at.
            with suppress(OSError):
                if not place.name.startswith("."):
                    files = [file.stat() for file in place.iterdir()]
                    used = (place / INDEX).stat().st_mtime
                    yield used, sum(info.st_size for info in files), place
                elif now is not None and now - place.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(place, ignore_errors=True)

    def _delete(self, place: Path) -> None:
        """Out of sight at once, so that nobody finds half an entry; then gone."""
        with suppress(OSError):
            old = Path(tempfile.mkdtemp(prefix=_OLD, dir=self.folder))
            with suppress(OSError):
                place.rename(old / place.name)
            shutil.rmtree(old, ignore_errors=True)


def _save(new: Path, rows: Path, value: object, known: Mapping[str, object]) -> None:
    encoder = Encoder(known)
    code = encoder.encode(value)
    shutil.copyfile(rows, new / ROWS)
    for at, frame in enumerate(encoder.frames):
        frame.write_ipc(new / _frame(at))
    names = [ROWS, *map(_frame, range(len(encoder.frames)))]
    checksums = {}
    for name in names:
        with (new / name).open("rb") as file:
            checksums[name] = checksum_of(file)
    body = json.dumps({"files": checksums, "value": code})
    with (new / INDEX).open("w", encoding="utf-8") as text:
        # The index vouches for the files, and its first line for the index.
        text.write(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}")


def _frame(at: int) -> str:
    return f"frame-{at}.arrow"


def _load(place: Path, known: Mapping[str, object]) -> Found:
    digest, _, body = (place / INDEX).read_text(encoding="utf-8").partition("\n")
    if hashlib.sha256(body.encode()).hexdigest() != digest:
        raise ValueError("the index is damaged")
    index = json.loads(body)
    frames: dict[str, pl.DataFrame] = {}
    rows = None
    for name, expected in index["files"].items():
        with (place / name).open("rb") as file:
            if checksum_of(file) != expected:
                raise ValueError(f"{name} is damaged")
            if name == ROWS:
                # polars keeps the open file: whoever deletes the entry does not hurt this run.
                rows = pl.scan_parquet(file, glob=False)
            else:
                frames[name] = pl.read_ipc(file)
    if rows is None:
        raise ValueError("no rows")
    value = decode(index["value"], known, [frames[_frame(at)] for at in range(len(frames))])
    with suppress(OSError):
        os.utime(place / INDEX)  # the time of last use; a cache we may only read keeps its own
    return Found(rows, value)
