"""Rows that are set aside: which column, why, and what stood there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError, did_you_mean
from clv_cli.frames import Finding, Severity, Type
from clv_cli.sources.columns import (
    currency_of,
    given_fields,
    number_texts,
    plain_numbers,
    text_of,
    units_of,
)
from clv_cli.sources.judging import failed
from clv_cli.sources.numbers import PLAIN, signs_agree
from clv_cli.sources.reading import currencies
from clv_cli.sources.structure import BAD_QUOTE, FIELD_COUNT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Field
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.columns import Forms
    from clv_cli.sources.structure import BadRecord

MAX_FINDINGS = 20
NO_INVOICE = "no_invoice"
UNKNOWN_CURRENCY = "unknown_currency"
# Ten digits before the point are within bounds in every currency: what is wrong is the fraction.
_FINE = r"^-?[0-9]{1,10}\.[0-9]+$"
SCHEMA = {
    "source": pl.String,
    "row": pl.Int64,
    "table": pl.String,
    "column": pl.String,
    "code": pl.String,
    "value": pl.String,
}
REASONS: Mapping[str, tuple[str, str]] = {
    "missing_value": ("is empty", "fill it in"),
    "bad_amount": (
        "is no amount in this column's format",
        "correct it, or set numbers of the source",
    ),
    "sub_minor": (
        "is finer than the currency's minor unit",
        "round it at its source; if the point separates thousands, set numbers: eu",
    ),
    "currency_sign": ("carries the sign of another currency", "correct the sign or the currency"),
    "bad_date": (
        "is no day in this column's format",
        "correct it, or set date_format of the source",
    ),
    "bad_number": (
        "is no number in this column's format",
        "correct it, or set numbers of the source",
    ),
    "unknown_choice": ("is not a known value", "map it with values of the source"),
    FIELD_COUNT: ("has another number of fields than the header", "quote cells with separators"),
    BAD_QUOTE: ("has a quote within a cell", 'double every quote within a cell ("")'),
    NO_INVOICE: ("stands on an invoice that is not there", "export the invoices of the same span"),
}
_CODES = {
    Type.MONEY: "bad_amount",
    Type.DATE: "bad_date",
    Type.NUMBER: "bad_number",
    Type.RATE: "bad_number",
    Type.WEIGHT: "bad_number",
    Type.CURRENCY: UNKNOWN_CURRENCY,
    Type.BOOL: "unknown_choice",
    Type.CHOICE: "unknown_choice",
}


def reasons(rows: pl.DataFrame, binding: Binding, forms: Forms, source: str) -> pl.DataFrame:
    """The first failing column of each bad row, with its reason and raw text.

    Args:
        rows: bad rows with their texts and typed columns.
        binding: the file's columns.
        forms: how they were read.
        source: the file.
    """
    fields = given_fields(binding)
    chains = {"column": pl.lit(None, pl.String), "code": pl.lit(None), "value": pl.lit(None)}
    for field in reversed(fields):
        test = failed(field, binding)
        parts = {
            "column": pl.lit(binding.label(field.name)),
            "code": _code(field, binding, forms),
            "value": _raw(field, binding),
        }
        chains = {
            name: pl.when(test).then(parts[name]).otherwise(chain) for name, chain in chains.items()
        }
    frame = rows.select(
        pl.lit(source).alias("source"),
        pl.col("row").cast(pl.Int64),
        pl.lit(binding.spec.table.name).alias("table"),
        *(chain.cast(pl.String).alias(name) for name, chain in chains.items()),
    )
    return frame.sort("row").match_to_schema(SCHEMA)


def _raw(field: Field, binding: Binding) -> pl.Expr:
    texts = number_texts(field, binding)
    if len(texts) == 1:
        return texts[0]
    return pl.concat_str(texts, separator=" - ", ignore_nulls=True)


def _code(field: Field, binding: Binding, forms: Forms) -> pl.Expr:
    text = pl.col(text_of(field.name))
    code: pl.Expr = pl.lit(_CODES.get(field.type, "missing_value"))
    if field.type is Type.MONEY:
        form = forms.numbers.get(field.name, PLAIN)
        plain = plain_numbers(field, binding, forms)[0]
        if units_of(field, binding.spec) == "major":
            code = pl.when(plain.str.contains(_FINE)).then(pl.lit("sub_minor")).otherwise(code)
        if form != PLAIN:
            foreign = plain.is_not_null() & ~signs_agree(text, currency_of(binding))
            code = pl.when(foreign).then(pl.lit("currency_sign")).otherwise(code)
    return pl.when(text.is_null()).then(pl.lit("missing_value")).otherwise(code)


def from_records(records: Sequence[BadRecord], table: str, source: str) -> pl.DataFrame:
    """The same for records that polars never saw."""
    rows = [
        {
            "source": source,
            "row": record.row,
            "table": table,
            "column": None,
            "code": record.code,
            "value": record.raw,
        }
        for record in records
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def assert_currencies(bad: pl.DataFrame, source: str) -> None:
    """Stop at the first unknown currency: its rows would be left out of every total.

    Raises:
        DataError: a currency that is not in ISO 4217.
    """
    unknown = bad.filter(pl.col("code") == UNKNOWN_CURRENCY).sort("row").head(1)
    for found in unknown.iter_rows(named=True):
        raise DataError(
            f'"{found["value"]}" is not an ISO 4217 currency',
            where=f"{source}:{found['row']}, column {found['column']}",
            hint=did_you_mean(str(found["value"]), currencies())
            or "correct it, or map the right column to currency",
        )


def findings(bad: pl.DataFrame, source: str) -> list[Finding]:
    """One finding a bad row, at most 20 a file, then one that says how many more.

    Args:
        bad: rows as in `SCHEMA`.
        source: the file.
    """
    found = [_finding(row) for row in bad.head(MAX_FINDINGS).iter_rows(named=True)]
    if bad.height > MAX_FINDINGS:
        more = bad.height - MAX_FINDINGS
        counts = bad.group_by("code").len().sort("len", "code", descending=[True, False])
        kinds = ", ".join(f"{code} {count}" for code, count in counts.iter_rows())
        found.append(
            Finding(
                Severity.ERROR,
                "more_quarantined",
                f"{more} more rows were set aside ({bad.height} in all: {kinds})",
                source=source,
                remedy="see the quarantined rows",
            )
        )
    return found


def _finding(row: Mapping[str, object]) -> Finding:
    code = str(row["code"])
    what, remedy = REASONS[code]
    column = None if row["column"] is None else str(row["column"])
    subject = "the record" if column is None else column
    value = "" if code == "missing_value" or row["value"] is None else f' "{row["value"]}"'
    return Finding(
        Severity.ERROR,
        code,
        f"{subject}{value if column else ''} {what}; the row was set aside",
        source=str(row["source"]),
        row=int(str(row["row"])),
        column=column,
        remedy=remedy,
    )


def examples(bad: pl.DataFrame) -> str:
    """The first three bad rows in one line."""
    return "; ".join(
        f"{row['source']}:{row['row']} {row['column'] or ''} {row['code']} {row['value'] or ''!r}"
        for row in bad.sort("row").head(3).iter_rows(named=True)
    )
