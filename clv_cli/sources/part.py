"""One export file: from bytes to a typed Parquet part, its quarantine and its account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity, Tally
from clv_cli.sources.account import Sums, assert_bearable, report, sums_of
from clv_cli.sources.binding import bind, choose_header
from clv_cli.sources.bytes import Wrapping, from_windows, open_raw, write_without
from clv_cli.sources.columns import as_text, as_typed, cell, typed_names
from clv_cli.sources.deciding import Undecided, first_forms, settled
from clv_cli.sources.headers import read_headers, read_sample
from clv_cli.sources.judging import BAD, LOADED, state
from clv_cli.sources.last_days import asked, assert_days_after
from clv_cli.sources.quarantine import assert_currencies, findings, from_records, reasons
from clv_cli.sources.quick import MANY, in_doubt, quick_columns
from clv_cli.sources.structure import NotUtf8Error, Structure, scan
from clv_cli.sources.totals import check_totals, declared, unusual, without_footers
from clv_cli.sources.units import assert_not_minor

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import SourceReport
    from clv_cli.settings import Settings
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.bytes import RawFile
    from clv_cli.sources.columns import Forms
    from clv_cli.sources.preset import Spec
    from clv_cli.sources.store import LineStore
    from clv_cli.sources.totals import PassedOver

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
        entry: the name of what was read in the cache, and the path that it was read as.
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
    entry: tuple[str, Path] | None = None

    @property
    def key(self) -> str | None:
        """Names all that its rows follow from; None where they were written anew since they were read."""
        return self.entry[0] if self.entry is not None and self.entry[1] == self.path else None

    @property
    def table(self) -> str:
        """The canonical table."""
        return self.binding.spec.table.name

    @property
    def _mixed(self) -> bool:
        """Whether the part holds rows that are not loaded."""
        return bool((self.sums.frame["state"] != LOADED).any())

    def typed(self) -> pl.LazyFrame:
        """The Parquet part: typed columns, `row`, `state`; values of closed sets as texts."""
        part = pl.scan_parquet(self.path, glob=False) if self.held is None else self.held
        return part.with_columns(cs.enum().cast(pl.String))

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
    """Read one file of text columns into a part.

    Args:
        path: the file.
        name: as printed.
        spec: how its source is read.
        desk: settings and store.

    Raises:
        DataError: structure, columns or content that cannot be trusted.
        ConfigError: money without any currency.
    """
    raw = open_raw(path, name, desk.store.scratch, Wrapping.of(spec, spec.where))
    try:
        raw, binding, structure = _opened(raw, spec, desk)
        part = _read(raw, binding, structure, desk)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"the file cannot be read: {str(error).splitlines()[0]}",
            where=name,
            hint="export it again as CSV (UTF-8)",
        ) from error
    raw.assert_unchanged()
    notes = (*raw.notes, *_notes(binding, structure, name), *part.notes)
    return replace(part, notes=notes, encoding=raw.encoding)


def _opened(raw: RawFile, spec: Spec, desk: Desk) -> tuple[RawFile, Binding, Structure]:
    """The file as UTF-8, its header and its structure; Windows-1252 shows only in the scan."""
    for _ in range(2):
        headers = read_headers(raw.plain, raw.name, spec.delimiter, spec.header_row)
        binding = bind(spec, choose_header(headers, spec), raw.name, desk.settings.base_currency)
        try:
            structure = scan(raw.plain, raw.name, binding.header)
        except NotUtf8Error as fault:
            raw = from_windows(raw, fault.place, fault.line, desk.store.scratch)
        else:
            return raw, binding, without_footers(structure, binding)
    raise LookupError(raw.name)


def _notes(binding: Binding, structure: Structure, name: str) -> list[Finding]:
    """What the reader should know about the file's shape."""
    notes = []
    if binding.header.row > 1:
        notes.append(
            Finding(
                Severity.NOTE,
                "header_row",
                f"the header is in line {binding.header.row}; what stands above it was passed over",
                source=name,
                row=binding.header.row,
                remedy=f"set header_row at {binding.spec.where}, if another line is the header",
            )
        )
    if not structure.final_newline:
        notes.append(
            Finding(
                Severity.WARNING,
                "no_final_newline",
                "the last line has no line end; the export may be cut off",
                source=name,
                remedy="compare the number of rows with the system it comes from",
            )
        )
    return notes


