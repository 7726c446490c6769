"""ASP: what a new customer brings a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import mrr_movements

if TYPE_CHECKING:
    import polars as pl

    from clv_cli.measures.series import Estimate
    from clv_cli.pipeline import Collected, Scope


def average_selling_price(frames: Collected, month: int) -> Estimate:
    """What does a new customer bring a month? Minor units. Without new customers no value."""
    won = parts.customers_moved(frames, [month], "new", "new customers", "new_customers")
    inputs = (parts.moved(frames, [month], "new", "new MRR"), won)
    return estimated("asp", inputs, int(won.value or 0), "no new customers")


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


ASP = formula_metric(
    "asp", average_selling_price, (mrr_months,), Backing(evidence=_lines, behind=(mrr_movements,))
)
