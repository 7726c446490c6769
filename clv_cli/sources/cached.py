"""Reading a file, or finding that it was read before: an unchanged file is only hashed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from clv_cli.errors import DataError
from clv_cli.sources.cache import ROWS, hash_of, key_of
from clv_cli.sources.listing import SUFFIXES, read_listing
from clv_cli.sources.part import read_file

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from clv_cli.settings import Settings
    from clv_cli.sources.lake import Elsewhere
    from clv_cli.sources.part import Desk, Part
    from clv_cli.sources.preset import Spec
    from clv_cli.sources.seen import Seen

# The settings that reading a file looks at, beside those of its source; a test holds it to them.
READING = ("timezone", "base_currency")


@dataclass(frozen=True, slots=True)
class Content:
    """A file's bytes as they were when it was hashed.

    Args:
        digest: their SHA-256.
        stamp: size, time and identity of the file.
    """

    digest: str
    stamp: tuple[int, int, int]


def content_of(path: Path, name: str, seen: Seen | None = None) -> Content:
    """The hash of a file and what its folder says of it.

    Args:
        path: the file.
        name: as printed.
        seen: files hashed before, which are not read again unless they were touched; None: read it.

    Raises:
        DataError: it cannot be read, or changed meanwhile.
    """
    begun = time.time()
    try:
        before = path.stat()
        known = seen.digest(path, before) if seen is not None else None
        digest = known if known is not None else _hashed(path)
    except OSError as error:
        raise DataError(
            "the file cannot be read",
            where=f"{name} ({error.strerror})",
            hint="check the path and the permissions",
        ) from error
    _assert_still(path, _stamp(before), name)
    if seen is not None and known is None:
        seen.keep(path, before, digest, begun)
    return Content(digest, _stamp(before))


def part_of(
    path: Path, name: str, spec: Spec, desk: Desk, elsewhere: Elsewhere | None = None
) -> Part:
    """A file as a part: from the cache when it was read before, else read now and kept.

    Args:
        path: the file.
        name: as printed.
        spec: how its source is read.
        desk: settings and store.
        elsewhere: what the file is a copy of; copied only when it was not read before.

    Raises:
        DataError: as `read_file`; or it cannot be copied.
        ConfigError: as `read_file`.
    """
    cache = desk.store.cache
    if cache is None:
        return _read(path, name, spec, desk, elsewhere)
    content = (
        content_of(path, name, cache.seen)
        if elsewhere is None
        else Content(elsewhere.digest(), elsewhere.stamp)
    )
    key = key_of([content.digest, name, replace(spec, where=""), *_chosen(desk.settings)])
    known: dict[str, object] = {"spec": spec, "settings": desk.settings}
    found = cache.find(key, known | {"path": cache.folder / key / ROWS})
    if found is not None:
        part = cast("Part", found.value)
        return replace(part, held=found.rows, entry=(key, part.path))
    part = _read(path, name, spec, desk, elsewhere)
    # Hash and rows must be of the same bytes, or the cache would be wrong for ever.
    if elsewhere is None:
        _assert_still(path, content.stamp, name)
    cache.keep(key, part.path, part, known | {"path": part.path})
    return replace(part, entry=(key, part.path))


def _read(
    path: Path, name: str, spec: Spec, desk: Desk, elsewhere: Elsewhere | None = None
) -> Part:
    read = read_listing if path.suffix in SUFFIXES else read_file
    if elsewhere is None:
        return read(path, name, spec, desk)
    with elsewhere.here(desk.store.scratch):
        return read(path, name, spec, desk)


def _chosen(settings: Settings) -> list[object]:
    return [getattr(settings, name) for name in READING]


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hash_of(file)


def _stamp(info: os.stat_result) -> tuple[int, int, int]:
    return info.st_size, info.st_mtime_ns, info.st_ino


def _assert_still(path: Path, before: tuple[int, int, int], name: str) -> None:
    if _stamp(path.stat()) != before:
        raise DataError(
            "the file changed while it was read",
            where=name,
            hint="wait until the export is complete, then run again",
        )
