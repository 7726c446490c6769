"""Packed and foreign bytes to plain UTF-8: gzip, zip, other encodings, the line ends of old Macs."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING

from clv_cli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20
# A text export packs by a factor of 5 to 40; far beyond that it is a bomb or no export.
MAX_UNPACK_RATIO = 200
_TABLES = (".csv", ".tsv", ".txt")
_LISTED = 5
# Of a table in a Western script nearly every other byte of UTF-16 is zero; half of them tell enough.
_ZEROS = 4


def unpacked_gzip(path: Path, target: Path, name: str, *, head: bool = False) -> None:
    """Unpack gzip, whatever the file is called, up to a sane size.

    Args:
        path: the packed file.
        target: the copy.
        name: the file, for errors.
        head: its first megabyte is enough.

    Raises:
        DataError: the data are damaged, or unpack to far more than an export does.
    """
    try:
        with gzip.open(path, "rb") as packed:
            _copy(packed, target, path.stat().st_size, name, head=head)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(
            f"the gzip data are damaged: {error}", where=name, hint="transfer the file again"
        ) from error


def member_of(path: Path, wanted: str | None, name: str, where: str) -> str:
    """The one file of a zip that is meant.

    Args:
        path: the zip.
        wanted: its name or a glob; without one it is the only table in it.
        name: the file, for errors.
        where: the config's key, for errors.

    Raises:
        DataError: none or several fit, or the zip is damaged.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            members = sorted(item.filename for item in packed.infolist() if not item.is_dir())
    except zipfile.BadZipFile as error:
        raise DataError(
            f"the zip is damaged: {error}", where=name, hint="transfer the file again"
        ) from error
    found = [
        member
        for member in members
        if (fnmatchcase(member, wanted) if wanted else member.lower().endswith(_TABLES))
        # macOS puts shadows of every file beside it.
        and not member.startswith("__MACOSX/")
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join((found or members)[:_LISTED])
    what = f"no file {wanted}" if wanted else "no CSV"
    raise DataError(
        f"the zip holds {len(found)} files that fit" if found else f"the zip holds {what}",
        where=f"{name} ({listed}{' …' if len(found or members) > _LISTED else ''})",
        hint=f"set member: {(found or members or ['NAME.csv'])[0]} at {where}",
    )


def unpacked_zip(path: Path, member: str, target: Path, name: str, *, head: bool = False) -> None:
    """Unpack one file of a zip, up to a sane size.

    Args:
        path: the zip.
        member: the file within it.
        target: the copy.
        name: the zip, for errors.
        head: the member's first megabyte is enough.

    Raises:
        DataError: damaged, encrypted, or far larger than an export.
    """
    try:
        with zipfile.ZipFile(path) as packed, packed.open(member) as file:
            _copy(file, target, path.stat().st_size, name, head=head)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise DataError(
            f"the zip is damaged: {error}", where=name, hint="transfer the file again"
        ) from error
    except RuntimeError as error:
        raise DataError(
            f"{member} is encrypted", where=name, hint="unpack it yourself, with its password"
        ) from error


def _copy(
    packed: IO[bytes] | gzip.GzipFile, target: Path, size: int, name: str, *, head: bool
) -> None:
    """Copy blocks as long as they stay within what an export can unpack to."""
    limit = max(size * MAX_UNPACK_RATIO, _BLOCK)
    with target.open("wb") as file:
        while block := packed.read(_BLOCK):
            if file.tell() + file.write(block) > limit:
                raise DataError(
                    f"the file unpacks to more than {MAX_UNPACK_RATIO} times its size",
                    where=name,
                    hint="unpack it yourself, and check what it is",
                )
            if head:
                return


def utf16_without_mark(head: bytes) -> str | None:
    """The UTF-16 a text without a byte order mark is in, seen by its zero bytes; None for none."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd * _ZEROS > len(head) and not even:
        return "utf-16-le"
    if even * _ZEROS > len(head) and not odd:
        return "utf-16-be"
    return None


def decoded(path: Path, codec: str, target: Path, name: str) -> None:
    """Write a text in another encoding as UTF-8.

    Args:
        path: the file.
        codec: its encoding.
        target: the copy.
        name: the file, for errors.

    Raises:
        DataError: some bytes are none of that encoding, or the file mixes it with UTF-8.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    passed = line = 0
    with path.open("rb") as file, target.open("w", encoding="utf-8", newline="") as copy:
        while block := file.read(_BLOCK):
            try:
                if codec == "cp1252" and _holds_utf8(block):
                    raise _mixed(name, line + block.count(b"\n", 0, _utf8_place(block)) + 1)
                copy.write(decoder.decode(block))
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start) + 1
                raise DataError(
                    f"the file is neither UTF-8 nor {codec}: byte 0x{error.object[error.start]:02x}"
                    if codec == "cp1252"
                    else f"the file is not {codec}: byte 0x{error.object[error.start]:02x}",
                    where=f"{name}:{line} (byte {passed + error.start})",
                    hint="set encoding of the source, or export it again as UTF-8",
                ) from error
            passed, line = passed + len(block), line + block.count(b"\n")
        try:
            copy.write(decoder.decode(b"", final=True))
        except UnicodeDecodeError as error:
            raise DataError(
                "the file ends within a character", where=name, hint="transfer the file again"
            ) from error


# What UTF-8's two-byte letters look like in Windows-1252: Ã or Â, and a mark no word has there.
_PAIRS = tuple(bytes([lead, mark]) for lead in (0xC3, 0xC2) for mark in range(0xA0, 0xC0))


def _holds_utf8(block: bytes) -> bool:
    return (b"\xc3" in block or b"\xc2" in block) and any(pair in block for pair in _PAIRS)


def _utf8_place(block: bytes) -> int:
    return min(place for pair in _PAIRS if (place := block.find(pair)) >= 0)


def _mixed(name: str, line: int) -> DataError:
    return DataError(
        "the file mixes UTF-8 with another encoding",
        where=f"{name}:{line}",
        hint="export it again as UTF-8; if it is in one encoding, set encoding of the source",
    )


def cr_as_lf(path: Path, target: Path, name: str) -> None:
    """Write a file whose lines end with CR alone, as on old Macs, with LF.

    Raises:
        DataError: it holds LF as well, so what ends a line is not known.
    """
    with path.open("rb") as file, target.open("wb") as copy:
        while block := file.read(_BLOCK):
            if b"\n" in block:
                raise DataError(
                    "some lines end with CR alone, as on old Macs, and some do not",
                    where=name,
                    hint="save the file with LF or CRLF line ends",
                )
            copy.write(block.replace(b"\r", b"\n"))
