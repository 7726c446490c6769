"""Customers who came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows
from clv_cli.measures.purchases import purchases

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


_STRIDE = 2**32


def win_back(frames: Collected, since: date) -> pl.DataFrame:
    """Who bought again after 30 days or more without service or purchase?

    Dormant days count from the end of all service paid for (the last purchase, without service) to
    the next invoice of more than nothing.
    """
    scope = frames.scope
    bought = frames[purchases].filter(pl.col("amount") > 0)
    # Customers are kept apart in one running maximum by a stride that no day reaches.
    key = pl.col("code").cast(pl.Int64) * _STRIDE
    until = pl.max_horizontal("served_to", "day").to_physical()
    before = pl.when(pl.col("code") == pl.col("code").shift(1)).then(pl.col("reach").shift(1))
    rows = bought.with_columns(reach=(key + until).cum_max() - key).with_columns(
        gone=pl.col("day").to_physical() - before
    )
    found = rows.filter(
        pl.col("gone") >= scope.settings.moments.dormant_days,
        in_window("day", since, scope.as_of),
    )
    return moment_rows(
        found,
        "win_back",
        code="code",
        day="day",
        subject=pl.lit("return"),
        occurrence=pl.format("{}", "day"),
        fact=pl.format("back after {} days", "gone"),
        source="source",
        row="row",
    )


KINDS = (
    MomentKind(
        "win_back",
        "Customer came back",
        Aim.THANK,
        play="welcome them back; ask why they left and what brought them back",
        owner="success",
        priority=2,
        needs=(purchases,),
        find=win_back,
    ),
)
