"""Minimal first version, replaced soon: plain `table:` sources in major units, ISO dates."""

from __future__ import annotations

import glob
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import DTYPES, TABLES, Book, LineStats, SourceReport, Tally, Type
from clv_cli.money import exponents

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.settings import Settings, Source
    from clv_cli.sources.store import LineStore


def load_book(settings: Settings, base: Path, store: LineStore) -> Book:  # noqa: ARG001
    """Read every source."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for source in settings.sources:
        for name in sorted(glob.glob(str(base / source.path))):  # noqa: PTH207
            frames.setdefault(str(source.table), []).append(_read(source, name, settings))
    tables = {k: pl.concat(v) for k, v in frames.items()}
    lines = tables.get("billing_lines", TABLES["billing_lines"].empty().collect())
    live = lines.filter(~pl.col("status").is_in(["draft", "void"]))
    stats = LineStats(
        lines.height,
        live["issued_on"].min() or date(1970, 1, 1),  # type: ignore[arg-type]
        live["issued_on"].max() or date(1970, 1, 1),  # type: ignore[arg-type]
        *(tuple(sorted(lines[c].unique().drop_nulls())) for c in ("currency", "kind", "status")),
    )
    codes = pl.DataFrame({"customer_id": lines["customer_id"].unique().sort()}).with_columns(
        code=pl.int_range(pl.len(), dtype=pl.Int32)
    )
    return Book(
        {k: v.lazy() for k, v in tables.items()},
        settings.base_currency or (stats.currencies or ("USD",))[0],
        stats,
        codes,
        pl.DataFrame(schema={"currency": pl.String, "day": pl.Date, "rate": pl.Int64}),
        pl.DataFrame(
            schema=dict.fromkeys(("source", "row", "table", "column", "code", "value"), pl.String)
        ),
        sources=tuple(
            SourceReport(k, k, None, Tally(v.height), Tally(v.height), Tally(), Tally())
            for k, v in tables.items()
        ),
    )


def _read(source: Source, name: str, settings: Settings) -> pl.DataFrame:
    schema = TABLES[str(source.table)]
    raw = pl.read_csv(name, infer_schema=False, glob=False)
    raw = raw.with_columns(row=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
    exps = exponents()
    out = []
    for field in schema.fields:
        header = next(
            (h for h in (*source.columns.get(field.name, ()), field.name) if h in raw.columns), None
        )
        text = pl.col(header) if header else pl.lit(None, pl.String)
        if field.name in source.constants:
            text = pl.lit(source.constants[field.name])
        text = text.str.strip_chars().replace("", None)
        if field.name == "line_id" and not header:
            text = pl.format("{}:{}", pl.col((source.columns.get("invoice_id") or ("invoice_id",))[0]), "row")
        out.append(_typed(text, field.type).alias(field.name))
    frame = raw.select(*out, source=pl.lit(name.rsplit("/", 1)[-1]), row="row")
    for field in schema.fields:
        if field.type is Type.MONEY:
            currency = pl.col("currency").fill_null(settings.base_currency or "USD").str.to_uppercase()
            exp = currency.replace_strict(exps, return_dtype=pl.Int64)
            sign = -1 if field.name in source.negate else 1
            minor = (
                pl.col(field.name).cast(pl.Decimal(38, 6)).cast(pl.Decimal(38, 6)).to_physical()
                // (pl.lit(10, pl.Int64).pow(6 - exp))
            ).cast(pl.Int64) * sign
            frame = frame.with_columns(minor.alias(field.name), currency.alias("currency"))
    return frame


def _typed(text: pl.Expr, type_: Type) -> pl.Expr:
    if type_ is Type.DATE:
        return text.str.slice(0, 10).str.to_date("%Y-%m-%d")
    if type_ in {Type.NUMBER, Type.RATE}:
        return text.cast(DTYPES[type_])
    if type_ is Type.BOOL:
        return text.str.to_lowercase().is_in(["true", "1", "yes"])
    if type_ is Type.LIST:
        return text.str.split(";")
    if type_ is Type.WEIGHT:
        return (text.cast(pl.Decimal(38, 6)) * 1_000_000).cast(pl.Int64)
    return text
