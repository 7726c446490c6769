"""Rows of the CRM and of support that name an account reach its billing customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.sources.matching import Tables
    from clv_cli.sources.part import Part

ONCE = ("minutes", "cost")


def assert_named(parts: Sequence[Part]) -> None:
    """Stop at a file of touches that names neither customers nor accounts.

    Raises:
        DataError: it has neither column.
    """
    for part in parts:
        names = set(part.typed().collect_schema())
        if part.table == "touches" and not names & {"customer_id", "account_id"}:
            raise DataError(
                "the file has no column for customer_id, nor one for account_id",
                where=f"{part.name} (columns: {part.binding.header.listed()})",
                hint=f"name its header at {part.binding.spec.where}.columns",
            )


def reach_customers(tables: Tables) -> list[Finding]:
    """Give deals and touches that name an account only the account's customers, in place.

    A deal gets the customer of an account that has exactly one. A touch concerns all customers of
    its account: it becomes a row for each, its effort and cost on the first, so that sums stay.

    Args:
        tables: canonical tables, account_map being the effective one.
    """
    found = []
    if "account_map" in tables:
        members = tables["account_map"].select("account_id", found="customer_id")
        if "deals" in tables:
            only = members.filter(pl.len().over("account_id") == 1)
            tables["deals"] = _filled(tables["deals"], only)
        if "touches" in tables:
            tables["touches"] = _spread(tables["touches"], members)
    if "touches" in tables:
        found = _nobody(tables["touches"])
        tables["touches"] = tables["touches"].filter(pl.col("customer_id").is_not_null())
    return found


def _filled(rows: pl.LazyFrame, only: pl.LazyFrame) -> pl.LazyFrame:
    names = rows.collect_schema().names()
    joined = rows.join(only, on="account_id", how="left")
    customer = pl.coalesce("customer_id", "found").alias("customer_id")
    return joined.with_columns(customer).select(names)


def _spread(touches: pl.LazyFrame, members: pl.LazyFrame) -> pl.LazyFrame:
    names = touches.collect_schema().names()
    first = pl.col("found") == pl.col("found").min().over("account_id")
    ranked = members.with_columns(first.alias("first"))
    named = touches.filter(pl.col("customer_id").is_not_null())
    unnamed = touches.filter(pl.col("customer_id").is_null())
    joined = unnamed.join(ranked, on="account_id", how="left").with_columns(
        pl.col("found").alias("customer_id"),
        *(
            pl.when(pl.col("first").fill_null(value=True)).then(pl.col(name)).alias(name)
            for name in ONCE
        ),
    )
    return pl.concat([named, joined.select(names)])


def _nobody(touches: pl.LazyFrame) -> list[Finding]:
    """A warning for touches of accounts that no billing customer is known to be."""
    lost = touches.filter(pl.col("customer_id").is_null())
    counts = lost.group_by("source").agg(pl.len().alias("rows"), pl.col("row").min()).sort("source")
    return [
        Finding(
            Severity.WARNING,
            "touches_of_nobody",
            f"{row['rows']} touches name no billing customer, and their account is none's: "
            "they concern no revenue",
            source=row["source"],
            row=row["row"],
            remedy="see clv check --table unmatched, and add the accounts to account_map",
        )
        for row in counts.collect().iter_rows(named=True)
    ]
