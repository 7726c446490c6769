"""MRR that came and went between two month ends: in no movement, so it is a memo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import issued_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_events import mrr_passing
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def intra_period(frames: Collected, month: int) -> Estimate:
    """How much MRR began and ended inside the month? Minor units.

    Of customers with MRR at neither end of it, the most that each paid on a day between. It is in no
    movement: neither new nor churn.
    """
    passed = frames[mrr_passing].filter(pl.col("month") == month)
    value = minor(int(passed["mrr"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, passed, "mrr", pl.lit(month_text(month)))  # noqa: E731
    label = "MRR begun and ended inside the month"
    put = Input(label, Kind.MONEY, value, "intra_period", Over.SUM, rows, MRR_UNITS)
    return estimated("intra_period", (put,), passed.height)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines issued in the month."""
    return issued_lines(scope, Period(month, month + 1))


INTRA_PERIOD = formula_metric(
    "intra_period", intra_period, (mrr_passing,), Backing(evidence=_lines)
)
