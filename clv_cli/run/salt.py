"""The secret behind redacted tokens: a private file, made once and kept."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clv_cli.errors import ConfigError

if TYPE_CHECKING:
    from clv_cli.settings import Settings

BYTES = 32
NAME = "redact.salt"


def salt_path(settings: Settings, base: Path) -> Path:
    """The salt's file: the config's, from the config's folder; else one in the user's own.

    Raises:
        ConfigError: there is no home, and the config names no file.
    """
    if settings.redact.salt_file is not None:
        return base / settings.redact.salt_file
    given = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(given) if Path(given).is_absolute() else Path.home() / ".config"
    except RuntimeError as error:
        raise ConfigError(
            "there is no home folder for the salt of redacted tokens",
            where="redact.salt_file",
            hint="name a file of your own there",
        ) from error
    return folder / "clv" / NAME


def read_salt(path: Path) -> bytes:
    """The salt, made at first use with a mode that only its owner can read.

    Raises:
        ConfigError: it cannot be read or made, others may read it, or it is too short to be one.
    """
    try:
        salt = path.read_bytes() if path.exists() else _made(path)
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(
            f"the salt of redacted tokens cannot be used: {error.strerror}",
            where=str(path),
            hint="make its folder writable, or name another file at redact.salt_file",
        ) from error
    if sys.platform != "win32" and mode & 0o077:
        raise ConfigError(
            "others can read the salt of redacted tokens",
            where=str(path),
            hint=f"chmod 600 {path.name}; whoever has read it can undo tokens",
        )
    if len(salt) < BYTES // 2:
        raise ConfigError(
            f"the salt of redacted tokens has only {len(salt)} bytes",
            where=str(path),
            hint="remove the file: a new one is made, and tokens change",
        )
    return salt


def _made(path: Path) -> bytes:
    """A new salt; where another run was faster, its salt."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(scratch, path)  # fails where the file is there, and never shows half of it
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
    return path.read_bytes()
