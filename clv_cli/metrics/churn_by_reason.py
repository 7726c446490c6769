"""Churned MRR by reason: voluntary, involuntary, free, unknown; and the involuntary share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.churn_reasons import REASONS, churned
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Metric, Scope


def churn_because(why: str, frames: Collected, month: int) -> Estimate:
    """How much MRR left for one reason? Minor units, negative."""
    put = _part(frames, month, why)
    return estimated(f"churn_{why}", (put,))


def involuntary_share(frames: Collected, month: int) -> Estimate:
    """Which share of churned MRR left because a payment failed? An exact ratio."""
    inputs = (_part(frames, month, "involuntary"), parts.moved(frames, [month], "churn"))
    return estimated("involuntary_churn_share", inputs, none="no churn")


def _part(frames: Collected, month: int, why: str) -> Input:
    gone = frames[churned].filter(pl.col("month") == month, pl.col("why") == why)
    value = minor(int(gone["churn"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, gone, "churn", parts.text_of_month())  # noqa: E731
    return Input(f"{why} churn", Kind.MONEY, value, f"churn_{why}", Over.SUM, rows, MRR_UNITS)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end."""
    return active_lines(scope, [month - 1])


def _metric(why: str) -> Metric:
    estimate = partial(churn_because, why)
    return formula_metric(f"churn_{why}", estimate, (churned,), Backing(evidence=_lines))


CHURN_REASONS = {f"churn_{why}": _metric(why) for why in REASONS}
INVOLUNTARY_SHARE = formula_metric(
    "involuntary_churn_share", involuntary_share, (churned, mrr_months), Backing(evidence=_lines)
)
