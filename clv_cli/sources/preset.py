"""What a preset says about one known export, and how it merges with a source of the config."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from clv_cli.errors import ConfigError, did_you_mean
from clv_cli.frames import TABLES
from clv_cli.settings import Model, Names, NumberFormat, Reading, Source, Units, Zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.frames import TableSchema

ANY_OTHER = "*"
AUTO = "auto"
# What API dumps leave on the invoice; lines take it from there.
FROM_INVOICE = ("customer_id", "issued_on", "due_on", "paid_on", "status", "currency")


class Signature(Model):
    """How a header is recognised: a subset, never the whole of it."""

    all: Names = Field(description="headers that must all be there")
    any: Names = Field((), description="headers of which one must be there")
    none: Names = Field((), description="headers of a kindred export, which must not be there")
    style: Literal["title", "snake"] | None = Field(
        None, description="Title Case dashboards write major units, snake_case API dumps minor ones"
    )


class Step(Model):
    """One rule of `choose`: the value, when every header holds one of its values."""

    when: dict[str, Names] = Field(default_factory=dict)
    value: str


class Derive(Model):
    """How a canonical column is made of several in the file; exactly one operator."""

    subtract: Names = Field((), description="the first amount less the others (empty: 0)")
    first_of: Names = Field(
        (),
        description="the first cell of the row that is not empty; absent columns are passed over",
    )
    join: Names = Field((), description="the cells that are not empty, with blanks between")
    choose: tuple[Step, ...] = Field((), description="the value of the first step that holds")

    @model_validator(mode="after")
    def _one_operator(self) -> Derive:
        if sum(map(bool, (self.subtract, self.first_of, self.join, self.choose))) != 1:
            raise ValueError("give exactly one of subtract, first_of, join, choose")
        return self


class Preset(Reading):
    """One known export, with the same reading keys as a source of the config."""

    name: str
    title: str = Field("", description="one line for clv explain presets")
    table: str
    verified: bool = Field(
        default=True, description="whether the header was seen in an actual export"
    )
    evidence: str = Field("", description="where the header is known from")
    caveat: str = Field("", description="what a reader must know: a note whenever it is used")
    signature: Signature = Signature(all=())
    units: Units = "major"
    timezone: Zone = "UTC"
    columns: dict[str, Names]
    values: dict[str, dict[str, Names]] = Field(default_factory=dict)
    drop: dict[str, Names] = Field(default_factory=dict)
    skip_empty: Names = Field(
        (), description="headers, or canonical columns, without which a row is skipped, and counted"
    )
    negate: Names = ()
    constants: dict[str, str] = Field(default_factory=dict)
    derive: dict[str, Derive] = Field(default_factory=dict)
    key: Names = Field(
        (), description="canonical columns that tell overlapping exports' rows apart"
    )
    updated: str | None = Field(None, description="header of the day a row last changed")
    enrich: Literal["invoices"] | None = Field(
        None, description="take customer, days and status from the table invoices"
    )

    @model_validator(mode="after")
    def _known_names(self) -> Preset:
        if self.table not in TABLES:
            raise ValueError(f"there is no table {self.table}")
        given = (self.columns, self.values, self.negate, self.constants, self.derive)
        named = (*self.key, *(self.inclusive or ()), *self.column_units)
        for name in (*chain.from_iterable(given), *named):
            if TABLES[self.table].field(name) is None:
                raise ValueError(f"{self.table} has no column {name}")
        return self


@dataclass(frozen=True, slots=True)
class Spec:
    """How the files of one source are read: the preset, overridden by the config.

    Args:
        where: the config's key, for errors.
        table: the canonical table.
        preset: the preset's name, or None for a plain mapping.
        columns: canonical column to the headers it may have, best first.
        asked: canonical columns that the config itself maps: one of their headers must be there.
        style: header style the preset's units hold for.
        forced: headers that the config itself reads rows by: they must be there.
        inclusive_stated: whether the config says which columns hold last days.
        units_stated: whether a preset or the config says what units the amounts are in.

    The other fields are the keys of `settings.Reading`.
    """

    where: str
    table: TableSchema
    preset: str | None
    columns: Mapping[str, tuple[str, ...]]
    asked: frozenset[str]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, tuple[str, ...]]]
    drop: Mapping[str, tuple[str, ...]]
    units: Units
    date_format: tuple[str, ...]
    timezone: str
    skip_empty: tuple[str, ...] = ()
    negate: tuple[str, ...] = ()
    derive: Mapping[str, Derive] = field(default_factory=dict)
    inclusive: tuple[str, ...] = ()
    inclusive_stated: bool = False
    enrich: bool = False
    style: Literal["title", "snake"] | None = None
    forced: frozenset[str] = frozenset()
    units_stated: bool = True
    column_units: Mapping[str, Units] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    member: str | None = None
    sheet: str | None = None
    numbers: NumberFormat = "auto"
    negative_mark: Literal["CR", "DR"] | None = None
    empty: tuple[str, ...] = ()
    zone_column: tuple[str, ...] = ()
    negate_when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fill_down: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    updated: str | None = None
    forced_updated: bool = False


def spec_of(source: Source, preset: Preset | None, where: str) -> Spec:
    """Merge a source of the config with its preset; the config wins, key by key.

    Args:
        source: the entry of `sources`.
        preset: the known export, or None for a source that names its table.
        where: the entry's key, for errors.

    Raises:
        ConfigError: an unknown table or canonical column.
    """
    table = _table(preset.table if preset else str(source.table), where)
    for key in ("columns", "constants", "values", "negate", "column_units", "key", "inclusive"):
        _assert_columns(table, getattr(source, key) or (), f"{where}.{key}")
    base = preset or _plain(table)
    derive = {k: v for k, v in base.derive.items() if k not in {*source.columns, *source.constants}}
    columns = {
        name: source.columns.get(name) or base.columns.get(name, ())
        for name in (field.name for field in table.fields)
        if name in source.columns or name in base.columns
    }
    return Spec(
        where=where,
        table=table,
        preset=preset.name if preset else None,
        columns=columns,
        asked=frozenset(source.columns),
        constants={**base.constants, **source.constants},
        values=_merged_values(base.values, source.values),
        drop={**base.drop, **source.drop},
        units=source.units or base.units,
        date_format=source.date_format or base.date_format or (AUTO,),
        timezone=source.timezone or base.timezone,
        skip_empty=base.skip_empty,
        negate=tuple(sorted({*base.negate, *source.negate})),
        derive=derive,
        inclusive=(base.inclusive if source.inclusive is None else source.inclusive) or (),
        inclusive_stated=source.inclusive is not None,
        enrich=base.enrich is not None,
        style=base.signature.style if source.units is None else None,
        forced=frozenset(
            chain(source.drop, source.negate_when, source.fill_down, source.zone_column)
        ),
        units_stated=source.units is not None or preset is not None,
        column_units={**base.column_units, **source.column_units},
        encoding=source.encoding or base.encoding,
        delimiter=source.delimiter or base.delimiter,
        header_row=source.header_row or base.header_row,
        member=source.member or base.member,
        sheet=source.sheet or base.sheet,
        numbers=source.numbers or base.numbers or "auto",
        negative_mark=source.negative_mark or base.negative_mark,
        empty=source.empty or base.empty,
        zone_column=source.zone_column or base.zone_column,
        negate_when={**base.negate_when, **source.negate_when},
        fill_down=source.fill_down or base.fill_down,
        totals=source.totals or base.totals,
        footer=source.footer or base.footer,
        key=base.key if source.key is None else source.key,
        updated=source.updated or base.updated,
        forced_updated=source.updated is not None,
    )


def _table(name: str, where: str) -> TableSchema:
    if name not in TABLES:
        raise ConfigError(
            f'there is no table "{name}"',
            where=f"{where}.table",
            hint=did_you_mean(name, TABLES) or f"choose one of {', '.join(sorted(TABLES))}",
        )
    return TABLES[name]


def _assert_columns(table: TableSchema, names: Mapping[str, object] | Names, where: str) -> None:
    known = [field.name for field in table.fields]
    for name in names:
        if name not in known:
            raise ConfigError(
                f'the table {table.name} has no column "{name}"',
                where=where,
                hint=did_you_mean(name, known) or f"choose one of {', '.join(known)}",
            )


def _plain(table: TableSchema) -> Preset:
    """A file whose headers are the canonical names."""
    return Preset(
        name="plain",
        title="canonical names",
        table=table.name,
        columns={field.name: (field.name,) for field in table.fields},
    )


def _merged_values(
    preset: Mapping[str, Mapping[str, tuple[str, ...]]],
    source: Mapping[str, Mapping[str, tuple[str, ...]]],
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Both maps; a value that the config maps goes where the config says."""
    merged = {column: dict(values) for column, values in preset.items()}
    for column, values in source.items():
        taken = {value.casefold() for names in values.values() for value in names}
        old = {
            canonical: tuple(name for name in names if name.casefold() not in taken)
            for canonical, names in merged.get(column, {}).items()
        }
        merged[column] = {
            canonical: (*values.get(canonical, ()), *old.get(canonical, ()))
            for canonical in sorted({*values, *old})
        }
    return merged
