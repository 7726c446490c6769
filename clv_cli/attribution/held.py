"""Purchases of the period summed as if no rule reached any: all of them are sales then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import REST
from clv_cli.attribution.concerned import concerns_all, split_history
from clv_cli.attribution.lines import in_period
from clv_cli.attribution.to_cut import sales
from clv_cli.attribution.unmatched import rest_of
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

MONTHLY = ("month", "currency")


def billed(
    scope: Scope, lines: pl.LazyFrame, of_line: Sequence[str], *, told: bool
) -> pl.LazyFrame:
    """Sums of purchases to be cut now as cells of sales: `lines`, `amount` and `own` (Int128)."""
    lines = lines.filter((pl.col("amount") >= 0) & in_period(scope) & ~pl.col("closed"))
    own, base = (pl.col(name).cast(pl.Int128).sum() for name in ("amount", "amount_base"))
    by, component = list(of_line), pl.lit(REST)
    if told:
        lines = lines.with_columns(component=rest_of(scope))
        by, component = [*by, "component"], pl.col("component")
    sums = lines.group_by(by).agg(pl.len().cast(pl.Int64).alias("lines"), amount=base, own=own)
    return sums.with_columns(**sales(component))


@derived("split_held", split_history)
def split_held(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """The purchases of these lines by month and currency; of none where other lines are not here."""
    held = lines if concerns_all(scope) else lines.clear()
    told = scope.book.matches is not None
    sums = billed(scope, held.lazy(), MONTHLY, told=told).collect(engine="in-memory")
    return sums.with_columns(pl.col("currency").cast(pl.String))
