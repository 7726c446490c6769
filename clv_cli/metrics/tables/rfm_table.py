"""Customers by recency, frequency and money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.customer_value import customer_value
from clv_cli.measures.rfm_scores import RFM_SEGMENTS, rfm_scores
from clv_cli.metrics.tables.customer_list import terms
from clv_cli.metrics.tables.value_tables import share
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.results import Frames

LABELS = {name: name.replace("_", " ") for name in RFM_SEGMENTS} | {
    "none": "(no purchase)",
    "total": "All",
}
SUMS = ("billed", "realised", "future", "value")
RULE = (
    "Scores 1 to 5 by the share of customers below, equals scoring equally: recency (0 days under "
    "contract), frequency (days with a purchase), money (net). Champions: recency 4, frequency + money "
    "8; loyal: 3 and 6; promising: 3 and less; lapsed: less and 6; hibernating: less of both."
)


def rfm_tables() -> list[Table]:
    """Who buys recently, often and for much, and what are these groups worth?

    Returns:
        The groups with their sums, and every customer with its scores (for machines).
    """
    return [_groups(), _scores()]


def _groups() -> Table:
    columns = (
        Column("rfm", Kind.TEXT, "RFM", labels=LABELS, rigid=True),
        Column("n", Kind.COUNT, "Customers"),
        Column("days_since", Kind.COUNT, "Days since", people=False),
        Column("bought", Kind.COUNT, "Purchases", people=False),
        Column("billed", Kind.MONEY, "Billed", whole=True),
        Column("realised", Kind.MONEY, "Realised", whole=True, people=False),
        Column("future", Kind.MONEY, "Future (est.)", whole=True),
        Column("value", Kind.MONEY, "Value (est.)", whole=True),
        Column("share", Kind.RATIO, "Share of value"),
    )
    needs = (rfm_scores, customer_value)
    return Table("rfm", "Customers by recency, frequency, money", columns, needs, _sums)


def _sums(frames: Frames) -> Rows:
    own = frames[rfm_scores].select("code", "days_since", "bought", rfm="segment")
    rows = (
        frames[customer_value]
        .join(own, on="code", how="left")
        .with_columns(pl.col("rfm").fill_null("none"))
    )
    order = {name: place for place, name in enumerate(LABELS)}
    sums = pl.col(SUMS).cast(pl.Int128).sum().cast(pl.Int64)
    middle = pl.col("days_since", "bought").median().round().cast(pl.Int64)
    groups = rows.group_by("rfm").agg(pl.len().cast(pl.Int64).alias("n"), middle, sums)
    sorted_groups = groups.sort(pl.col("rfm").replace_strict(order, return_dtype=pl.Int64))
    total = rows.select(
        pl.lit("total").alias("rfm"), pl.len().cast(pl.Int64).alias("n"), middle, sums
    )
    found = pl.concat([sorted_groups, total]) if rows.height else sorted_groups
    worth = int(total["value"][0]) if rows.height else 0
    frame = found.with_columns(share=share(found["value"], worth))
    left = sum(sorted_groups["value"].to_list())
    check = Check("value_by_rfm", left, worth, "value by rfm = value")
    return Rows(frame, checks=(check,), notes=(RULE, *terms(frames.scope)))


def _scores() -> Table:
    columns = (
        Column("customer_id", Kind.TEXT, "Customer", rigid=True),
        Column("rfm", Kind.TEXT, "RFM"),
        Column("segment", Kind.TEXT, "Group", labels=LABELS),
        Column("days_since", Kind.COUNT, "Days since"),
        Column("bought", Kind.COUNT, "Purchases"),
        Column("spent", Kind.MONEY, "Net spent"),
    )

    def finish(frames: Frames) -> Rows:
        rows = frames[rfm_scores].join(frames.scope.book.codes, on="code")
        best = ["recency", "frequency", "money", "spent"]
        return Rows(rows.sort([*best, "customer_id"], descending=[True] * 4 + [False]))

    title = "Scores: recency, frequency, money"
    return Table("rfm_scores", title, columns, (rfm_scores,), finish, people_rows=5)
