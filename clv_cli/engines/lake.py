"""Objects of a lake through Spark Connect: listed, hashed where they lie, handed out as bytes.

The server reads them as `binaryFile`, byte for byte, and looks into none. Sail and Spark differ in small
things that are settled here: how a path is told, that Sail lists a large object once per core, and that each
has its own way to write a name that looks like a pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clv_cli.errors import DataError
from clv_cli.objects import Object, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

# `file:/x` and `s3a://lake/x` of Spark; Sail leaves all of it out.
_ROOT = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:(?://[^/]*)?)?/*")
# How gRPC, whose error has many lines, says why it ended.
_LOST = re.compile(r"<_\w*RpcError.*?^\s*details = \"(.*?)\"$", re.DOTALL | re.MULTILINE)
# What one of them takes for more than itself, in a name.
_WILD = re.compile(r"[\[\]{}*?%\\]")
# An object passes through memory whole, on its way 3.5 times (200 MB: 710 MB).
MAX_BYTES = 1 << 29
STAMP = ["path", "length", "modificationTime"]


@dataclass(frozen=True, slots=True)
class SparkObjects:
    """The objects that a server sees.

    Args:
        session: of Spark Connect.
        server: its address, as shown.
    """

    session: SparkSession
    server: str

    def listed(self, folder: str) -> list[Object]:
        """Every object at an address or below it, each once, by address; those without a byte are left out.

        Args:
            folder: an address without wildcards.

        Raises:
            DataError: the server does not know the place, or may not look at it.
        """
        rows = self._asked(self._read(spelled(folder)).select(*STAMP), folder).to_pylist()
        root, below = root_of(folder), key_of(folder)
        keys = [(key_of(row["path"]), row) for row in rows]
        found = {
            Object(f"{root}/{key}", *_stamp(row)) for key, row in keys if key.startswith(below)
        }
        # A large object is listed once per core by Sail 0.7; and Spark writes empty ones as marks.
        return sorted((one for one in found if one.size), key=lambda one: one.address)

    def hashed(self, objects: Sequence[Object]) -> dict[str, str]:
        """The SHA-256 of each object's bytes by address, computed where they lie.

        Args:
            objects: of one store, one at least.

        Raises:
            DataError: one is gone, or cannot be read.
        """
        from pyspark.sql import functions as F  # noqa: N812, PLC0415 - of the extra, and its usual name

        digest = F.sha2("content", 256).alias("digest")
        places = [spelled(one.address) for one in objects]
        rows = self._asked(self._read(*places).select("path", digest), objects[0].address)
        root = root_of(objects[0].address)
        known = {f"{root}/{key_of(row['path'])}": row["digest"] for row in rows.to_pylist()}
        for one in objects:
            if one.address not in known:
                raise _gone(one)
        return known

    def content(self, one: Object) -> memoryview:
        """The bytes of an object, in one piece.

        Raises:
            DataError: too large, gone, not readable, or changed since it was listed.
        """
        if one.size > MAX_BYTES:
            raise DataError(
                f"the object is larger than {MAX_BYTES >> 20:,} MB",
                where=f"{one.address} ({one.size >> 20:,} MB)",
                hint="have it written as several: an object passes through memory whole",
            )
        from pyspark.sql import functions as F  # noqa: N812, PLC0415 - of the extra, and its usual name

        # One row: Sail has several of a large object; and a spelling may fit other names.
        named = F.col("path").endswith(key_of(one.address))
        wanted = self._read(spelled(one.address)).where(named).limit(1)
        table = self._asked(wanted.select(*STAMP, "content"), one.address)
        rows = table.select(STAMP).to_pylist()
        if not rows or key_of(rows[0]["path"]) != key_of(one.address):
            raise _gone(one)
        found = memoryview(table.column("content")[0].as_buffer()).cast("B")
        if _stamp(rows[0]) != (one.size, one.changed) or len(found) != one.size:
            raise DataError(
                "the file changed while it was read",
                where=one.address,
                hint="wait until the export is complete, then run again",
            )
        return found

    def _read(self, *places: str) -> DataFrame:
        # Values in names of folders (`year=2025`) would become columns, which are not in the files.
        whole = self.session.read.format("binaryFile").option("recursiveFileLookup", "true")
        return whole.load(list(places))

    def _asked(self, frame: DataFrame, address: str) -> pa.Table:
        """The rows of a query; whatever a server says is said in three lines."""
        try:
            return frame.toArrow()
        except Exception as fault:
            raise DataError(
                f"the engine cannot read this: {first_line(fault)}",
                where=f"{address} (by {self.server})",
                hint="look whether the server runs, knows this place, and may read it",
            ) from fault


def first_line(fault: BaseException) -> str:
    """The first line of an error that says something; of a lost connection, what was lost."""
    lost = _LOST.search(str(fault))
    if lost is not None:
        return f"the connection is lost, {lost.group(1)[:200]}"
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(fault).__name__


def key_of(path: str) -> str:
    """What names an object within its store, however the engine writes the store."""
    return _ROOT.sub("", path)


def spelled(address: str) -> str:
    """An address as every engine finds it: what might be a pattern is one character of any kind.

    Hadoop escapes by backslash, which Sail takes for a slash; Sail decodes percent signs, which Spark does
    not. So a spelling may fit other names, too, and what comes back is told by its own.
    """
    root = root_of(address)
    return root + _WILD.sub("?", address[len(root) :])


def _stamp(row: dict[str, Any]) -> tuple[int, int]:
    # Zoned, so that neither this machine's zone nor the server's matters.
    return row["length"], round(row["modificationTime"].timestamp() * 1e6)


def _gone(one: Object) -> DataError:
    return DataError(
        "the engine has listed this object, and does not find it",
        where=one.address,
        hint="run again, if it was replaced meanwhile; else have its name changed",
    )
