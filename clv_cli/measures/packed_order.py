"""Rows in the order of customers and days, by one number in place of many columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

_STRIDE = 2**32  # further apart than any two days


def in_order(
    rows: pl.DataFrame, day: str, *then: str, descending: Sequence[str] = ()
) -> pl.DataFrame:
    """The rows sorted by `code`, a day, and further columns where both are the same.

    Args:
        rows: with `code` and the day.
        day: a column of days.
        then: what decides between rows of one customer and day.
        descending: the day or further columns, where the last comes first.
    """
    number = pl.col(day).to_physical().cast(pl.Int64)
    key = pl.col("code").cast(pl.Int64) * _STRIDE + (-number if day in descending else number)
    ordered = rows.with_columns(_order=key).sort("_order")
    keys = ordered["_order"]
    # Few customers have two rows of a day as a rule; else all columns are compared.
    if keys.null_count() or bool((keys == keys.shift(1)).any()):
        by = ("code", day, *then)
        return rows.sort(by, descending=[name in descending for name in by])
    return ordered.drop("_order")
