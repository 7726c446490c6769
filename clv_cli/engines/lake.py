"""Objects of a lake through Spark Connect: listed, hashed where they lie, handed out as bytes.

The server reads them as `binaryFile`, byte for byte, and looks into none. Sail and Spark differ in small
things that are settled here: how a path is told, that Sail lists a large object once per core, and how a
name with a wildcard or a percent sign is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from clv_cli.errors import DataError
from clv_cli.objects import Object, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.connect.session import SparkSession

# `file:/x` and `s3a://lake/x` of Spark; Sail leaves all of it out.
_ROOT = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:(?://[^/]*)?)?/*")
_WILD = re.compile(r"([\[\]{}*?])")
# Spark's own limit is 2 GB; an object passes through memory whole, here and there.
MAX_BYTES = 1 << 30
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
        rows: list[dict[str, Any]] = []
        for place in spellings(folder):
            rows = rows or self._asked(self._read(place).select(*STAMP), folder).to_pylist()
        root, below = root_of(folder), key_of(folder)
        found = set()
        for row in rows:
            key = key_of(row["path"])
            if not key.startswith(below):
                raise DataError(
                    "the engine lists an object of another place",
                    where=f"{folder} ({row['path']}, by {self.server})",
                    hint="write the address as the engine knows it",
                )
            found.add(Object(f"{root}/{key}", *_stamp(row)))
        # A large object is listed once per core by Sail 0.7; and Spark writes empty ones as marks.
        return sorted((one for one in found if one.size), key=lambda one: one.address)

    def hashed(self, objects: Sequence[Object]) -> dict[str, str]:
        """The SHA-256 of each object's bytes by address, computed where they lie.

        Raises:
            DataError: one is gone, or cannot be read.
        """
        from pyspark.sql import functions as F  # noqa: N812, PLC0415 - of the extra, and its usual name

        digest = F.sha2("content", 256).alias("digest")
        known: dict[str, str] = {}
        # All at once in the usual spelling; what is not found so, in the other.
        for spelling in range(2):
            left = [one.address for one in objects if one.address not in known]
            places = [ways[spelling] for ways in map(spellings, left) if ways[spelling:]]
            if places:
                rows = self._asked(self._read(*places).select("path", digest), left[0]).to_pylist()
                root = root_of(left[0])
                known |= {f"{root}/{key_of(row['path'])}": row["digest"] for row in rows}
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
        for place in spellings(one.address):
            wanted = self._read(place).select(*STAMP, "content").limit(1)
            for row in self._asked(wanted, one.address).to_batches():
                told = row.select(STAMP).to_pylist()[:1]
                if told and key_of(told[0]["path"]) == key_of(one.address):
                    found = memoryview(row.column("content")[0].as_buffer()).cast("B")
                    if _stamp(told[0]) != (one.size, one.changed) or len(found) != one.size:
                        raise _changed(one)
                    return found
        raise _gone(one)

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
                hint="the server must know this place, and have the right to read it",
            ) from fault


def first_line(fault: BaseException) -> str:
    """The first line of an error that says something."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(fault).__name__


def key_of(path: str) -> str:
    """What names an object within its store, however the engine writes the store."""
    return _ROOT.sub("", path)


def literal(address: str) -> str:
    """An address in which no character is a wildcard."""
    root = root_of(address)
    return root + _WILD.sub(r"[\1]", address[len(root) :])


def spellings(address: str) -> list[str]:
    """How engines may want an address written: Spark as it is, Sail with its percent signs quoted."""
    root = root_of(address)
    return [literal(address), *([root + quote(address[len(root) :])] if "%" in address else [])]


def _stamp(row: dict[str, Any]) -> tuple[int, int]:
    # Zoned, so that neither this machine's zone nor the server's matters.
    return row["length"], round(row["modificationTime"].timestamp() * 1e6)


def _changed(one: Object) -> DataError:
    return DataError(
        "the file changed while it was read",
        where=one.address,
        hint="wait until the export is complete, then run again",
    )


def _gone(one: Object) -> DataError:
    return DataError(
        "the engine has listed this object, and does not find it",
        where=one.address,
        hint="run again if it was replaced; give it a name without wildcards and backslashes if not",
    )
