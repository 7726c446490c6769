"""Earned growth: what existing customers grow, and whom they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.acquisition import recommended
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.ratios import retained_share
from clv_cli.measures.retention import retention
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Input

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope


def earned_growth_rate(frames: Collected, month: int) -> Estimate:
    """How much growth do happy customers bring: their own, and that of customers they sent?

        earned growth = NRR + new MRR of recommended customers / opening MRR - 1

    over `nrr.months`. Source: Reichheld, Bain (2021).
    """
    kept = retained_share(frames, [month], "closing", "their MRR now")[0]
    if kept.value is None:
        return Estimate(None, kept.inputs, kept.n, kept.reason)
    window = range(month + 1 - frames.scope.settings.nrr.months, month + 1)
    won = (
        frames[mrr_movements]
        .filter(pl.col("month").is_in(list(window)), pl.col("new") != 0)
        .join(frames[recommended], on="code", how="semi")
    )
    value = minor(int(won["new"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, won, "new", parts.text_of_month())  # noqa: E731
    label = "new MRR of recommended customers"
    earned = Input(label, Kind.MONEY, value, "earned", rows=rows, unit=MRR_UNITS)
    return estimated("earned_growth_rate", (*kept.inputs, earned), kept.n)


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the opening or at the month's end."""
    return active_lines(scope, [month - scope.settings.nrr.months, month])


EARNED_GROWTH_RATE = formula_metric(
    "earned_growth_rate",
    earned_growth_rate,
    (retention, mrr_movements, recommended),
    Backing(requires=("referrals",), behind=(mrr_spans,), evidence=_lines),
)
