"""Which purchases could any rule reach? The others are sales, and only summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.lines import LINE, credited_ids, history, in_period
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

FACTS = ("touchpoint", "deal_id", "segment", "reported")


def has_evidence(scope: Scope) -> bool:
    """Whether any table is there from which a rule could follow."""
    return any(scope.book.has(table) for table in (*cxm.TABLES, *cs.TABLES))


def marked(scope: Scope, bought: pl.LazyFrame) -> pl.LazyFrame:
    """Purchases with `segment` and `reached`: whether any rule could claim them."""
    by_cxm = by_cs = pl.lit(value=False)
    with_segment = bought.with_columns(segment=pl.lit(None, pl.String))
    if any(scope.book.has(table) for table in cxm.TABLES):
        with_segment = cxm.reached(scope, bought.join(cxm.segments(scope), on="code", how="left"))
        by_cxm = pl.col("cxm_reached")
    if any(scope.book.has(table) for table in cs.TABLES):
        codes = cs.reached(scope).with_columns(cs_reached=pl.lit(value=True))
        with_segment = with_segment.join(codes, on="code", how="left")
        by_cs = pl.col("cs_reached").fill_null(value=False)
    return with_segment.with_columns(reached=(by_cxm | by_cs) & (pl.col("amount") > 0))


def plain(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period that no rule can reach."""
    bought = history(scope).filter((pl.col("amount") >= 0) & in_period(scope))
    return marked(scope, bought).filter(~pl.col("reached"))


@reduction("split_reached")
def split_reached(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period that some rule could reach."""
    bought = history(scope).filter((pl.col("amount") > 0) & in_period(scope))
    return _reached(scope, bought)


@reduction("split_reached_before")
def split_reached_before(scope: Scope) -> pl.LazyFrame:
    """Earlier purchases that some rule could reach and that a credit names."""
    bought = history(scope).filter((pl.col("amount") > 0) & ~in_period(scope))
    return _reached(scope, bought.join(credited_ids(scope), on="line_id", how="semi"))


def _reached(scope: Scope, bought: pl.LazyFrame) -> pl.LazyFrame:
    if not has_evidence(scope):
        bought = bought.filter(pl.lit(value=False))
    found = marked(scope, bought).filter("reached")
    return found.with_columns(reported=in_period(scope)).select(*LINE, *FACTS)
