"""Writing files and folders so that a reader never sees half of one, and one run at a time."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli.errors import LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PARTIAL = ".tmp-"
# Polars leaves a query at once when a signal comes; its threads end with what they have in hand.
_PATIENCE = 100


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of this run alone, among the system's temporary ones; gone afterwards.

    Raises:
        OSError: it cannot be made.
    """
    # Named before it is made: wherever a signal ends the run, what is there is known and goes.
    # `tempfile` knows a folder's name only after it was made.
    folder = Path(tempfile.gettempdir()) / f"clv-{secrets.token_hex(16)}"
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder into which threads may still be writing what a signal has ended for us."""
    for _ in range(_PATIENCE):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.02)


def atomic_write(path: Path, content: bytes, *, lasting: bool = True) -> None:
    """Replace a file at once: whoever reads it sees the old bytes or all the new ones.

    The bytes go to a temporary file in the same folder, are forced to the disk and renamed; when
    anything fails on the way, the old file stays and the temporary one is removed.

    Args:
        path: the file to write; its folder must exist.
        content: all of it.
        lasting: whether it must outlast a power cut; what can be made again need not.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        # A replaced file keeps its mode; a new one holds customers, and is not for everybody.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o640 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder with some files at once: it is there with all of them, or not at all.

    Args:
        folder: must not be there yet; the one above must.
        files: bytes by name.

    Raises:
        OSError: it cannot be written; nothing of it is left.
    """
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder.parent))
    try:
        for name, content in files.items():
            with (partial / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            (partial / name).chmod(0o640 & ~_umask())
        # What customers pay is no reading for everybody on the machine.
        partial.chmod(0o750 & ~_umask())
        force_folder(partial)
        partial.rename(folder)
        force_folder(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def point_to(link: Path, target: str) -> None:
    """Let a symbolic link lead elsewhere, at once; where there are none, a file names the target.

    Args:
        link: the link; a text file `<link>.txt` on systems without links.
        target: what it leads to, relative to its folder.

    Raises:
        OSError: the folder cannot be written.
    """
    if os.name != "posix":
        atomic_write(link.with_suffix(".txt"), f"{target}\n".encode())
        return
    if link.is_symlink() and str(link.readlink()) == target:
        return
    holder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=link.parent))
    try:
        (holder / link.name).symlink_to(target)
        (holder / link.name).replace(link)
    finally:
        shutil.rmtree(holder, ignore_errors=True)
    force_folder(link.parent)


def sweep_partial(folder: Path) -> None:
    """Remove what killed runs left of unfinished folders; only for the holder of the lock."""
    for place in folder.glob(f"{_PARTIAL}*"):
        shutil.rmtree(place, ignore_errors=True)
    for place in folder.glob(".*.tmp"):
        with suppress(OSError):
            place.unlink()


def force_folder(folder: Path) -> None:
    """Force a folder's list of names to the disk, where the platform can.

    Raises:
        OSError: it cannot.
    """
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path, wait: float = 0) -> Iterator[None]:
    """Hold a lock that the system itself releases when its holder dies.

    Args:
        path: the lock's file; it stays, empty, and means nothing by itself.
        wait: seconds to wait for another holder.

    Raises:
        LockedError: another process holds it.
        OSError: the file cannot be made.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only runs that lock need it

    lock = FileLock(path, timeout=wait)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockedError(
            "another run holds the lock" + (f", still after {wait:g} s" if wait else ""),
            where=str(path),
            hint="wait for it with --wait SECONDS; the lock goes when its holder ends",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _umask() -> int:
    """The process's umask; the system offers no way to read it but setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
