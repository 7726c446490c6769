"""Who looks after each customer, as the CRM says."""

from __future__ import annotations

import polars as pl

from clv_cli.pipeline import Scope, reduction


@reduction("account_owners")
def account_owners(scope: Scope) -> pl.LazyFrame:
    """The owner of each billing customer's account: `code, owner`, sorted.

    Of several accounts, the one that is first by id and has an owner.
    """
    owned = scope.book.table("accounts").filter(pl.col("owner").is_not_null())
    return (
        scope.book.table("account_map")
        .join(owned.select("account_id", "owner"), on="account_id")
        .join(scope.book.codes.lazy(), on="customer_id")
        .sort("code", "account_id", "owner")
        .unique("code", keep="first", maintain_order=True)
        .select("code", "owner")
        .sort("code")
    )
