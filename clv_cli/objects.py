"""Objects: files that only an engine sees, by their address, such as `s3://lake/billing/2025.csv`.

An engine lists them, hashes them where they lie, and hands out their bytes; what the bytes mean is
for `sources` to say, as of any file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

# Two letters at least: `C:` is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)")
# Where what stands before the @ names a container, and nobody.
_CONTAINERS = ("abfs", "abfss", "wasb", "wasbs")
# `?` is a wildcard in a path; what follows it is a query where it gives something a value.
_QUERY = re.compile(r"[?&][^/?&=]+=")


def is_address(path: str) -> bool:
    """Whether a path names an object of a store, which an engine reads."""
    return _SCHEME.match(path) is not None


def root_of(address: str) -> str:
    """The store of an address: `s3://lake` of `s3://lake/billing/x.csv`.

    Raises:
        ValueError: it is no address.
    """
    found = _SCHEME.match(address)
    if found is None:
        raise ValueError("no address")
    return found.group()


def holds_secret(address: str) -> bool:
    """Whether an address tells who asks: a user, a password, or a query such as a signature."""
    found = _SCHEME.match(address)
    if found is None:
        return False
    user, at, _ = found.group(2).rpartition("@")
    named = bool(at) and (":" in user or found.group(1).lower() not in _CONTAINERS)
    return named or _QUERY.search(address) is not None


@dataclass(frozen=True, slots=True)
class Object:
    """One object as an engine lists it.

    Args:
        address: what the user would write.
        size: in bytes.
        changed: when it was last written, in microseconds since 1970.
    """

    address: str
    size: int
    changed: int


class Reader(Protocol):
    """What an engine does with objects; see `engines.lake`. All raise `DataError` where it cannot."""

    def listed(self, folder: str) -> list[Object]:
        """Every object at an address or below it, each once, by address."""
        ...

    def hashed(self, objects: Sequence[Object]) -> dict[str, str]:
        """The SHA-256 of each object's bytes, by address."""
        ...

    def content(self, one: Object) -> memoryview:
        """The bytes of an object, as they were when it was listed."""
        ...
