"""What customers bought, invoice by invoice and product by product: what milestones are counted in."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import billed_lines, counted_lines
from clv_cli.measures.packed_order import in_order
from clv_cli.pipeline import Scope, derived, reduction


@reduction("purchases_by_file")
def purchases_by_file(scope: Scope) -> pl.LazyFrame:
    """The invoices of `purchases` once for each file they are in, in no order."""
    return (
        billed_lines(scope)
        .with_columns(served_to=pl.when(pl.col("amount") > 0).then("period_end"))
        .group_by("code", "invoice_id", "source", day="issued_on")
        .agg(
            pl.col("row").min(),
            pl.col("served_to").max(),
            amount=pl.col("amount_base").cast(pl.Int128).sum(),
        )
    )


@derived("purchases", purchases_by_file)
def purchases(scope: Scope, by_file: pl.DataFrame) -> pl.DataFrame:
    """Which invoices did each customer get, and what did each bring?

    Returns:
        `code, day` (of issue), `invoice_id`, sorted; `amount` (Int64 minor units of the base
        currency, credits and refunds below 0; null where no rate is known), `served_to` (day after
        the last day of service; null without one), `source, row` of its first line.
    """
    del scope
    keys = ("code", "day", "invoice_id")
    by_file = in_order(by_file, "day", "invoice_id", "source")
    again = pl.all_horizontal(pl.col(key).eq_missing(pl.col(key).shift(1)) for key in keys)
    # Hardly any invoice is in two files: no second grouping for all the others.
    if by_file.select(again.any()).item():
        by_file = by_file.group_by(keys, maintain_order=True).agg(
            pl.col("source", "row").first(), pl.col("amount").sum(), pl.col("served_to").max()
        )
    return by_file.select(*keys, "source", "row", pl.col("amount").cast(pl.Int64), "served_to")


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
