"""How a purchase moved the customer: switched to us, expanded, or retained. Facts, not credit.

switched   the customer's first purchase day, of a customer who came from a competitor
expanded   share of a line by which its month exceeds the base: see `expansion`
retained   all the rest
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.expansion import expansion
from clv_cli.attribution.lines import ONE
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

PARTS = ("switched", "expanded", "retained")
PART = pl.Enum([*PARTS, "whole"])


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
    customers, deals = came_from
    yes = pl.lit(value=True)
    came = pl.any_horizontal(pl.col("by_customer", "by_deal").fill_null(value=False))
    if scope.settings.split.treat_new_as_switched:
        came = yes
    placed = (
        bought.select("at", "code", "issued_on", "deal_id")
        .join(first_days, on="code", how="left")
        .join(customers.with_columns(by_customer=yes), on="code", how="left")
        .join(deals.with_columns(by_deal=yes), on="deal_id", how="left")
        .select("at", switched=(pl.col("issued_on") == pl.col("first_day")) & came)
        .join(expansion(scope, spread, terms, bought), on="at")
    )
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
