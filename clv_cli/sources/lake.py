"""Sources that an engine reads: addresses to objects, and objects to copies that are read like any file.

The bytes come here as they are, so one grammar reads everything: encodings, delimiters, line ends,
archives and Parquet, with the rows that the object itself has. An object is copied when it is its turn,
and its copy goes when it has been read; one that an earlier run has read is not copied at all: the engine
hashes it where it lies.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from clv_cli.errors import DataError
from clv_cli.objects import Object, Reader, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What a folder is looked through for; YAML lists are named one by one.
KINDS = (".csv", ".tsv", ".tab", ".psv", ".txt", ".gz", ".zip", ".xlsx", ".xlsm", ".parquet")
_WILD = re.compile(r"[*?\[]")
# One part of a pattern as a regular expression; `*` stays within a folder, `**/` does not.
_PARTS = re.compile(r"(\*\*/)|(\*+)|(\?)|\[(!?)([^\]/]+)\]|(.)", re.DOTALL)
# What means more in a set of a regular expression than in one of a glob.
_SPECIAL = re.compile(r"[\\\[\^&~|]")


@dataclass(slots=True)
class Listing:
    """The objects of one source.

    Args:
        reader: the engine.
        objects: by address.
        digests: their SHA-256 by address, once somebody asks.
    """

    reader: Reader
    objects: tuple[Object, ...]
    digests: dict[str, str] = field(default_factory=dict)

    def digest(self, one: Object) -> str:
        """The SHA-256 of an object; those of all are asked for at once."""
        if not self.digests:
            self.digests = self.reader.hashed(self.objects)
        return self.digests[one.address]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object, and where its copy goes.

    Args:
        object: as the engine listed it.
        listing: that it is from.
        copy: in a folder of its own: two objects of one name stay apart.
    """

    object: Object
    listing: Listing
    copy: Path

    def fetch(self) -> None:
        """Copy the object, unless its copy is there.

        Raises:
            DataError: it cannot be read, or is no longer what was listed or hashed.
        """
        if self.copy.exists():
            return
        content = self.listing.reader.content(self.object)
        known = self.listing.digests.get(self.object.address)
        if known is not None and hashlib.sha256(content).hexdigest() != known:
            raise DataError(
                "the file changed while it was read",
                where=self.object.address,
                hint="wait until the export is complete, then run again",
            )
        self.copy.parent.mkdir(parents=True, exist_ok=True)
        self.copy.write_bytes(content)

    def digest(self) -> str:
        """The SHA-256 of its bytes, by the engine."""
        return self.listing.digest(self.object)

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Its size and time, as `cached.Content` has them."""
        return self.object.size, self.object.changed, 0

    @contextmanager
    def here(self, scratch: Path) -> Iterator[None]:
        """The copy while it is read; what reading unpacks goes with it, for a lake may be larger than the disk.

        Args:
            scratch: where reading leaves what it unpacks.

        Raises:
            DataError: as `fetch`.
        """
        self.fetch()
        before = set(scratch.iterdir())
        try:
            yield
        finally:
            self.copy.unlink()
            for made in set(scratch.iterdir()) - before:
                made.unlink()


def objects_of(pattern: str, where: str, reader: Reader | None, scratch: Path) -> list[Elsewhere]:
    """The objects of an address, folder or glob, sorted; one of exactly that name is meant literally.

    Args:
        pattern: what the source says.
        where: the config's key, for errors.
        reader: the engine; None where polars is the engine.
        scratch: folder for copies.

    Raises:
        DataError: no engine, no such objects, or the engine cannot list them.
    """
    if reader is None:
        raise DataError(
            "this address is read by an engine, and none is set",
            where=f"{pattern} ({where}.path)",
            hint="set engine: {kind: spark, url: sc://HOST:15002}; or --engine sail starts one here",
        )
    found = reader.listed(_folder(pattern))
    literal = [one for one in found if one.address == pattern]
    fits = re.compile(_expression(pattern)).fullmatch
    chosen = literal or [one for one in found if fits(one.address) or _within(one.address, pattern)]
    if not chosen:
        raise DataError(
            "no file is found",
            where=f"{pattern} ({where}.path)",
            hint="the engine sees none of a known kind there; check the name, and what its server may see",
        )
    listing = Listing(reader, tuple(chosen))
    return [Elsewhere(one, listing, _copy(scratch, one)) for one in chosen]


def is_export(name: str) -> bool:
    """Whether a file below a folder is an export by its name; hidden ones are none.

    Spark and others begin the names of what they write beside the data with `_` or a point.

    Args:
        name: relative to the folder.
    """
    path = PurePosixPath(name)
    return path.suffix.casefold() in KINDS and not any(p.startswith(("_", ".")) for p in path.parts)


def _within(address: str, folder: str) -> bool:
    """Whether an object is an export in or below a folder."""
    below = f"{folder.rstrip('/')}/"
    return address.startswith(below) and is_export(address[len(below) :])


def _folder(pattern: str) -> str:
    """The address to list: all before the first part that has a wildcard."""
    root = root_of(pattern)
    found = _WILD.search(pattern, len(root))
    # A name may hold what looks like a wildcard, so its folder is listed too.
    return pattern if found is None else pattern[: pattern.rindex("/", 0, found.start()) + 1]


def _expression(pattern: str) -> str:
    """A glob as a regular expression, with the meaning that paths of this machine give it."""
    text = ""
    for deep, star, one, negated, several, plain in _PARTS.findall(pattern):
        if deep:
            text += r"(?:[^/.][^/]*/)*"
        elif star:
            # Hidden names are to be named.
            text += r"(?:(?<!/)|(?!\.))[^/]*"
        elif one:
            text += "[^/]"
        elif several:
            chosen = _SPECIAL.sub(r"\\\g<0>", several)
            text += f"[{'^' if negated else ''}{chosen}]"
        else:
            text += re.escape(plain)
    return text


def _copy(scratch: Path, one: Object) -> Path:
    """Where an object is copied to; its own name tells what it is packed in."""
    folder = hashlib.sha256(one.address.encode()).hexdigest()[:16]
    return scratch / "objects" / folder / PurePosixPath(one.address).name
