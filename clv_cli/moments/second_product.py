"""The first purchase of a second product: from a customer of a product to a customer of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows
from clv_cli.measures.purchases import first_products

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


def second_product(frames: Collected, since: date) -> pl.DataFrame:
    """Who paid for a second product for the first time? Not those who began with several."""
    firsts = frames[first_products]
    began = firsts.group_by("code").agg(
        began=pl.col("day").min(), at_once=(pl.col("day") == pl.col("day").min()).sum()
    )
    later = firsts.join(began, on="code", how="left").filter(
        pl.col("at_once") == 1, pl.col("day") > pl.col("began")
    )
    found = (
        later.sort("code", "day", "product_id")
        .unique("code", keep="first", maintain_order=True)
        .filter(in_window("day", since, frames.scope.as_of))
    )
    return moment_rows(
        found,
        "second_product",
        code="code",
        day="day",
        subject="product_id",
        occurrence=pl.lit("first"),
        fact=pl.format("first purchase of {}", "product_id"),
        source="source",
        row="row",
    )


KINDS = (
    MomentKind(
        "second_product",
        "Second product",
        Aim.THANK,
        play="onboard them on the new product; thank them for the trust",
        owner="success",
        priority=3,
        needs=(first_products,),
        find=second_product,
    ),
)
