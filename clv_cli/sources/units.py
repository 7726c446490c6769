"""Minor against major units: what a source says is held against what its amounts look like.

Cents read as dollars are a hundred times too much, and nothing in a single amount tells. So the
preset or the config decides, and whatever contradicts it stops the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Type
from clv_cli.money import exponents
from clv_cli.sources.columns import currency_of, given_fields, number_texts, units_of
from clv_cli.sources.numbers import PLAIN, add_plain

if TYPE_CHECKING:
    from clv_cli.frames import Field
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.columns import Forms

_DECIMAL = r"^-?[0-9]+\.[0-9]+$"
# Whole amounts are what an API's cents look like; few of them, or small ones, say nothing.
_LEDGER = ("billing_lines", "invoices")
MIN_WHOLE, MIN_MEDIAN = 20, 1000


def assert_no_decimals(bad: pl.DataFrame, binding: Binding, forms: Forms, name: str) -> None:
    """Stop at decimals in a column of minor units: all of it may be a hundred times too small.

    Args:
        bad: the rows that were refused, with their texts.
        binding: the file's columns.
        forms: how they are read.
        name: the file.

    Raises:
        DataError: an amount has a point, but its column is said to be in minor units.
    """
    spec = binding.spec
    for field in _amounts(binding, "minor"):
        form = forms.numbers.get(field.name, PLAIN)
        for text in number_texts(field, binding):
            texts = bad.lazy().select("row", text.alias("text"))
            plain = add_plain(texts, "text", "plain", form, spec.negative_mark)
            decimal = plain.filter(pl.col("plain").str.contains(_DECIMAL)).sort("row").head(1)
            for row, found in decimal.select("row", "text").collect().iter_rows():
                label = binding.label(field.name)
                raise DataError(
                    f'{label} holds "{found}", but is said to be in minor units',
                    where=f"{name}:{row}, column {label}",
                    hint=f"set units: major at {spec.where}, or correct the amount",
                )


def assert_not_minor(
    texts: pl.LazyFrame, sample: pl.LazyFrame, binding: Binding, forms: Forms, name: str
) -> None:
    """Stop when nobody said what the units are, and the amounts look like an API's cents.

    That is: the headers are in snake_case, as APIs write them, not one amount of a currency with
    minor units has a point, and their median is 1,000 or more.

    Args:
        texts: the file's canonical columns as text.
        sample: those of its first rows, which spare most files the look at all of them.
        binding: the file's columns.
        forms: how they are read.
        name: the file.

    Raises:
        DataError: with the key to set, whichever it is.
    """
    spec = binding.spec
    stated = spec.units_stated or binding.header.style != "snake"
    if stated or spec.table.name not in _LEDGER:
        return
    for field in _amounts(binding, "major"):
        if field.name != "amount" or forms.numbers.get(field.name, PLAIN) != PLAIN:
            continue
        if not _look_minor(sample, field, binding) or not _look_minor(texts, field, binding):
            continue
        label = binding.label(field.name)
        raise DataError(
            f"{label} holds large whole numbers only: they may be cents",
            where=f"{name}, column {label}",
            hint=f"set units: minor (123456 is 1,234.56) or units: major at {spec.where}",
        )


def _amounts(binding: Binding, units: str) -> list[Field]:
    return [
        field
        for field in given_fields(binding)
        if field.type is Type.MONEY and units_of(field, binding.spec) == units
    ]


def _look_minor(texts: pl.LazyFrame, field: Field, binding: Binding) -> bool:
    text = number_texts(field, binding)[0]
    decimals = [code for code, digits in exponents().items() if digits]
    currency = currency_of(binding)
    cents = texts.filter(text.is_not_null() & currency.is_in(decimals))
    found = cents.select(
        text.str.contains(".", literal=True).any().alias("points"),
        pl.len().alias("rows"),
        text.cast(pl.Int64, strict=False).abs().median().alias("median"),
    ).collect()
    points, rows, median = found.row(0)
    return not points and rows >= MIN_WHOLE and (median or 0) >= MIN_MEDIAN
