"""A file's bytes: what it is, whether it can be read as UTF-8 text, and whether it keeps still.

Whatever is no plain UTF-8 file (gzip, zip, UTF-16, a workbook) is unpacked into the store's scratch
folder first, so that the structure scan and polars always read the same plain bytes.
"""

from __future__ import annotations

import codecs
import hashlib
import shutil
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.sources.frames_as_text import parquet_as_text, workbook_as_text
from clv_cli.sources.unpack import (
    cr_as_lf,
    decoded,
    member_of,
    unpacked_gzip,
    unpacked_zip,
    utf16_without_mark,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from clv_cli.settings import Source
    from clv_cli.sources.preset import Spec

UTF8_BOM = codecs.BOM_UTF8
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_HEAD = 4096
_BLOCK = 1 << 20
_WORKBOOKS = (".xlsx", ".xlsm")

# What a first glance tells: the first bytes, what they are, what the user can do.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (
        _ZIP,
        "a zip or Excel file, not CSV",
        "name it .zip or .xlsx if that is what it is, or export it as CSV",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel file, not CSV", "export it as CSV (UTF-8) or .xlsx"),
    (b"%PDF", "a PDF file, not CSV", "export it as CSV (UTF-8)"),
    (_PARQUET, "a Parquet file, not CSV", "name it .parquet if that is what it is"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the file itself",
        "fetch it with: git lfs pull",
    ),
)
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What the config says about a file's bytes.

    Args:
        encoding: of its text, when it is not to be found out.
        member: the file within a zip.
        sheet: the sheet of a workbook.
        where: the config's key, for errors.
    """

    encoding: str | None = None
    member: str | None = None
    sheet: str | None = None
    where: str = "sources"

    @classmethod
    def of(cls, keys: Spec | Source, where: str) -> Wrapping:
        """What an entry of the config, alone or with its preset, says about its files."""
        return cls(keys.encoding, keys.member, keys.sheet, where)


@dataclass(frozen=True, slots=True)
class RawFile:
    """One export as it lay on the disk when we began.

    Args:
        path: the file the user named.
        plain: the same text as plain UTF-8 bytes: the file itself, or a copy in the scratch folder.
        name: as printed in findings.
        fingerprint: size, time and identity of the file when we began.
        notes: what was noticed about the bytes.
        encoding: what the file itself is written in.
    """

    path: Path
    plain: Path
    name: str
    fingerprint: tuple[int, int, int]
    notes: tuple[Finding, ...] = ()
    encoding: str = "utf-8"

    def assert_unchanged(self) -> None:
        """Make sure nobody wrote to the file while it was read.

        Raises:
            DataError: its size, time or identity changed; the rows read may be a mixture.
        """
        if _fingerprint(self.path.stat()) != self.fingerprint:
            raise DataError(
                "the file changed while it was read",
                where=self.name,
                hint="wait until the export is complete, then run again",
            )


def open_raw(
    path: Path, name: str, scratch: Path, wrapping: Wrapping | None = None, *, head: bool = False
) -> RawFile:
    """Look at a file's first bytes and make it readable as plain UTF-8.

    A copy made for the same bytes before is used again. That the text is UTF-8 to its end is left
    to the structure scan, which reads every byte anyway; see `from_windows`.

    Args:
        path: the file.
        name: as printed in findings.
        scratch: folder for an unpacked copy, when one is needed.
        wrapping: what the config says about the bytes.
        head: a look at the header is all that is wanted: no archive is unpacked further than that.

    Raises:
        DataError: empty, no regular file, no text, or packed data that are damaged.
    """
    how = wrapping or Wrapping()
    try:
        info = path.stat()
        first = _head(path) if stat.S_ISREG(info.st_mode) else b""
    except OSError as error:
        raise DataError(
            "the file cannot be read",
            where=f"{name} ({error.strerror})",
            hint="check the path and the permissions",
        ) from error
    if not stat.S_ISREG(info.st_mode):
        raise DataError("this is not a regular file", where=name, hint="save it as a file first")
    before = _fingerprint(info)
    head = head and _is_archive(path, first)
    # What is made of a head alone has names of its own: nobody must take it for the whole.
    copies = _Copies(scratch, (str(path), before, how, head), name)
    unpacked = _unpacked(path, first, copies, how, head=head)
    if head and _codec(_head(unpacked), how) is not None:
        # A text in another encoding is decoded whole: its head may end within a character.
        return open_raw(path, name, scratch, wrapping)
    plain, codec = _as_text(unpacked, copies, how)
    _refuse_strangers(_head(plain), name)
    return RawFile(path, plain, name, before, encoding=codec)


def from_windows(raw: RawFile, place: int, line: int, scratch: Path) -> RawFile:
    """The same file read as Windows-1252, which is how Excel saves CSV in the West.

    Args:
        raw: the file, which is no UTF-8.
        place: its first byte that is no UTF-8.
        line: the line of that byte.
        scratch: folder for the copy.

    Raises:
        DataError: it holds real UTF-8 characters as well, or bytes that Windows-1252 has not.
    """
    copies = _Copies(scratch, (str(raw.plain), raw.fingerprint, "cp1252"), raw.name)
    plain = copies.make(".windows", lambda target: decoded(raw.plain, "cp1252", target, raw.name))
    with raw.plain.open("rb") as file:
        file.seek(place)
        byte = file.read(1)
    note = Finding(
        Severity.WARNING,
        "not_utf8",
        f"the file is not UTF-8 (byte 0x{byte.hex()} in line {line}); read as Windows-1252, "
        f"where it is {byte.decode('cp1252')!r}",
        source=raw.name,
        row=line,
        remedy="if names look wrong, set encoding of the source, or export it again as UTF-8",
    )
    return replace(raw, plain=plain, notes=(*raw.notes, note), encoding="windows-1252")


@dataclass(frozen=True, slots=True)
class _Copies:
    """Copies of one file in the scratch folder, named by what they are made of."""

    scratch: Path
    key: tuple[object, ...]
    name: str

    def make(self, suffix: str, write: Callable[[Path], None]) -> Path:
        """The copy with this suffix; written only when it is not there."""
        digest = hashlib.sha256(repr(self.key).encode()).hexdigest()[:16]
        path = self.scratch / f"{digest}{suffix}"
        if not path.exists():
            self.scratch.mkdir(parents=True, exist_ok=True)
            half = path.with_name(f"{path.name}.half")
            write(half)
            half.replace(path)
        return path


def _is_archive(path: Path, first: bytes) -> bool:
    """Whether the export is packed in gzip or a zip; a workbook is a zip by another name."""
    return first.startswith(_GZIP) or (first.startswith(_ZIP) and path.suffix.lower() == ".zip")


def _unpacked(path: Path, first: bytes, copies: _Copies, how: Wrapping, *, head: bool) -> Path:
    """The bytes of the export itself, or their head, out of whatever they are packed in."""
    name, where = copies.name, how.where
    if first.startswith(_GZIP):
        return copies.make(".unpacked", lambda target: unpacked_gzip(path, target, name, head=head))
    if _is_archive(path, first):
        member = member_of(path, how.member, name, where)
        return copies.make(
            ".member", lambda target: unpacked_zip(path, member, target, name, head=head)
        )
    if first.startswith(_ZIP) and path.suffix.lower() in _WORKBOOKS:
        return copies.make(
            ".sheet", lambda target: workbook_as_text(path, how.sheet, target, name, where)
        )
    if first.startswith(_PARQUET) and path.suffix.lower() == ".parquet":
        return copies.make(".columns", lambda target: parquet_as_text(path, target, name))
    return path


def _as_text(path: Path, copies: _Copies, how: Wrapping) -> tuple[Path, str]:
    """The file, or a copy of it, as UTF-8 with LF line ends as far as its first bytes tell; its encoding."""
    head, name = _head(path), copies.name
    codec = _codec(head, how)
    if codec is not None:
        path = copies.make(".utf8", lambda target: decoded(path, codec, target, name))
        head = _head(path)
    if b"\r" in head and b"\n" not in head:
        path = copies.make(".lf", lambda target: cr_as_lf(path, target, name))
    return path, codec or "utf-8"


def _codec(head: bytes, how: Wrapping) -> str | None:
    """The encoding of a text, as far as its first bytes and the config tell; None for UTF-8."""
    if head.startswith(_UTF16_BOMS):
        return "utf-16"
    if how.encoding not in {None, "utf-8"}:
        return how.encoding
    return utf16_without_mark(head)


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
