"""The frozen rows of closed months, as cells of purchases and as what credits took back of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import FX, RESTATED, UNMATCHED
from clv_cli.attribution.lines import frozen, in_period
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

# Rows of a line that are no cell of a purchase.
APART = (UNMATCHED, FX, RESTATED)
OF_LINE = "billing_lines:"


@reduction("split_frozen")
def split_frozen(scope: Scope) -> pl.LazyFrame:
    """The frozen rows of months before the end of the period.

    Returns:
        The columns of `FROZEN_COLUMNS`, `code`, `share_num, share_den` (Int128) and `reported`.
    """
    rows = frozen(scope).filter(pl.col("month") < scope.period.end)
    share = pl.col("exact_share").str.split_exact("/", 1)
    return rows.join(scope.book.codes.lazy(), on="customer_id", how="left").with_columns(
        share_num=share.struct.field("field_0").cast(pl.Int128),
        share_den=share.struct.field("field_1").cast(pl.Int128),
        reported=in_period(scope),
    )


@derived("split_kept", split_frozen)
def split_kept(_: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """The frozen cells of purchases."""
    taking = pl.col("evidence").str.starts_with(OF_LINE).fill_null(value=False)
    return rows.filter(~taking & ~pl.col("component").is_in(APART))


@derived("split_kept_back", split_frozen)
def split_kept_back(_: Scope, rows: pl.DataFrame) -> pl.DataFrame:
    """The frozen rows of credits: `original_line_id`, and in `evidence` that of the cell taken back."""
    of_line = pl.col("evidence").str.starts_with(OF_LINE) & ~pl.col("component").is_in(APART)
    return rows.filter(of_line).with_columns(
        original_line_id=pl.col("evidence").str.strip_prefix(OF_LINE),
        evidence="original_evidence",
    )
