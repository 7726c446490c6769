"""A file's bytes: what it is, whether it can be read as UTF-8 text, and whether it keeps still.

Whatever is no plain UTF-8 file (gzip, UTF-16) is unpacked into the store's scratch folder first, so
that the structure scan and polars always read the same plain bytes.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import shutil
import stat
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from clv_cli.errors import DataError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

UTF8_BOM = codecs.BOM_UTF8
_HEAD = 4096
_BLOCK = 1 << 20
# A text export packs by a factor of 5 to 40; far beyond that it is a bomb or no export.
MAX_UNPACK_RATIO = 200

# What a first glance tells: the first bytes, what they are, what the user can do.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip or Excel file, not CSV", "export it as CSV (UTF-8), or unzip it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file, not CSV", "export it as CSV (UTF-8)"),
    (b"%PDF", "a PDF file, not CSV", "export it as CSV (UTF-8)"),
    (b"PAR1", "a Parquet file, not CSV", "export it as CSV (UTF-8)"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file itself",
        "fetch it with: git lfs pull",
    ),
)
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


@dataclass(frozen=True, slots=True)
class RawFile:
    """One export as it lay on the disk when we began.

    Args:
        path: the file the user named.
        plain: the same text as plain UTF-8 bytes: the file itself, or a copy in the scratch folder.
        name: as printed in findings.
        encoding: what the file itself is written in.
    """

    path: Path
    plain: Path
    name: str
    _before: tuple[int, int, int]
    encoding: str = "utf-8"

    def assert_unchanged(self) -> None:
        """Make sure nobody wrote to the file while it was read.

        Raises:
            DataError: its size, time or identity changed; the rows read may be a mixture.
        """
        if _fingerprint(self.path.stat()) != self._before:
            raise DataError(
                "the file changed while it was read",
                where=self.name,
                hint="wait until the export is complete, then run again",
            )


def open_raw(path: Path, name: str, scratch: Path) -> RawFile:
    """Look at a file's first bytes and make it readable as plain UTF-8.

    Args:
        path: the file.
        name: as printed in findings.
        scratch: folder for an unpacked copy, when one is needed.

    Raises:
        DataError: empty, no regular file, no text, or packed data that are damaged.
    """
    try:
        info = path.stat()
        head = _head(path) if stat.S_ISREG(info.st_mode) else b""
    except OSError as error:
        raise DataError(
            "the file cannot be read",
            where=f"{name} ({error.strerror})",
            hint="check the path and the permissions",
        ) from error
    if not stat.S_ISREG(info.st_mode):
        raise DataError("this is not a regular file", where=name, hint="save it as a file first")
    plain, encoding = path, "utf-8"
    if head.startswith(b"\x1f\x8b"):
        plain = _unpack(path, name, scratch)
        head = _head(plain)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        plain, encoding = _transcode(plain, name, scratch), "utf-16"
        head = _head(plain)
    _refuse_strangers(head, name)
    return RawFile(path, plain, name, _fingerprint(info), encoding)


def _fingerprint(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_size, info.st_mtime_ns, info.st_ino


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _refuse_strangers(head: bytes, name: str) -> None:
    """Stop at whatever is no CSV text, and say what it is."""
    text = head.removeprefix(UTF8_BOM).lstrip()
    if not text:
        raise DataError(
            "the file is empty" if not head else "the file holds no text",
            where=name,
            hint="export it again",
        )
    for magic, what, hint in _MAGIC:
        if text.startswith(magic):
            raise DataError(f"this is {what}", where=name, hint=hint)
    if text[:9].lower().startswith(_PAGES):
        raise DataError(
            "this is a web page, not CSV",
            where=name,
            hint="the download met a login or error page: export it again",
        )


def _scratch_copy(path: Path, scratch: Path, suffix: str) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return scratch / f"{digest}{suffix}"


def _unpack(path: Path, name: str, scratch: Path) -> Path:
    """Unpack gzip, whatever the file is called, up to a sane size."""
    plain = _scratch_copy(path, scratch, ".unpacked")
    limit = max(path.stat().st_size * MAX_UNPACK_RATIO, _BLOCK)
    try:
        with gzip.open(path, "rb") as packed, plain.open("wb") as file:
            if _copy(packed, file, limit):
                return plain
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"the gzip data are damaged: {error}", where=name, hint="transfer the file again"
        ) from error
    raise DataError(
        f"the file unpacks to more than {MAX_UNPACK_RATIO} times its size",
        where=name,
        hint="unpack it yourself, and check what it is",
    )


def _copy(packed: gzip.GzipFile, file: BinaryIO, limit: int) -> bool:
    """Copy blocks; False when there is more than the limit."""
    while block := packed.read(_BLOCK):
        file.write(block)
        if file.tell() > limit:
            return False
    return True


def _transcode(path: Path, name: str, scratch: Path) -> Path:
    """UTF-16 with its byte order mark, as Excel's "Unicode text" has it, to UTF-8."""
    plain = _scratch_copy(path, scratch, ".utf8")
    try:
        with (
            path.open(encoding="utf-16", newline="") as wide,
            plain.open("w", encoding="utf-8", newline="") as file,
        ):
            shutil.copyfileobj(wide, file, _BLOCK)
    except UnicodeError as error:
        raise DataError(
            "the file begins as UTF-16, but is not", where=name, hint="export it again as UTF-8"
        ) from error
    return plain


def write_without(path: Path, spans: Iterable[tuple[int, int]], target: Path) -> None:
    """Copy a file with some records blanked, so that the others keep their numbers.

    Args:
        path: the plain file.
        spans: first byte and byte after the last of each record, in order, without line ends.
        target: the copy.
    """
    with path.open("rb") as file, target.open("wb") as copy:
        for start, end in spans:
            left = start - file.tell()
            while left > 0:
                left -= copy.write(file.read(min(_BLOCK, left)))
            file.seek(end)
        shutil.copyfileobj(file, copy, _BLOCK)
