"""Billed revenue: what was invoiced, ex tax, less credits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.drilldown import customers_by_revenue, issued_lines
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.measures.series import Estimate, rounded
from clv_cli.periods import Period
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Figure, Scope


def billed_revenue(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much was billed in the month, ex tax, less credits? Minor units.

        net revenue = invoice lines + credits + cash refunds that no credit covers

    by day of issue, each line at that day's rate. A month in which nothing was billed is 0.
    """
    sums = (
        frames[revenue_facts]
        .group_by("month")
        .agg(
            billed=pl.col("amount_base").filter(pl.col("amount_base") > 0).sum(),
            taken=pl.col("amount_base").filter(pl.col("amount_base") <= 0).sum(),
            lines=pl.col("lines").sum(),
        )
    )
    rows = {month: (billed, taken, lines) for month, billed, taken, lines in sums.iter_rows()}

    def estimate(month: int) -> Estimate:
        billed, taken, lines = rows.get(month, (0, 0, 0))
        inputs = (
            Input("invoiced", Kind.MONEY, billed),
            Input("credited and refunded", Kind.MONEY, taken),
        )
        return Estimate(Fraction(billed + taken), inputs, lines)

    return rounded(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Who was billed in the month."""
    return customers_by_revenue(frames, Period(month, month + 1))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines issued in the month."""
    return issued_lines(scope, Period(month, month + 1))


NET_REVENUE = Metric(
    "net_revenue",
    needs=(revenue_facts,),
    figures=billed_revenue,
    contributors=_customers,
    evidence=_lines,
)
