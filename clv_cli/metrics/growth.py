"""Growth of MRR: month on month, and compounded over a year."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.series import Estimate, no_data, roll_forward
from clv_cli.periods import MONTHS_A_YEAR, month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    import polars as pl

    from clv_cli.pipeline import Collected, Scope


def mrr_growth(frames: Collected, month: int) -> Estimate:
    """By how much did MRR grow? An exact ratio; without opening MRR no value."""
    inputs = (parts.mrr(frames, month), parts.opening_mrr(frames, month))
    n = roll_forward(frames)[month]["customers_closing"]
    return estimated("mrr_growth", inputs, n, "no MRR at the opening")


def cmgr(frames: Collected, month: int) -> Estimate:
    """Which monthly growth, compounded, leads from the MRR of a year ago to today's?"""
    then = month - MONTHS_A_YEAR
    early = no_data(frames.scope, then)
    if early:
        return Estimate(None, (), 0, f"needs {MONTHS_A_YEAR} months before it: {early}")
    ago = parts.mrr(frames, then, f"MRR at the end of {month_text(then)}", "mrr_then")
    months = Input("months", Kind.COUNT, MONTHS_A_YEAR, "months")
    inputs = (parts.mrr(frames, month), replace(ago), months)
    n = roll_forward(frames)[month]["customers_closing"]
    return estimated("cmgr", inputs, n, f"no MRR at the end of {month_text(then)}")


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


def _year(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active a year ago or now."""
    return active_lines(scope, [month - MONTHS_A_YEAR, month])


MRR_GROWTH = formula_metric("mrr_growth", mrr_growth, (mrr_months,), Backing(evidence=_lines))
CMGR = formula_metric("cmgr", cmgr, (mrr_months,), Backing(evidence=_year))
