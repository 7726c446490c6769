"""Prior period adjustments: what late lines change in months that were closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.estimates import formula_metric
from clv_cli.measures.series import Estimate
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected


def prior_period_adjustment(_frames: Collected, _month: int) -> Estimate:
    """How much of the month's change belongs to months that were closed?

    Without closed months there is nothing to adjust, and so no value.
    """
    unknown = Input("adjustments", Kind.MONEY, None, "prior_period_adjustment")
    return Estimate(None, (unknown,), None, "needs closed months")


PRIOR_PERIOD_ADJUSTMENT = formula_metric("prior_period_adjustment", prior_period_adjustment, ())
