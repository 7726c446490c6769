"""Renewal rate: how much of what came up for renewal was renewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import at_month, term_ends
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def renewal_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the MRR whose term ended in the month was renewed? An exact ratio.

        renewal rate = (MRR up for renewal + contraction + churn) / MRR up for renewal

    A transaction metric: annual contracts count in the month their term ends, monthly ones every
    month. Without ending terms there is no value.
    """
    ended = frames[term_ends].filter(pl.col("month") == month)
    sums = ended.group_by("code", "currency").agg(pl.col("mrr").sum())
    levels = at_month(frames, sums, month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    label = "MRR up for renewal"
    due = Input(label, Kind.MONEY, value, "expiring", Over.SUM, rows, MRR_UNITS)
    lost = [parts.moved(frames, [month], name) for name in ("contraction", "churn")]
    return estimated("renewal_rate", (due, *lost), levels.height, "no term ended")


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


RENEWAL_RATE = formula_metric(
    "renewal_rate",
    renewal_rate,
    (mrr_months, term_ends),
    Backing(evidence=_lines, behind=(mrr_movements,)),
)
