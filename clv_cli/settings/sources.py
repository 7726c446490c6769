"""Settings of the exports: where they lie, how they are read, how many bad rows a run bears."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from clv_cli.settings.base import Model, Names, Zone


class Source(Model):
    """One export: where it lies and how its columns map to a canonical table."""

    path: str = Field(description="file, or glob such as invoices_*.csv, relative to this config")
    preset: str | None = Field(
        None, description="a known export (clv explain presets), or auto: recognised by its header"
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
    units: Literal["major", "minor"] | None = Field(
        None,
        description="amounts as 12.34 (major) or 1234 (minor); default: the preset's, or major",
    )
    date_format: Names = Field(
        (), description="iso, epoch, or strftime such as %m/%d/%Y; default: the preset's, or iso"
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
