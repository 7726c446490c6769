"""How a purchase moved the customer: switched to us, expanded, or retained. Facts, not credit.

switched   the customer's first purchase day, of a customer who came from a competitor
expanded   share of a line by which its month exceeds the base: see `expansion`
retained   all the rest
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.expansion import expansion
from clv_cli.attribution.grouping import among, end_of
from clv_cli.attribution.lines import ONE
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool]]

PARTS = ("switched", "expanded", "retained")
PART = pl.Enum([*PARTS, "whole"])
NEVER = 2**31 - 1


@reduction("split_switchers")
def split_switchers(scope: Scope) -> pl.LazyFrame:
    """Customers who came from a competitor, by their own record or a won new deal: `code`."""
    book = scope.book
    supplied = pl.col("prior_supplier").is_not_null()
    deals = book.table("deals").filter(
        supplied & (pl.col("outcome") == "won") & (pl.col("type") == "new")
    )
    by_account = deals.filter(pl.col("customer_id").is_null()).join(
        book.table("account_map").select("account_id", mapped="customer_id"), on="account_id"
    )
    named = pl.concat(
        [
            book.table("customers").filter(supplied).select("customer_id"),
            deals.select("customer_id").drop_nulls(),
            by_account.select(customer_id="mapped"),
        ]
    )
    return named.join(book.codes.lazy(), on="customer_id").select("code").unique().sort("code")


@reduction("split_switched_deals")
def split_switched_deals(scope: Scope) -> pl.LazyFrame:
    """Deals in which the customer left a competitor: `deal_id`."""
    deals = scope.book.table("deals").filter(pl.col("prior_supplier").is_not_null())
    return deals.select("deal_id").unique().sort("deal_id")


def parts(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    spread: pl.DataFrame,
    terms: pl.DataFrame,
    first_days: pl.DataFrame,
    came_from: tuple[pl.DataFrame, pl.DataFrame],
) -> pl.DataFrame:
    """What share of each purchase is switched, expanded, retained?

    Args:
        scope: its settings.
        bought: purchases, numbered.
        spread: see `split_spread`.
        terms: see `renewed.split_terms`.
        first_days: see `split_first_days`.
        came_from: see `split_switchers` and `split_switched_deals`.

    Returns:
        `at` (the purchase), `part, part_num, part_den` (Int128), one row a part that is not nothing;
        and `known`, false where too little past makes everything retained.
    """
    grown = expansion(scope, spread, terms, bought)
    first = _first_purchases(bought, first_days)
    came = np.ones(bought.height, np.bool)
    if not scope.settings.split.treat_new_as_switched:
        customers, deals = came_from
        most = end_of(bought["code"], customers["code"])
        came = among(most, customers["code"])[bought["code"].to_numpy()]
        if not deals.is_empty():
            by_deal = bought["deal_id"].is_in(deals["deal_id"].implode())
            came |= by_deal.fill_null(value=False).to_numpy()
    switched_ = among(end_of(bought["at"]), bought["at"].filter(first & came))
    placed = grown.with_columns(switched=pl.Series(switched_[grown["at"].to_numpy()]))
    num, den, switched = pl.col("num"), pl.col("den"), pl.col("switched")
    shares = {
        "switched": (switched, ONE, ONE),
        "expanded": (~switched & (num > 0), num, den),
        "retained": (~switched & (num < den), den - num, den),
    }
    return pl.concat(
        placed.filter(there).with_columns(
            part=pl.lit(part, PART), part_num=over, part_den=under, known=pl.col("known") | switched
        )
        for part, (there, over, under) in shares.items()
    ).drop("switched", "num", "den")


def _first_purchases(bought: pl.DataFrame, first_days: pl.DataFrame) -> Bools:
    """Which purchases are of their customer's first day? Codes are dense, so no join is needed."""
    code = bought["code"].to_numpy()
    day = np.full(end_of(bought["code"], first_days["code"]), NEVER, np.int32)
    day[first_days["code"].to_numpy()] = first_days["first_day"].to_physical().to_numpy()
    return np.asarray(bought["issued_on"].to_physical().to_numpy() == day[code])
