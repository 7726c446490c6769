"""CARR: annual recurring revenue with what is contracted but has not begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, mrr_at
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import advance_lines, at_month
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_end
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def carr(frames: Collected, month: int) -> Estimate:
    """What do contracts bring in a year, those that have not begun included? Minor units.

        CARR = 12 x (MRR + invoiced MRR of customers whose service has not begun)

    A renewal invoiced ahead is not counted beside the term it renews: only customers who pay
    nothing at the month's end can have MRR that has not begun. What was credited of it is taken off.
    """
    day = min(month_end(month), frames.scope.as_of)
    ahead = frames[advance_lines].filter(pl.col("issued_on") <= day, pl.col("active_from") > day)
    paying = mrr_at(frames, month).filter(pl.col("mrr") > 0).select("code")
    fresh = ahead.join(paying, on="code", how="anti").group_by("code", "currency")
    worth = at_month(frames, fresh.agg(pl.col("mrr").sum()), month)
    levels = worth.group_by("code").agg(pl.col("value").sum()).filter(pl.col("value") > 0)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit("not begun"))  # noqa: E731
    label = "MRR invoiced, not begun"
    waiting = Input(label, Kind.MONEY, value, "not_begun", rows=rows, unit=MRR_UNITS)
    return estimated("carr", (parts.mrr(frames, month), waiting), levels.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


CARR = formula_metric(
    "carr", carr, (mrr_months, mrr_spans, advance_lines), Backing(evidence=_lines)
)
