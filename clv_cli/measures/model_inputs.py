"""Measures as the models read them: the edge at which exact money becomes statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.models.gamma_gamma import spending
from clv_cli.models.histories import histories
from clv_cli.models.renewals import renewals

if TYPE_CHECKING:
    from clv_cli.models.gamma_gamma import Spending
    from clv_cli.models.histories import Histories
    from clv_cli.models.renewals import Renewals


def purchase_histories(rfm: pl.DataFrame, days_per_unit: float = 7.0) -> Histories:
    """Rows of `rfm` as purchase histories, in weeks unless said otherwise."""
    return histories(
        rfm["frequency"].cast(pl.Float64).to_numpy(),
        rfm["recency"].to_numpy() / days_per_unit,
        rfm["age"].to_numpy() / days_per_unit,
    )


def repeat_spending(rfm: pl.DataFrame) -> Spending:
    """Rows of `rfm` as spend a repeat purchase, in minor units; nothing known where it is not positive.

    The first purchase is left out, as the model's authors do: it is often a trial or a set-up.
    """
    known = pl.col("repeat_spend") > 0
    found = rfm.select(
        purchases=pl.when(known).then(pl.col("frequency")).otherwise(0).cast(pl.Float64),
        mean=pl.when(known).then(pl.col("repeat_spend") / pl.col("frequency")).otherwise(0.0),
    )
    return spending(found["purchases"].to_numpy(), found["mean"].to_numpy())


def renewal_numbers(counts: pl.DataFrame) -> Renewals:
    """Rows of `renewal_counts` (of one interval) added up by the renewal's number."""
    by_number = counts.group_by("number").agg(pl.col("lost", "renewed").sum()).sort("number")
    return renewals(by_number["number"], by_number["lost"], by_number["renewed"])
