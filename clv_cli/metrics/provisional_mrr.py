"""Provisional MRR: what late renewals and unpaid invoices may still change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import at_month
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_end, month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def provisional_mrr(frames: Collected, month: int) -> Estimate:
    """How much MRR is counted as gone, though a late renewal could still bridge the gap?

    MRR whose paid term ended at most `churn.bridge_gap_days` before the as-of day, which is not
    after the month's end, of customers who pay nothing then. Nothing in a month that is settled.
    """
    scope = frames.scope
    day, limit = min(month_end(month), scope.as_of), scope.settings.churn.bridge_gap_days
    spans = frames[mrr_spans].filter(~pl.col("held"), pl.col("mrr") > 0)
    waited = (pl.lit(scope.as_of) - pl.col("to_day")).dt.total_days()
    last = pl.col("to_day") == pl.col("to_day").max().over("code")
    ended = spans.filter(last).filter(pl.col("to_day") <= day, waited < limit)
    gone = ended.group_by("code", "currency")
    levels = at_month(frames, gone.agg(pl.col("mrr").sum()), month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    label = "MRR in an open gap"
    put = Input(label, Kind.MONEY, value, "provisional_mrr", rows=rows, unit=MRR_UNITS)
    return estimated("provisional_mrr", (put,), levels.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end."""
    return active_lines(scope, [month - 1])


PROVISIONAL_MRR = formula_metric(
    "provisional_mrr", provisional_mrr, (mrr_spans,), Backing(evidence=_lines)
)
