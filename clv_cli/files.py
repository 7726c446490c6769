"""Writing a file so that a reader never sees half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def atomic_write(path: Path, content: bytes) -> None:
    """Replace a file at once: whoever reads it sees the old bytes or all the new ones.

    The bytes go to a temporary file in the same folder, are forced to the disk and renamed; when
    anything fails on the way, the old file stays and the temporary one is removed.

    Args:
        path: the file to write; its folder must exist.
        content: all of it.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A replaced file keeps its mode; a new one holds customers, and is not for everybody.
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o640 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's umask; the system offers no way to read it but setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
