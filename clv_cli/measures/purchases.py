"""What customers bought, invoice by invoice and product by product: what milestones are counted in."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import billed_lines, counted_lines
from clv_cli.pipeline import Scope, reduction


@reduction("purchases")
def purchases(scope: Scope) -> pl.LazyFrame:
    """Which invoices did each customer get, and what did each bring?

    Returns:
        `code, day` (of issue), `invoice_id`, sorted; `amount` (Int64 minor units of the base
        currency, credits and refunds below 0; null where no rate is known), `served_to` (day after
        the last day of service; null without one), `source, row` of its first line.
    """
    first = pl.col("source", "row").sort_by("source", "row").first()
    return (
        billed_lines(scope)
        .group_by("code", "invoice_id", day="issued_on")
        .agg(
            first,
            amount=pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64),
            served_to=pl.col("period_end").filter(pl.col("amount") > 0).max(),
        )
        .sort("code", "day", "invoice_id")
    )


@reduction("first_products")
def first_products(scope: Scope) -> pl.LazyFrame:
    """When did each customer first pay for each product?

    Returns:
        `code, day, product_id`, sorted, with `source, row` of the line.
    """
    first = pl.col("day", "source", "row").sort_by("day", "source", "row").first()
    return (
        counted_lines(scope)
        .filter(pl.col("amount") > 0, pl.col("product_id").is_not_null())
        .select("code", "product_id", "source", "row", day="issued_on")
        .group_by("code", "product_id")
        .agg(first)
        .sort("code", "day", "product_id")
    )
