"""All sources of a config into one Book."""

from __future__ import annotations

import glob
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.progress import Reading, unwatched
from clv_cli.sources.assemble import assemble
from clv_cli.sources.bytes import Wrapping, open_raw
from clv_cli.sources.cached import part_of
from clv_cli.sources.detect import detect, preset_notes
from clv_cli.sources.headers import read_headers
from clv_cli.sources.invoices import enrich
from clv_cli.sources.part import Desk, Part
from clv_cli.sources.preset import spec_of
from clv_cli.sources.presets import find_preset
from clv_cli.sources.upsert import Upserted, upsert

if TYPE_CHECKING:
    from clv_cli.frames import Book, Finding
    from clv_cli.progress import Watch
    from clv_cli.settings import Settings, Source
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


def load_book(settings: Settings, base: Path, store: LineStore, watch: Watch = unwatched) -> Book:
    """Read every source of a config.

    Each file becomes a typed part of the store; the Book scans the parts lazily. Rows that cannot
    be read are set aside with file, row, column and reason, and every file's account must foot.

    Args:
        settings: the config.
        base: folder that relative paths start from.
        store: where the parts go.
        watch: told of every file before it is read, and when all are.

    Raises:
        ConfigError: an unknown preset, table or column; no currency.
        DataError: a file, its structure or its content that cannot be trusted.
    """
    files = [
        file
        for number, source in enumerate(settings.sources)
        for file in _files(source, f"sources[{number}]", base, store)
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
    """Every file that a config's sources name, and its name as printed; each once, sorted by name.

    Args:
        settings: the config.
        base: folder that relative paths start from.

    Raises:
        DataError: a source for which there is no file.
    """
    found = {
        name: path
        for number, source in enumerate(settings.sources)
        for path, name in _paths(source.path, f"sources[{number}]", base)
    }
    return [(path, name) for name, path in sorted(found.items())]


def _upserted(parts: list[Part], store: LineStore) -> Upserted:
    # In the order of names: which of two equal files stays must not hang on the config's order.
    return upsert(sorted(parts, key=lambda part: (part.table, part.name)), store)


def _read(file: _File, desk: Desk, told: Reading) -> Part:
    told.begins(file.name)
    part = part_of(file.path, file.name, file.spec, desk)
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


def _files(source: Source, where: str, base: Path, store: LineStore) -> list[_File]:
    """The files of one entry, each with its preset."""
    named = source.preset not in {None, AUTO}
    preset = find_preset(str(source.preset), f"{where}.preset", base) if named else None
    found = []
    for path, name in _paths(source.path, where, base):
        if preset is not None or source.table is not None:
            notes = preset_notes(preset, name) if preset else []
            found.append(_File(path, name, spec_of(source, preset, where), tuple(notes)))
            continue
        # With a cache the rest of an archive may never be needed.
        head = store.cache is not None
        raw = open_raw(path, name, store.scratch, Wrapping.of(source, where), head=head)
        headers = read_headers(raw.plain, name, source.delimiter, source.header_row)
        guessed, note = detect(headers, name, where)
        notes = [note, *preset_notes(guessed, name)]
        found.append(_File(path, name, spec_of(source, guessed, where), tuple(notes)))
    return found


def _paths(pattern: str, where: str, base: Path) -> list[tuple[Path, str]]:
    """Files of a path or glob, sorted; a file of exactly that name is meant literally."""
    whole = base / pattern
    if whole.is_file():
        return [(whole, pattern)]
    if whole.exists() and not whole.is_dir():
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
