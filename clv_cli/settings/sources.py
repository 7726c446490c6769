"""Settings of the exports: where they lie, how they are read, how many bad rows a run bears."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from clv_cli.objects import holds_secret
from clv_cli.settings.base import Encoding, Model, Names, Zone

NumberFormat = Literal["auto", "us", "eu", "space", "si", "swiss"]
Units = Literal["major", "minor"]


def _open_address(path: str) -> str:
    """An address that may be printed: it stands in every error and table about its files."""
    if holds_secret(path):
        # What it is must not be repeated here.
        raise ValueError(
            "leave user, password and query out of the address: the server has the keys"
        )
    return path


class Entry(Model):
    """Where an export lies and how its columns map to a canonical table."""

    path: Annotated[str, AfterValidator(_open_address)] = Field(
        description="file, folder, or glob such as invoices_*.csv, relative to this config; "
        "s3://… and the like are read by the engine"
    )
    preset: str | None = Field(
        None,
        description="a known export (clv explain presets), a file ./my-preset.yaml, or auto: by its header",
    )
    table: str | None = Field(None, description="canonical table, when no preset fits")
    columns: dict[str, Names] = Field(
        default_factory=dict,
        description="canonical column: header in the file, or a list of headers",
    )
    constants: dict[str, str] = Field(
        default_factory=dict, description="canonical column: one value for every row"
    )
    values: dict[str, dict[str, Names]] = Field(
        default_factory=dict, description="canonical column: {canonical value: values in the file}"
    )
    drop: dict[str, Names] = Field(
        default_factory=dict, description="header: values whose rows are skipped, and counted"
    )
    negate: Names = Field((), description="amount columns that the file writes with the other sign")


class Reading(Model):
    """How a file's bytes and texts are read; a preset and a source share these keys.

    Unset keys are decided from the file, each for the whole file or column, never per value; what
    the file leaves open stops the run with the key to set.
    """

    encoding: Encoding | None = Field(
        None, description="such as utf-8, utf-16, cp1252; default: its mark, else utf-8 or cp1252"
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        None, description="character between cells; default: the one that gives the known headers"
    )
    header_row: int | None = Field(
        None, ge=1, description="line of the header; default: found among the first 40 lines"
    )
    member: str | None = Field(
        None, description="file within a zip, or a glob that fits one; default: its only CSV"
    )
    sheet: str | None = Field(None, description="sheet of a workbook; default: its only one")
    numbers: NumberFormat | None = Field(
        None,
        description="1,234.5 us; 1.234,5 eu; 1 234,5 space; 1 234.5 si; 1'234.5 swiss; default auto",
    )
    negative_mark: Literal["CR", "DR"] | None = Field(
        None, description="which of the suffixes CR and DR makes an amount negative"
    )
    empty: Names = Field(
        (), description="texts such as -- that mean an empty cell; never applied to ids"
    )
    units: Units | None = Field(
        None,
        description="amounts as 12.34 (major) or 1234 (minor); default: the preset's, or major",
    )
    column_units: dict[str, Units] = Field(
        default_factory=dict, description="amount column: its units, where they differ from units"
    )
    date_format: Names = Field(
        (),
        description="iso, ymd, dmy, mdy, epoch, epoch_ms, excel, or strftime such as %m/%d/%Y; "
        "several: the column's own values decide; default auto",
    )
    inclusive: Names | None = Field(
        None,
        description="columns of last days, where the table wants the day after; [] for none; "
        "default: the preset's",
    )
    key: Names | None = Field(
        None,
        description="columns that tell a document in every export of a table: its newest version "
        "replaces the others; default: the preset's; [] for none",
    )
    updated: str | None = Field(
        None, description="header of the time of last change, which tells the newest version"
    )
    timezone: Zone | None = Field(None, description="zone of times without one; default: UTC")
    zone_column: Names = Field(
        (), description="header whose cells name the zone of the row's times"
    )
    negate_when: dict[str, Names] = Field(
        default_factory=dict,
        description="header: values; the amounts of rows that hold one change their sign",
    )
    fill_down: Names = Field(
        (), description="headers of which an empty cell means the same as the row above"
    )
    totals: Names = Field(
        (),
        description="how the first cell of total rows begins; they are skipped, and must agree "
        "with the rows they total",
    )
    footer: Names = Field(
        (), description="how the first cell of lines below the data begins; they are skipped"
    )


# Entry's keys come first where keys are listed.
class Source(Reading, Entry):
    """One export: where it lies, how its columns map to a canonical table, how it is read."""

    @model_validator(mode="after")
    def _preset_or_table(self) -> Source:
        if self.preset is not None and self.table is not None:
            raise ValueError("give a preset or a table, not both")
        return self


class Quarantine(Model):
    """How many bad rows a run bears."""

    max_share: Decimal = Field(
        Decimal("0.01"),
        ge=0,
        le=1,
        description="share of a file's rows or money that may be set aside before the run stops",
    )
