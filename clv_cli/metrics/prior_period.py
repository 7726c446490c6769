"""Prior period adjustments: what late lines change in months that were closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.closed_months import adjusting_lines
from clv_cli.measures.estimates import estimated, formula_metric
from clv_cli.measures.series import Estimate
from clv_cli.periods import month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected

NAME = "prior_period_adjustment"


def prior_period_adjustment(frames: Collected, month: int) -> Estimate:
    """How much of the month's billed revenue belongs to months that were closed? Minor units.

    Without closed months there is nothing to adjust, and so no value; nor where changes of closed
    months are only reported (`closing.changes`).
    """
    reason = None
    if frames.scope.book.closed is None:
        reason = "needs closed months"
    elif frames.scope.settings.closing.changes != "adjust":
        reason = "changes of closed months are reported, not booked"
    if reason:
        return Estimate(None, (Input("adjustments", Kind.MONEY, None, NAME),), None, reason)
    found = frames[adjusting_lines].filter(pl.col("month") == month)
    value = int(found["amount_base"].cast(pl.Int128).sum())
    rows = lambda: parts.ledger(frames, found, "amount_base", pl.lit(month_text(month)))  # noqa: E731
    put = Input("adjustments", Kind.MONEY, value, NAME, Over.SUM, rows)
    return estimated(NAME, (put,), found["code"].n_unique())


PRIOR_PERIOD_ADJUSTMENT = formula_metric(NAME, prior_period_adjustment, (adjusting_lines,))
