"""All sources of a config into one Book."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.objects import is_address
from clv_cli.progress import Reading, unwatched
from clv_cli.sources.assemble import assemble
from clv_cli.sources.bytes import Wrapping, open_raw
from clv_cli.sources.cached import part_of
from clv_cli.sources.detect import detect, preset_notes
from clv_cli.sources.headers import read_headers
from clv_cli.sources.invoices import enrich
from clv_cli.sources.lake import is_export, objects_of
from clv_cli.sources.part import Desk, Part
from clv_cli.sources.preset import spec_of
from clv_cli.sources.presets import find_preset
from clv_cli.sources.upsert import Upserted, upsert

if TYPE_CHECKING:
    from clv_cli.frames import Book, Finding
    from clv_cli.objects import Reader
    from clv_cli.progress import Watch
    from clv_cli.settings import Settings, Source
    from clv_cli.sources.lake import Elsewhere
    from clv_cli.sources.preset import Spec
    from clv_cli.sources.store import LineStore

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class _File:
    """One file to read, and how."""

    path: Path
    name: str
    spec: Spec
    notes: tuple[Finding, ...] = field(default=())
    elsewhere: Elsewhere | None = None


def load_book(
    settings: Settings,
    base: Path,
    store: LineStore,
    watch: Watch = unwatched,
    lake: Reader | None = None,
) -> Book:
    """Read every source of a config.

    Each file becomes a typed part of the store; the Book scans the parts lazily. Rows that cannot
    be read are set aside with file, row, column and reason, and every file's account must foot.

    Args:
        settings: the config.
        base: folder that relative paths start from.
        store: where the parts go.
        watch: told of every file before it is read, and when all are.
        lake: the engine, which reads what has an address; None where polars is the engine.

    Raises:
        ConfigError: an unknown preset, table or column; no currency.
        DataError: a file, its structure or its content that cannot be trusted.
    """
    files = [
        file
        for number, source in enumerate(settings.sources)
        for file in _files(source, f"sources[{number}]", base, store, lake)
    ]
    desk = Desk(settings, store)
    # Heads first: lines of an API dump cannot be judged without them.
    told = Reading(watch, len(files))
    heads = _upserted([_read(file, desk, told) for file in files if not file.spec.enrich], store)
    invoices = [part.rows() for part in heads.parts if part.table == "invoices"]
    lines = _upserted(
        [_enriched(file, desk, invoices, told) for file in files if file.spec.enrich], store
    )
    parts = sorted((*heads.parts, *lines.parts), key=lambda part: (part.table, part.name))
    if store.cache is not None:
        store.cache.tidy()
    book = assemble(parts, settings, store)
    overlaps = (*heads.findings, *lines.findings)
    return replace(
        book,
        findings=(*book.findings, *overlaps),
        replaced=pl.concat([heads.replaced, lines.replaced]),
    )


def source_files(settings: Settings, base: Path) -> list[tuple[Path, str]]:
    """Every file here that a config's sources name, and its name as printed; each once, sorted by name.

    Args:
        settings: the config.
        base: folder that relative paths start from.

    Raises:
        DataError: a source for which there is no file.
    """
    found = {
        name: path
        for number, source in enumerate(settings.sources)
        if not is_address(source.path)
        for path, name in _paths(source.path, f"sources[{number}]", base)
    }
    return [(path, name) for name, path in sorted(found.items())]


def source_objects(settings: Settings, lake: Reader | None, scratch: Path) -> list[Elsewhere]:
    """Every object that a config's sources name; each once, sorted by address.

    Args:
        settings: the config.
        lake: the engine.
        scratch: folder for copies, should they be wanted.

    Raises:
        DataError: no engine, or a source for which there is no object.
    """
    found = {
        one.object.address: one
        for number, source in enumerate(settings.sources)
        if is_address(source.path)
        for one in objects_of(source.path, f"sources[{number}]", lake, scratch)
    }
    return [one for _, one in sorted(found.items())]


def _upserted(parts: list[Part], store: LineStore) -> Upserted:
    # In the order of names: which of two equal files stays must not hang on the config's order.
    return upsert(sorted(parts, key=lambda part: (part.table, part.name)), store)


def _read(file: _File, desk: Desk, told: Reading) -> Part:
    told.begins(file.name)
    part = part_of(file.path, file.name, file.spec, desk, file.elsewhere)
    told.ends(part.sums.tally().rows)
    return replace(part, notes=(*file.notes, *part.notes))


def _enriched(file: _File, desk: Desk, invoices: list[pl.LazyFrame], told: Reading) -> Part:
    if not invoices:
        raise DataError(
            "these lines carry no customer and no day, and there are no invoices to take them from",
            where=file.name,
            hint="add the invoices of the same span as a source (preset stripe-invoices)",
        )
    return enrich(_read(file, desk, told), pl.concat(invoices), desk.store)


def _files(
    source: Source, where: str, base: Path, store: LineStore, lake: Reader | None
) -> list[_File]:
    """The files of one entry, each with its preset."""
    named = source.preset not in {None, AUTO}
    preset = find_preset(str(source.preset), f"{where}.preset", base) if named else None
    found = []
    for path, name, elsewhere in _places(source.path, where, base, store, lake):
        if preset is not None or source.table is not None:
            notes = preset_notes(preset, name) if preset else []
            spec = spec_of(source, preset, where)
            found.append(_File(path, name, spec, tuple(notes), elsewhere))
            continue
        if elsewhere is not None:
            elsewhere.fetch()
        # With a cache the rest of an archive may never be needed.
        head = store.cache is not None
        raw = open_raw(path, name, store.scratch, Wrapping.of(source, where), head=head)
        headers = read_headers(raw.plain, name, source.delimiter, source.header_row)
        guessed, note = detect(headers, name, where)
        notes = [note, *preset_notes(guessed, name)]
        spec = spec_of(source, guessed, where)
        found.append(_File(path, name, spec, tuple(notes), elsewhere))
    return found


def _places(
    pattern: str, where: str, base: Path, store: LineStore, lake: Reader | None
) -> list[tuple[Path, str, Elsewhere | None]]:
    """The files of one entry: where they are or will be, how they are printed, and where they are from."""
    if not is_address(pattern):
        return [(path, name, None) for path, name in _paths(pattern, where, base)]
    found = objects_of(pattern, where, lake, store.scratch)
    return [(one.copy, one.object.address, one) for one in found]


def _paths(pattern: str, where: str, base: Path) -> list[tuple[Path, str]]:
    """Files of a path, folder or glob, sorted; what has exactly that name is meant literally."""
    whole = base / pattern
    if whole.is_dir():
        return _exports(whole, pattern, where)
    if whole.is_file():
        return [(whole, pattern)]
    if whole.exists():
        raise DataError("this is not a regular file", where=pattern, hint="save it as a file first")
    found = sorted(glob.glob(pattern, root_dir=base, recursive=True))  # noqa: PTH207 - may be absolute
    paths = [(base / name, Path(name).as_posix()) for name in found if (base / name).is_file()]
    if not paths:
        raise DataError(
            "no file is found",
            where=f"{pattern} ({where}.path)",
            hint="paths are relative to the config file; check the name",
        )
    return paths


def _exports(folder: Path, pattern: str, where: str) -> list[tuple[Path, str]]:
    """The exports in and below a folder, by what their names end with."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in found]
    paths = [
        (path, (Path(pattern) / name).as_posix())
        for path, name in zip(found, names, strict=True)
        if is_export(name)
    ]
    if not paths:
        raise DataError(
            "no export is found in this folder",
            where=f"{pattern} ({where}.path)",
            hint="it is searched for CSV, Excel, Parquet, gzip and zip files; name others one by one",
        )
    return paths
