"""Concentration: how much of MRR hangs on the largest customers."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines, mrr_at
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Metric, Scope

_NONE = "no MRR at the month's end"


def top_share(count: int, frames: Collected, month: int) -> Estimate:
    """Which share of MRR comes from the largest customers? An exact ratio."""
    ranked = _paying(frames, month).sort("mrr", "code", descending=[True, False]).head(count)
    value = minor(int(ranked["mrr"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, ranked, "mrr", pl.lit(month_text(month)))  # noqa: E731
    label = f"MRR of the largest {count}"
    top = Input(label, Kind.MONEY, value, f"top{count}", rows=rows, unit=MRR_UNITS)
    return estimated(f"top{count}_share", (top, parts.mrr(frames, month)), ranked.height, _NONE)


def herfindahl(frames: Collected, month: int) -> Estimate:
    """How concentrated is MRR? The sum of squared shares: 1 is one customer, 1/n is n equal ones.

    Source: Herfindahl (1950), Hirschman (1945).
    """
    paying = _paying(frames, month)
    squares = sum((minor(value) ** 2 for value in paying["mrr"]), Fraction(0))
    put = Input("sum of squared MRR", Kind.FACTOR, squares, "squares")
    return estimated("hhi", (put, parts.mrr(frames, month)), paying.height, _NONE)


def _paying(frames: Collected, month: int) -> pl.DataFrame:
    return mrr_at(frames, month).filter(pl.col("mrr") > 0)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the month's end."""
    return active_lines(scope, [month])


def _top(count: int) -> Metric:
    estimate = partial(top_share, count)
    return formula_metric(
        f"top{count}_share", estimate, (mrr_months, mrr_spans), Backing(evidence=_lines)
    )


TOP1_SHARE = _top(1)
TOP10_SHARE = _top(10)
HHI = formula_metric("hhi", herfindahl, (mrr_months, mrr_spans), Backing(evidence=_lines))
