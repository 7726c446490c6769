"""Workbooks and Parquet files as CSV text, so that they are read by the same grammar as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

# A cell's number with the nine digits that the reader writes; its text is the shortest that
# gives the same number, which is what was typed.
_NOISE = r"^-?[0-9]+\.[0-9]{9}$"
_MIDNIGHT = " 00:00:00"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"


def workbook_as_text(path: Path, sheet: str | None, target: Path, name: str, where: str) -> None:
    """Write one sheet of a workbook as CSV; a row of the sheet is a record.

    Args:
        path: the workbook.
        sheet: its sheet; without one it is the only one.
        target: the copy.
        name: the file, for errors.
        where: the config's key, for errors.

    Raises:
        DataError: the extra is not installed, the workbook is damaged, or the sheet is not known.
    """
    try:
        import fastexcel  # noqa: PLC0415 - an extra, needed for workbooks only
    except ImportError as error:
        raise DataError(
            "reading a workbook needs the extra excel",
            where=name,
            hint='install it with: pip install "clv-cli[excel]", or export the sheet as CSV',
        ) from error
    try:
        book = fastexcel.read_excel(path)
        sheets = book.sheet_names
        chosen = sheet or (sheets[0] if len(sheets) == 1 else None)
        if chosen not in sheets:
            raise DataError(
                f"the workbook has no sheet {sheet}"
                if sheet
                else f"the workbook has {len(sheets)} sheets",
                where=f"{name} ({', '.join(sheets)})",
                hint=f"set sheet: {sheets[0]} at {where}",
            )
        # Rows are not to be skipped: a row's number is the sheet's.
        cells = book.load_sheet(chosen, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise DataError(
            f"the workbook is damaged: {str(error).splitlines()[0]}",
            where=name,
            hint="open it, and save it again",
        ) from error
    cells.with_columns(map(_exact, cells.columns)).with_columns(
        _days(cells[column]) for column in cells.columns
    ).write_csv(target, include_header=False, quote_style="necessary")


def _exact(column: str) -> pl.Expr:
    text = pl.col(column)
    shortest = text.cast(pl.Float64, strict=False).cast(pl.String)
    return pl.when(text.str.contains(_NOISE)).then(shortest).otherwise(text).alias(column)


def _days(column: pl.Series) -> pl.Expr:
    """A column of days without times, which a workbook holds as midnights."""
    moments = column.filter(column.str.contains(_MOMENT))
    text = pl.col(column.name)
    if moments.is_empty() or not moments.str.ends_with(_MIDNIGHT).all():
        return text
    return text.str.strip_suffix(_MIDNIGHT)


def parquet_as_text(path: Path, target: Path, name: str) -> None:
    """Write the flat columns of a Parquet file as CSV.

    Decimals, whole numbers and days are written exactly; a float as the shortest text that gives
    the same number, so that amounts with noise in their last digits are refused, not rounded.

    Raises:
        DataError: the file is damaged, or all its columns are nested.
    """
    try:
        rows = pl.scan_parquet(path, glob=False)
        flat = {name: kind for name, kind in rows.collect_schema().items() if not kind.is_nested()}
        if not flat:
            raise DataError("all columns are nested", where=name, hint="export flat columns")
        rows.select(_text(column, kind) for column, kind in flat.items()).sink_csv(target)
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"the Parquet file is damaged: {str(error).splitlines()[0]}",
            where=name,
            hint="transfer the file again",
        ) from error


def _text(column: str, kind: pl.DataType) -> pl.Expr:
    value = pl.col(column)
    if isinstance(kind, pl.Datetime):
        zoned = value.dt.convert_time_zone("UTC") if kind.time_zone else value
        return zoned.dt.strftime("%Y-%m-%dT%H:%M:%S%.f" + ("Z" if kind.time_zone else ""))
    return value.cast(pl.String)
