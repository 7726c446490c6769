"""MRR that came and went between two month ends: in no movement, so it is a memo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import issued_lines, mrr_at
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import at_month
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans, snapshot_month
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def intra_period(frames: Collected, month: int) -> Estimate:
    """How much MRR began and ended inside the month? Minor units.

    Of customers with MRR at neither end of it, the MRR of the spans that no snapshot saw. It is in
    no movement: neither new nor churn.
    """
    scope = frames.scope
    unseen = frames[mrr_spans].filter(
        pl.col("from_month") == pl.col("to_month"),
        snapshot_month(pl.col("from_day"), scope.as_of) == month,
        pl.col("mrr") > 0,
        ~pl.col("held"),
    )
    there = pl.concat([mrr_at(frames, m).filter(pl.col("mrr") > 0) for m in (month - 1, month)])
    gone = unseen.join(there.select("code"), on="code", how="anti")
    levels = at_month(frames, gone.group_by("code", "currency").agg(pl.col("mrr").max()), month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    label = "MRR begun and ended inside the month"
    put = Input(label, Kind.MONEY, value, "intra_period", Over.SUM, rows, MRR_UNITS)
    return estimated("intra_period", (put,), levels.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines issued in the month."""
    return issued_lines(scope, Period(month, month + 1))


INTRA_PERIOD = formula_metric(
    "intra_period", intra_period, (mrr_months, mrr_spans), Backing(evidence=_lines)
)
