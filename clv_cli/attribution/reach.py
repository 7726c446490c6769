"""Which purchases could any rule reach? The others are sales, and only summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.cxm import split_segments
from clv_cli.attribution.lines import FACETS, LINE, history, in_period, split_originals
from clv_cli.attribution.matching import split_takings
from clv_cli.attribution.methods import reaches_everyone, source_of
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope


def has_evidence(scope: Scope) -> bool:
    """Whether any table, or a method that claims by stratum, is there for a rule to follow from."""
    return source_of(scope) is not None or any(
        scope.book.has(table) for table in (*cxm.TABLES, *cs.TABLES)
    )


def marked(scope: Scope, bought: pl.LazyFrame) -> pl.LazyFrame:
    """Purchases with `reached`: whether any rule might claim them. Errs towards true, cheaply."""
    by_cxm = by_cs = pl.lit(value=reaches_everyone(scope))
    if any(scope.book.has(table) for table in cxm.TABLES):
        bought, by_cxm = cxm.reached(scope, bought), by_cxm | pl.col("cxm_reached")
    if any(scope.book.has(table) for table in cs.TABLES):
        codes = cs.reached(scope).with_columns(cs_reached=pl.lit(value=True))
        bought = bought.join(codes, on="code", how="left")
        by_cs = pl.col("cs_reached").fill_null(value=False)
    return bought.with_columns(reached=(by_cxm | by_cs) & (pl.col("amount") > 0))


def plain(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period that no rule can reach."""
    bought = history(scope).filter((pl.col("amount") >= 0) & in_period(scope) & ~pl.col("closed"))
    return marked(scope, bought).filter(~pl.col("reached"))


@reduction("split_reached_now")
def split_reached_now(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period that some rule might claim."""
    bought = history(scope).filter((pl.col("amount") > 0) & in_period(scope))
    return marked(scope, bought).filter("reached").select(*LINE, *FACETS, "closed")


@derived("split_bought", split_reached_now, split_originals, split_takings, split_segments)
def split_bought(
    _: Scope,
    now: pl.DataFrame,
    originals: pl.DataFrame,
    takings: pl.DataFrame,
    segments: pl.DataFrame,
) -> pl.DataFrame:
    """All purchases to be split by rules, numbered (`at`), with `segment` and `reported`.

    Those of the period that a rule might claim, and others that credits take back (not `reported`:
    they lie before the period, or are summed as purchases that no rule can reach).
    """
    reported = pl.lit(value=True)
    taken = takings.select(line_id="original_line_id").unique()
    others = originals.join(taken, on="line_id", how="semi").join(now, on="line_id", how="anti")
    both = [now.with_columns(reported=reported), others.with_columns(reported=~reported)]
    named = pl.concat(both).join(segments, on="code", how="left")
    return named.sort("line_id").with_row_index("at")
