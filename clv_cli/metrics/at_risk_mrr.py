"""At-risk MRR: what is counted, but stands on invoices past their due date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.at_risk import mrr_at_risk
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.past_due import UNPAID
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def at_risk_mrr(frames: Collected, month: int) -> Estimate:
    """How much of MRR stands on invoices past due at the month's end? Minor units."""
    levels = frames[mrr_at_risk].filter(pl.col("month") == month)
    value = minor(int(levels["mrr"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "mrr", pl.lit(month_text(month)))  # noqa: E731
    put = Input("MRR past due", Kind.MONEY, value, "at_risk_mrr", rows=rows, unit=MRR_UNITS)
    return estimated("at_risk_mrr", (put,), levels.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The active lines of unpaid invoices."""
    unpaid = scope.book.table("billing_lines").filter(
        pl.col("status").is_in(UNPAID) | (pl.col("paid_on") > pl.coalesce("due_on", "issued_on"))
    )
    return active_lines(scope, [month]).join(unpaid.select("line_id"), on="line_id", how="semi")


AT_RISK_MRR = formula_metric("at_risk_mrr", at_risk_mrr, (mrr_at_risk,), Backing(evidence=_lines))
