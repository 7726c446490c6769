"""Purchases of the period summed as if no rule reached any: all of them are sales then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import REST
from clv_cli.attribution.concerned import concerns_all, split_history
from clv_cli.attribution.grouping import sums_by
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
    own, base = (pl.col(name).cast(pl.Int128).sum() for name in ("amount", "amount_base"))
    by = list(of_line)
    lines = lines.filter(_now(scope))
    if told:
        lines, by = lines.with_columns(component=rest_of(scope)), [*by, "component"]
    sums = lines.group_by(by).agg(pl.len().cast(pl.Int64).alias("lines"), amount=base, own=own)
    return sums.with_columns(**_sales(told=told))


def billed_here(
    scope: Scope, lines: pl.DataFrame, of_line: Sequence[str], *, told: bool
) -> pl.DataFrame:
    """The same of lines that are here."""
    by = list(of_line)
    money = {"amount": "amount_base", "own": "amount"}
    if told:
        lines, by = lines.with_columns(component=rest_of(scope)), [*by, "component"]
    now = lines.filter(_now(scope)).select(*by, **money)
    return sums_by(now, by, list(money)).with_columns(
        pl.col(pl.Enum).cast(pl.String), **_sales(told=told)
    )


def _now(scope: Scope) -> pl.Expr:
    return (pl.col("amount") >= 0) & in_period(scope) & ~pl.col("closed")


def _sales(*, told: bool) -> dict[str, pl.Expr]:
    return sales(pl.col("component") if told else pl.lit(REST))


@derived("split_held", split_history)
def split_held(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """The purchases of these lines by month and currency; of none where other lines are not here."""
    held = lines if concerns_all(scope) else lines.clear()
    return billed_here(scope, held, MONTHLY, told=scope.book.matches is not None)