def _read(raw: RawFile, binding: Binding, structure: Structure, desk: Desk) -> Part:
    plain = raw.plain
    blanked = sorted((*structure.bad, *structure.feet), key=lambda record: record.start)
    if blanked:
        plain = desk.store.scratch / f"clean-{next(_NUMBERS)}.csv"
        write_without(raw.plain, [(record.start, record.end) for record in blanked], plain)
    header = binding.header
    names = [cell(place) for place in range(len(header.cells))]
    frame = pl.scan_csv(
        plain,
        separator=header.delimiter,
        # Looking for quotes is a fifth of splitting; the scan saw every byte.
        quote_char='"' if structure.quoted else None,
        infer_schema=False,
        glob=False,
        new_columns=names,
        skip_lines=header.row - 1,
        row_index_name="row",
        row_index_offset=header.row + 1,
    )
    if structure.excluded:
        frame = frame.filter(~pl.col("row").is_in(structure.excluded))
    cells = read_sample(plain, header, _SAMPLE)
    sample = pl.LazyFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    return make_part((frame, sample), binding, structure, raw.name, desk)


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
        DataError: polars saw other rows than the scan, a column or total that contradicts itself,
            or an unknown currency.
    """
    over = declared(frames[0], binding)
    raw = _without_totals(frames[0], over, binding)
    texts = as_text(raw, binding, tidy=structure.tidy)
    sample = as_text(frames[1], binding, tidy=False)
    file = Undecided(texts, sample, binding, desk.settings, name, structure.records)
    forms, path = first_forms(file), desk.store.new_part()
    assert_not_minor(texts, sample, binding, forms, name)
    sums, bad = _first_written(file, forms, over, path, desk.store)
    if bad is not None:
        # Most files have no bad row and are read once; the others tell how they are to be read.
        better = settled(file, forms, bad), over | unusual(bad, binding)
        if better != (forms, over):
            forms, over = better
            sums, bad = _written(file, forms, over, path, desk.store)
    if asked(binding):
        begun = as_typed(sample.with_row_index("row"), binding, forms)
        assert_days_after(pl.scan_parquet(path, glob=False), begun, binding, name)
    seen = sums.tally().rows + len(structure.excluded)
    if seen != structure.records:
        raise DataError(
            f"the file holds {structure.records} records, but {seen} were read",
            where=name,
            hint="look for quotes within cells, and export the file again",
        )
    aside = from_records(structure.bad, binding.spec.table.name, name)
    if bad is not None:
        told = reasons(bad, binding, forms, name)
        assert_currencies(told, name)
        aside = pl.concat([told, aside])
    notes = check_totals(file, path, forms, over.totals) if over.totals else []
    return Part(
        name, binding, path, sums, aside.sort("row"), structure, desk.settings, tuple(notes)
    )


def _without_totals(raw: pl.LazyFrame, over: PassedOver, binding: Binding) -> pl.LazyFrame:
    """The rows with nothing to fill down from a total into what follows it."""
    places = [binding.header.find(name) for name in binding.spec.fill_down]
    if not over.rows or not places:
        return raw
    numbers = pl.lit(pl.Series(sorted(over.rows), dtype=pl.Int64)).implode()
    kept = ~pl.col("row").cast(pl.Int64).is_in(numbers)
    return raw.with_columns(
        pl.when(kept).then(pl.col(cell(place))).alias(cell(place))
        for place in places
        if place is not None
    )


def _first_written(
    file: Undecided, forms: Forms, over: PassedOver, path: Path, store: LineStore
) -> tuple[Sums, pl.DataFrame | None]:
    """The same as `_written`, by the short way where the file is long and its rows allow it."""
    binding = file.binding
    if file.records >= MANY and not over.rows:
        quick = replace(forms, quick=quick_columns(file.sample, binding, forms))
        sums, bad = _written(file, quick, over, path, store)
        if not quick.quick or not in_doubt(sums, bad, binding, quick):
            return sums, bad
    return _written(file, forms, over, path, store)


def _written(
    file: Undecided, forms: Forms, over: PassedOver, path: Path, store: LineStore
) -> tuple[Sums, pl.DataFrame | None]:
    """Write the typed part; its sums, and its bad rows once more with their texts."""
    binding = file.binding
    typed = as_typed(file.texts, binding, forms, closed=True).with_columns(
        state(binding, over.rows)
    )
    names = typed_names(binding)
    store.write(typed.select(*names, pl.col("row").cast(pl.Int64), "state"), path)
    part = pl.scan_parquet(path, glob=False)
    sums = Sums(sums_of(part, binding).collect())
    if not sums.tally(BAD).rows:
        return sums, None
    rows = part.filter(pl.col("state") == BAD).select("row").collect()["row"].implode()
    bad = file.texts.filter(pl.col("row").cast(pl.Int64).is_in(rows))
    return sums, as_typed(bad, binding, forms).collect()
