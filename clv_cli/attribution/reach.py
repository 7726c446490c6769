"""Which purchases could any rule reach? The others are sales, and only summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.concerned import COLUMNS, split_history
from clv_cli.attribution.cxm import split_initiatives, split_segments
from clv_cli.attribution.lines import history, in_period
from clv_cli.attribution.matching import split_takings
from clv_cli.attribution.methods import reaches_everyone
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope


@reduction("split_concerned")
def split_concerned(scope: Scope) -> pl.LazyFrame:
    """The customers whom a rule of CS may concern: `code`, sorted."""
    return cs.reached(scope).sort("code")


def marked(
    scope: Scope, bought: pl.LazyFrame, initiatives: pl.LazyFrame, concerned: pl.LazyFrame
) -> pl.LazyFrame:
    """Purchases with `reached`: whether any rule might claim them. Errs towards true, cheaply.

    Args:
        scope: which tables there are.
        bought: lines.
        initiatives: aligned or not.
        concerned: see `cs.reached`.
    """
    by_cxm = by_cs = pl.lit(value=reaches_everyone(scope))
    if any(scope.book.has(table) for table in cxm.TABLES):
        bought, by_cxm = cxm.reached(initiatives, bought), by_cxm | pl.col("cxm_reached")
    if any(scope.book.has(table) for table in cs.TABLES):
        codes = concerned.with_columns(cs_reached=pl.lit(value=True))
        bought = bought.join(codes, on="code", how="left")
        by_cs = pl.col("cs_reached").fill_null(value=False)
    return bought.with_columns(reached=(by_cxm | by_cs) & (pl.col("amount") > 0))


def plain(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period that no rule can reach."""
    bought = history(scope).filter((pl.col("amount") >= 0) & in_period(scope) & ~pl.col("closed"))
    lines = marked(scope, bought, scope.book.table("initiatives"), cs.reached(scope))
    return lines.filter(~pl.col("reached"))


@derived(
    "split_bought", split_history, split_initiatives, split_concerned, split_takings, split_segments
)
def split_bought(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    lines: pl.DataFrame,
    initiatives: pl.DataFrame,
    concerned: pl.DataFrame,
    takings: pl.DataFrame,
    segments: pl.DataFrame,
) -> pl.DataFrame:
    """All purchases to be split by rules, numbered (`at`), with `segment` and `reported`.

    Those of the period that a rule might claim, and others that credits take back (not `reported`:
    they lie before the period, or are summed as purchases that no rule can reach). `at` is the row.
    """
    taken = pl.col("line_id").is_in(takings["original_line_id"].unique().implode())
    bought = lines.lazy().filter(pl.col("amount") > 0).select(COLUMNS)
    found = (
        marked(scope, bought, initiatives.lazy(), concerned.lazy())
        .with_columns(reported=pl.col("reached") & in_period(scope))
        .filter(pl.col("reported") | taken)
        .select(*COLUMNS, "reported")
        .join(segments.lazy(), on="code", how="left")
        .sort("line_id")
    )
    return found.collect(engine="in-memory").with_row_index("at")


def beside(rows: pl.DataFrame, bought: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Rows with columns of their purchase (`at`): picked by place, which no join is as fast as."""
    return rows.with_columns(bought[column].gather(rows["at"]) for column in columns)
