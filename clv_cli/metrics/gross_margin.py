"""Gross margin: which share of billed revenue is left after delivering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.costs import service_costs
from clv_cli.measures.drilldown import cost_rows, customers_by_revenue, issued_lines
from clv_cli.measures.revenue_facts import revenue_facts, revenue_months
from clv_cli.measures.series import exact
from clv_cli.measures.unit_economics import COST_OF_REVENUE, ltv_window
from clv_cli.measures.unit_economics import gross_margin as margin
from clv_cli.pipeline import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Figure, Scope


def gross_margin(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """Which share of billed revenue is left after the cost of delivering it? An exact ratio.

        gross margin = (billed revenue - cogs - hosting - payment fees) / billed revenue

    over the trailing `ltv.churn_window_months`. Without cost data it is 100 %, and its inputs say
    so; without billed revenue there is no value.
    """
    return exact(frames, months, lambda month: margin(frames, month))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Who was billed in the window."""
    return customers_by_revenue(frames, ltv_window(frames.scope, month))


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The cost rows and the lines of the window."""
    window = ltv_window(scope, month)
    costs = cost_rows(scope, "service_costs", window, COST_OF_REVENUE)
    return pl.concat([costs, issued_lines(scope, window)])


GROSS_MARGIN = Metric(
    "gross_margin",
    needs=(
        revenue_months,
        service_costs,
    ),
    figures=gross_margin,
    contributors=_customers,
    evidence=_rows,
    behind=(revenue_facts,),
)
