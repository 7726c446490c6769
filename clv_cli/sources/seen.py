"""Files whose bytes were hashed before: what the file system says of one tells that nothing was written since.

A record holds size, times, inode and device of a file beside its SHA-256. The time of its last change
(`ctime`) is the kernel's: no program can set it back, as it can the time of last writing. A file that was
touched a moment before it is hashed gets no record, for a write within the same tick of the clock would
not show. Records live thirty days, so every file is read whole now and then; `--verify` reads all now.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from clv_cli.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

SETTLED_SECONDS = 3  # times of files are whole seconds or two on some disks
KEPT_SECONDS = 30 * 24 * 3600


class Seen:
    """Hashes of files by path, for any number of runs at once; safe to delete at any time.

    Args:
        folder: made when something is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def digest(self, path: Path, info: os.stat_result) -> str | None:
        """The SHA-256 of a file that was not written since it was hashed; None where that is not known.

        Args:
            path: the file.
            info: what the file system says of it now.
        """
        place = self._place(path)
        try:
            if time.time() - place.stat().st_mtime > KEPT_SECONDS:
                return None
            stamp, digest = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return None
        return digest if stamp == _stamp(info) and isinstance(digest, str) else None

    def keep(self, path: Path, info: os.stat_result, digest: str, begun: float) -> None:
        """Keep what was found; where that is not possible, or not safe, nothing happens.

        Args:
            path: the file.
            info: what the file system said of it before it was hashed.
            digest: its SHA-256.
            begun: when hashing began, in seconds of the clock.
        """
        changed = max(info.st_mtime_ns, info.st_ctime_ns) / 1e9
        # Elsewhere than on POSIX `ctime` is the day a file was made, which tells nothing.
        if os.name != "posix" or begun - changed < SETTLED_SECONDS:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            record = json.dumps([_stamp(info), digest])
            atomic_write(self._place(path), record.encode(), lasting=False)

    def tidy(self) -> None:
        """Delete the records that no longer hold."""
        for place in list(self.folder.iterdir()) if self.folder.is_dir() else []:
            # Another run may be first.
            with suppress(OSError):
                if time.time() - place.stat().st_mtime > KEPT_SECONDS:
                    place.unlink()

    def _place(self, path: Path) -> Path:
        name = hashlib.sha256(os.fsencode(path.absolute())).hexdigest()
        return self.folder / f"{name}.json"


def _stamp(info: os.stat_result) -> list[int]:
    return [info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_dev]
