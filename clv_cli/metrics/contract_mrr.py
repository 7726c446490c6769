"""Contract MRR and what discounts take off it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.line_steps import discount_steps, level_at
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def discounted(frames: Collected, month: int) -> Input:
    """How much MRR do the discounts of active lines take off, at the month's end?"""
    levels = level_at(frames, discount_steps, month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    return Input("discounts", Kind.MONEY, value, "discount", rows=rows, unit=MRR_UNITS)


def contract_mrr(frames: Collected, month: int) -> Estimate:
    """What would customers pay a month without discounts? Minor units."""
    inputs = (parts.mrr(frames, month), discounted(frames, month))
    return estimated("contract_mrr", inputs, _n(frames, month))


def discount_mrr(frames: Collected, month: int) -> Estimate:
    """How much MRR is discounted away? Minor units."""
    return estimated("discount_mrr", (discounted(frames, month),), _n(frames, month))


def _n(frames: Collected, month: int) -> int:
    return int(parts.customers(frames, month).value or 0)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


_NEEDS = (mrr_months, discount_steps)
CONTRACT_MRR = formula_metric("contract_mrr", contract_mrr, _NEEDS, Backing(evidence=_lines))
DISCOUNT_MRR = formula_metric("discount_mrr", discount_mrr, _NEEDS, Backing(evidence=_lines))
