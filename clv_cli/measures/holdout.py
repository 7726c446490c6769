"""The last months, kept from the models: what was known before them, and what was bought in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from clv_cli.measures.rfm import by_customer
from clv_cli.periods import month_end

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Scope


class HeldOut(NamedTuple):
    """Purchases by free choice, cut in two.

    Args:
        cut: the last day that the models tested may see.
        tested: the columns of `rfm` as of that day, with `later`, the purchases made since; by `code`.
        purchases: `code, day` of each of the latter.
        weeks: from the cut to the as-of day.
    """

    cut: date
    tested: pl.DataFrame
    purchases: pl.DataFrame
    weeks: float


def held_out(scope: Scope, days: pl.DataFrame) -> HeldOut:
    """What was known of customers before the last `models.holdout_months`, and what they bought then?

    Args:
        scope: the day and the settings.
        days: rows of `purchase_days`.
    """
    cut = month_end(scope.closing - scope.settings.models.holdout_months)
    free = days.filter(~pl.col("contract"))
    early = by_customer(replace(scope, as_of=cut), free.filter(pl.col("day") <= cut))
    since = free.filter(pl.col("day") > cut, pl.col("bought"))
    known = since.join(early.select("code"), on="code", how="semi").select("code", "day")
    counts = known.group_by("code").agg(later=pl.len().cast(pl.Int64))
    tested = early.join(counts, on="code", how="left").with_columns(pl.col("later").fill_null(0))
    return HeldOut(cut, tested.sort("code"), known, (scope.as_of - cut).days / 7)


def log_gaps(days: pl.DataFrame) -> float:
    """The sum of the logarithms of the weeks between purchases by free choice, of all customers.

    Statistics of timing: it tells regular customers from random ones.
    """
    bought = days.filter(~pl.col("contract"), pl.col("bought")).sort("code", "day")
    gap = pl.col("day").diff().dt.total_days() / 7
    same = pl.col("code") == pl.col("code").shift(1)
    return float(bought.select(gap.filter(same).log().sum()).item())
