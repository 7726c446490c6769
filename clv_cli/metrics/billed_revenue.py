"""Billed revenue: what was invoiced, ex tax, less credits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.drilldown import customers_by_revenue, issued_lines
from clv_cli.measures.revenue_facts import revenue_facts, revenue_months
from clv_cli.measures.series import Estimate, rounded
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Metric, Over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Figure, Scope


def billed_revenue(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much was billed in the month, ex tax, less credits? Minor units.

        net revenue = invoice lines + credits + cash refunds that no credit covers

    by day of issue, each line at that day's rate. A month in which nothing was billed is 0.
    """
    rows = {row["month"]: row for row in frames[revenue_months].iter_rows(named=True)}
    nothing = {"invoiced": 0, "taken_back": 0, "lines": 0}

    def estimate(month: int) -> Estimate:
        def part(label: str, value: int, key: str) -> Input:
            rows = lambda: _rows(frames, month, key)  # noqa: E731 - one line, one part
            return Input(label, Kind.MONEY, value, key, Over.SUM, rows)

        row = rows.get(month, nothing)
        inputs = (
            part("invoiced", row["invoiced"], "invoiced"),
            part("credited and refunded", row["taken_back"], "taken_back"),
        )
        return Estimate(Fraction(row["invoiced"] + row["taken_back"]), inputs, row["lines"])

    return rounded(frames, months, estimate)


def _rows(frames: Collected, month: int, key: str) -> pl.DataFrame:
    """What each customer was billed, or had taken back."""
    found = frames[customer_revenue].filter(pl.col("month") == month, pl.col(key) != 0)
    return parts.ledger(frames, found, key, pl.lit(month_text(month)))


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """Who was billed in the month."""
    return customers_by_revenue(frames, Period(month, month + 1))


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines issued in the month."""
    return issued_lines(scope, Period(month, month + 1))


NET_REVENUE = Metric(
    "net_revenue",
    needs=(revenue_months,),
    figures=billed_revenue,
    contributors=_customers,
    evidence=_lines,
    behind=(revenue_facts, customer_revenue),
)
