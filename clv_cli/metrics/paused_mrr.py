"""Paused MRR: what pauses hold at the month's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import at_month
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import MONTHS_A_YEAR, Period, month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def paused_mrr(frames: Collected, month: int) -> Estimate:
    """How much MRR do pauses hold at the month's end? Minor units. Not part of MRR."""
    held = frames[mrr_spans].filter(
        pl.col("held"), pl.col("from_month") <= month, pl.col("to_month") > month
    )
    sums = held.group_by("code", "currency").agg(-pl.col("mrr").sum())
    levels = at_month(frames, sums, month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    put = Input("MRR on hold", Kind.MONEY, value, "paused_mrr", rows=rows, unit=MRR_UNITS)
    return estimated("paused_mrr", (put,), levels.height)


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The subscriptions that were ever paused."""
    rows = table_rows(
        scope, "subscriptions", "started_on", "status", Period(MONTHS_A_YEAR, month + 1)
    )
    paused = scope.book.table("subscriptions").filter(pl.col("pauses").is_not_null())
    return rows.join(paused.select("source", "row"), on=["source", "row"], how="semi")


PAUSED_MRR = formula_metric(
    "paused_mrr", paused_mrr, (mrr_spans,), Backing(("subscriptions",), (), _rows)
)
