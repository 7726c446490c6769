"""Whose MRR moves: the unit of `grain`, a customer, its parent or one subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

_NUMBERS = {"code": pl.Int32, "subscription_id": pl.String, "unit": pl.Int32}


def coded_by_unit(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Lines under `grain: parent` with the code of the whole family.

    A family is a parent and all customers that name it. It goes by the parent's code, or by the
    smallest of its members' where the parent is no billing customer.

    Args:
        scope: the settings and the Book.
        lines: with `code`.
    """
    if scope.settings.grain != "parent" or not scope.book.has("customers"):
        return lines
    parents = (
        scope.book.table("customers")
        .select("customer_id", "parent_id")
        .filter(pl.col("parent_id").is_not_null())
        .unique("customer_id", keep="first", maintain_order=True)
    )
    codes = scope.book.codes.lazy()
    rooted = codes.join(parents, on="customer_id", how="left").select(
        "code", root=pl.coalesce("parent_id", "customer_id"), head=pl.col("parent_id").is_null()
    )
    heads = rooted.group_by("root").agg(
        of_parent=pl.col("code").filter("head").min(), of_member=pl.col("code").min()
    )
    families = rooted.join(heads, on="root", how="inner").select(
        "code", family=pl.coalesce("of_parent", "of_member")
    )
    return lines.join(families, on="code", how="left").with_columns(code="family").drop("family")


def by_subscription(scope: Scope) -> bool:
    """Whether each subscription moves by itself."""
    return scope.settings.grain == "subscription"


def numbers_of(scope: Scope, *frames: pl.DataFrame) -> pl.DataFrame:
    """A number for each subscription of these frames: `code, subscription_id, unit` (Int32).

    No rows where the unit is the code itself. Lines without a subscription are one unit of their
    customer.
    """
    if not by_subscription(scope):
        return pl.DataFrame(schema=_NUMBERS)
    names = pl.concat([frame.select("code", "subscription_id") for frame in frames])
    numbers = names.unique().sort("code", "subscription_id").with_row_index("unit")
    return numbers.with_columns(pl.col("unit").cast(pl.Int32))


def numbered(scope: Scope, rows: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Rows of customers or subscriptions with their `unit`, by `numbers_of`."""
    if not by_subscription(scope):
        return rows.with_columns(unit="code")
    return rows.join(numbers, on=["code", "subscription_id"], how="left", nulls_equal=True)


def with_codes(scope: Scope, rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Rows of units with their customer's `code`, as the spans have it."""
    if not by_subscription(scope):
        return rows.with_columns(code="unit")
    return rows.join(spans.select("unit", "code").unique(), on="unit", how="left")
