"""Revenue of customers whom no evidence ties to the CRM: sales like the rest, but told apart.

Deals, touches and who switched are known by account. Where the account is not known, that no rule
reached a purchase says nothing about what was done for the customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.components import REST

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

UNMATCHED_CUSTOMER = "unmatched"


def rest_of(scope: Scope) -> pl.Expr:
    """The component of sales that a purchase no rule reached belongs to, by its customer's `code`.

    Args:
        scope: the Book, and its matches if it has a CRM.
    """
    book = scope.book
    if book.matches is None:
        return pl.lit(REST)
    nobody = book.matches.filter(pl.col("account_id").is_null())
    codes = book.codes.join(nobody, on="customer_id", how="semi")["code"].sort()
    of_nobody = pl.col("code").is_in(codes.implode())
    return pl.when(of_nobody).then(pl.lit(UNMATCHED_CUSTOMER)).otherwise(pl.lit(REST))
