"""One export file: from bytes to a typed Parquet part, its quarantine and its account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity, Tally, Type
from clv_cli.sources.account import Sums, assert_bearable, report, sums_of
from clv_cli.sources.binding import bind, choose_header
from clv_cli.sources.bytes import open_raw, write_without
from clv_cli.sources.columns import (
    BAD,
    LOADED,
    as_text,
    as_typed,
    cell,
    given_fields,
    state,
    text_of,
    typed_names,
)
from clv_cli.sources.headers import read_headers, read_sample
from clv_cli.sources.quarantine import assert_currencies, findings, from_records, reasons
from clv_cli.sources.reading import Clock, day
from clv_cli.sources.structure import Structure, scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv_cli.frames import SourceReport
    from clv_cli.settings import Settings
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.bytes import RawFile
    from clv_cli.sources.preset import Spec
    from clv_cli.sources.store import LineStore

_SAMPLE = 200
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Desk:
    """What reading any file needs.

    Args:
        settings: zone, base currency, quarantine.
        store: where parts go.
    """

    settings: Settings
    store: LineStore


@dataclass(frozen=True, slots=True)
class Part:
    """One file, read.

    Args:
        name: the file, as printed.
        binding: its columns.
        path: the Parquet part: typed columns, `row`, `state`.
        sums: of the whole part.
        bad: quarantined rows.
        structure: what the scan counted.
        settings: what was asked for.
        notes: what was noticed besides.
        encoding: what the file is written in.
        header_row: the record that is its header.
        held: the part from the cache: readable though its file may be deleted meanwhile.
    """

    name: str
    binding: Binding
    path: Path
    sums: Sums
    bad: pl.DataFrame
    structure: Structure
    settings: Settings = field(repr=False)
    notes: tuple[Finding, ...] = ()
    held: pl.LazyFrame | None = None
    encoding: str = "utf-8"
    header_row: int = 1

    @property
    def table(self) -> str:
        """The canonical table."""
        return self.binding.spec.table.name

    @property
    def _mixed(self) -> bool:
        """Whether the part holds rows that are not loaded."""
        return bool((self.sums.frame["state"] != LOADED).any())

    def typed(self) -> pl.LazyFrame:
        """The Parquet part as it is: typed columns, `row`, `state`."""
        return pl.scan_parquet(self.path, glob=False) if self.held is None else self.held

    def rows(self) -> pl.LazyFrame:
        """The loaded rows with every canonical column, `source` and `row`."""
        frame = self.typed()
        if self._mixed:
            frame = frame.filter(pl.col("state") == LOADED)
        return complete(frame, self.binding, self.name)

    def account(self) -> SourceReport:
        """The account of the file, which must foot and be bearable.

        Raises:
            DataError: it does not foot, or too much was set aside.
        """
        account = report(self.sums, self._loaded(), self.structure, self.name, self.binding)
        assert_bearable(account, self.sums, self.bad, self.settings.quarantine.max_share)
        return account

    def _loaded(self) -> Tally:
        """Summed from the very rows that the Book gets, not from what is left of the others."""
        if not self._mixed:
            return self.sums.tally()
        rows = self.rows().with_columns(pl.lit(LOADED, pl.UInt8).alias("state"))
        return Sums(sums_of(rows, self.binding).collect()).tally()

    def findings(self) -> list[Finding]:
        """What was noticed in the file."""
        return [*self.notes, *findings(self.bad, self.name)]


def complete(frame: pl.LazyFrame, binding: Binding, source: str) -> pl.LazyFrame:
    """Every canonical column in order, with `source` and `row`; absent ones are null."""
    table = binding.spec.table
    names = set(frame.collect_schema().names())
    columns = [
        pl.col(name) if name in names else pl.lit(None, dtype).alias(name)
        for name, dtype in table.dtypes.items()
    ]
    if "currency" in table.dtypes and "currency" not in names:
        columns = [
            pl.lit(binding.base_currency, pl.String).alias("currency")
            if column.meta.output_name() == "currency"
            else column
            for column in columns
        ]
    return frame.select(*columns, pl.lit(source).alias("source"), "row")


def read_file(path: Path, name: str, spec: Spec, desk: Desk) -> Part:
    """Read one CSV file into a part.

    Args:
        path: the file.
        name: as printed.
        spec: how its source is read.
        desk: settings and store.

    Raises:
        DataError: structure, columns or content that cannot be trusted.
        ConfigError: money without any currency.
    """
    settings, store = desk.settings, desk.store
    raw = open_raw(path, name, store.scratch)
    header = choose_header(read_headers(raw.plain, name), spec)
    binding = bind(spec, header, name, settings.base_currency)
    structure = scan(raw.plain, name, header.delimiter, len(header.cells))
    try:
        part = _read(raw, binding, structure, desk)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"the file cannot be read: {str(error).splitlines()[0]}",
            where=name,
            hint="export it again as CSV (UTF-8)",
        ) from error
    raw.assert_unchanged()
    return replace(part, encoding=raw.encoding)


def _read(raw: RawFile, binding: Binding, structure: Structure, desk: Desk) -> Part:
    plain = raw.plain
    if structure.bad:
        plain = desk.store.scratch / f"clean-{next(_NUMBERS)}.csv"
        write_without(raw.plain, [(bad.start, bad.end) for bad in structure.bad], plain)
    header = binding.header
    names = [cell(place) for place in range(len(header.cells))]
    frame = pl.scan_csv(
        plain,
        separator=header.delimiter,
        infer_schema=False,
        glob=False,
        new_columns=names,
        row_index_name="row",
        row_index_offset=2,
    )
    if structure.excluded:
        frame = frame.filter(~pl.col("row").is_in(structure.excluded))
    cells = read_sample(plain, header, _SAMPLE)
    sample = pl.LazyFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    part = make_part((frame, sample), binding, structure, raw.name, desk)
    if structure.final_newline:
        return part
    note = Finding(
        Severity.WARNING,
        "no_final_newline",
        "the last line has no line end; the export may be cut off",
        source=raw.name,
        remedy="compare the number of rows with the system it comes from",
    )
    return replace(part, notes=(*part.notes, note))


def make_part(
    frames: tuple[pl.LazyFrame, pl.LazyFrame],
    binding: Binding,
    structure: Structure,
    name: str,
    desk: Desk,
) -> Part:
    """Type the text columns of a file and write its part.

    Args:
        frames: text columns `c0 …` and `row` of the whole file; those of its first rows.
        binding: the file's columns.
        structure: what the scan counted.
        name: the file.
        desk: settings and store.

    Raises:
        DataError: polars saw other rows than the scan, or an unknown currency.
    """
    texts, sample = (as_text(raw, binding, tidy=structure.tidy) for raw in frames)
    store = desk.store
    clock = _clock((texts, sample), binding, desk.settings, name)
    path = store.new_part()
    sums = _write(texts, binding, clock, path, store)
    bad = _bad_rows(texts, binding, clock, sums, path)
    if bad is not None and clock.day_only and _has_times(bad, binding, clock):
        # The sample showed days only, yet a refused value is a day with a time: read once more.
        clock = replace(clock, day_only=frozenset())
        sums = _write(texts, binding, clock, path, store)
        bad = _bad_rows(texts, binding, clock, sums, path)
    seen = sums.tally().rows + len(structure.excluded)
    if seen != structure.records:
        raise DataError(
            f"the file holds {structure.records} records, but {seen} were read",
            where=name,
            hint="look for quotes within cells, and export the file again",
        )
    aside = from_records(structure.bad, binding.spec.table.name, name)
    if bad is not None:
        told = reasons(bad, binding, name)
        assert_currencies(told, name)
        aside = pl.concat([told, aside])
    return Part(name, binding, path, sums, aside.sort("row"), structure, desk.settings)


def _write(
    texts: pl.LazyFrame, binding: Binding, clock: Clock, path: Path, store: LineStore
) -> Sums:
    typed = as_typed(texts, binding, clock).with_columns(state(binding))
    names = typed_names(binding)
    store.write(typed.select(*names, pl.col("row").cast(pl.Int64), "state"), path)
    return Sums(sums_of(pl.scan_parquet(path, glob=False), binding).collect())


def _bad_rows(
    texts: pl.LazyFrame, binding: Binding, clock: Clock, sums: Sums, path: Path
) -> pl.DataFrame | None:
    """The bad rows once more, with their texts: only a file that has some pays for it."""
    if not sums.tally(BAD).rows:
        return None
    bad = pl.scan_parquet(path, glob=False).filter(pl.col("state") == BAD)
    rows = bad.select("row").collect()["row"].implode()
    wanted = texts.filter(pl.col("row").cast(pl.Int64).is_in(rows))
    return as_typed(wanted, binding, clock).collect()


def _dates(binding: Binding) -> list[str]:
    return [field.name for field in given_fields(binding) if field.type is Type.DATE]


def _has_times(bad: pl.DataFrame, binding: Binding, clock: Clock) -> bool:
    general = replace(clock, day_only=frozenset())
    tests = [
        (pl.col(name).is_null() & day(pl.col(text_of(name)), name, general).is_not_null()).any()
        for name in _dates(binding)
    ]
    return bool(bad.select(pl.any_horizontal(tests)).item()) if tests else False


def _clock(
    frames: tuple[pl.LazyFrame, pl.LazyFrame], binding: Binding, settings: Settings, name: str
) -> Clock:
    """The one format of each date column, and which hold days without a time."""
    names = _dates(binding)
    zones = {column: _zone(binding, column) for column in names}
    forms = binding.spec.date_format
    texts, head = frames
    sample = head.select(text_of(column) for column in names).collect()
    day_only = frozenset(
        column
        for column in names
        if (sample[text_of(column)].str.len_bytes().max() or 0) <= 10  # type: ignore[operator]
    )
    general = Clock(dict.fromkeys(names, forms[0]), frozenset(), zones, settings.timezone)
    if len(forms) == 1:
        return replace(general, day_only=day_only)
    rivals = [replace(general, formats=dict.fromkeys(names, form)) for form in forms]
    chosen = {column: _format(texts, column, rivals, name) for column in names}
    return replace(general, formats=chosen, day_only=day_only)


def _zone(binding: Binding, column: str) -> str:
    place = binding.columns.get(column)
    stated = None if place is None else binding.header.zone(place)
    return stated or binding.spec.timezone


def _format(texts: pl.LazyFrame, column: str, clocks: Sequence[Clock], name: str) -> str:
    """The format that reads most values of a column: one for all of them, never one per value."""
    text, forms = pl.col(text_of(column)), [clock.formats[column] for clock in clocks]
    days = texts.select(day(text, column, clock).alias(str(n)) for n, clock in enumerate(clocks))
    counts = days.count().collect().row(0)
    best = max(range(len(forms)), key=lambda n: (counts[n], -n))
    for rival in range(len(forms)):
        if rival == best or not counts[best] == counts[rival] > 0:
            continue
        differ = (pl.col(str(best)) != pl.col(str(rival))).any()
        if days.select(differ).collect().item():
            raise DataError(
                f"{column} can be read as {forms[best]} and as {forms[rival]}",
                where=f"{name}, column {column}",
                hint="let date_format of this source name only the right one",
            )
    return forms[best]
