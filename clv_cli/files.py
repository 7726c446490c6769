"""Writing files so that a reader sees the old content or the new, never a torn one."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def atomic_write(path: Path, content: bytes) -> None:
    """Replace a file in one step: temporary file beside it, fsync, rename, fsync of the folder.

    Args:
        path: the file to write; its folder must exist.
        content: all of it.

    Raises:
        UsageError: the file cannot be written; what was there before is untouched.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))  # noqa: PTH101 - mkstemp makes files private; reports are shared
        os.replace(name, path)  # noqa: PTH105
        _sync_folder(path.parent)
    except BaseException as error:
        if os.path.exists(name):  # noqa: PTH110
            os.unlink(name)  # noqa: PTH108
        if isinstance(error, OSError):
            raise _cannot_write(path, error) from error
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those of any new file."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"cannot write {path.name}: {error.strerror or error}",
        where=str(path),
        hint="check that the folder exists, is writable and has room; the old file is untouched",
    )
