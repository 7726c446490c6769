"""GRR: how much of the MRR of a year ago was kept, without any expansion."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.drilldown import active_lines, customers_by_change
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.retention import retention
from clv_cli.measures.series import Estimate, exact, minor, no_data
from clv_cli.periods import month_text
from clv_cli.pipeline import Input, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.pipeline import Collected, Figure, Scope


def gross_revenue_retention(frames: Collected, months: Sequence[int]) -> list[Figure]:
    """How much of the MRR `nrr.months` ago was kept, without any expansion? An exact ratio.

        GRR = sum over the opening customers of min(MRR at the opening, MRR now)
              / their MRR at the opening

    Point to point, in the rates of the later month. The minimum is taken customer by customer, so that one who grew never hides one who left.
    Without customers at the opening there is no value.
    """
    rows = {row["month"]: row for row in frames[retention].iter_rows(named=True)}
    span = frames.scope.settings.nrr.months

    def estimate(month: int) -> Estimate:
        opening = month_text(month - span)
        if month not in rows:
            too_early = no_data(frames.scope, month - span)
            none = f"no customers with MRR at the end of {opening}"
            why = f"needs {span} months before it: {too_early}" if too_early else none
            return Estimate(None, (), 0, why)
        row = rows[month]
        inputs = (
            Input("kept of it, customer by customer", Kind.MONEY, minor(row["kept"])),
            Input(f"MRR at the end of {opening}", Kind.MONEY, minor(row["base"])),
        )
        return Estimate(Fraction(row["kept"], row["base"]), inputs, row["n"])

    return exact(frames, months, estimate)


def _customers(frames: Collected, month: int) -> pl.DataFrame:
    """What each customer of the opening pays more or less now."""
    return customers_by_change(frames, month, month - frames.scope.settings.nrr.months)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the opening or at the month's end."""
    return active_lines(scope, [month - scope.settings.nrr.months, month])


GRR = Metric(
    "grr",
    needs=(
        retention,
        mrr_spans,
    ),
    figures=gross_revenue_retention,
    contributors=_customers,
    evidence=_lines,
)
