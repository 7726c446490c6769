"""The ledger of the split: one row a line x part x bucket x rule, with rule, version and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.facts import split_lines
from clv_cli.attribution.frozen import split_frozen
from clv_cli.attribution.split import method_of
from clv_cli.attribution.versions import place, split_evidence_rows, split_rule_versions
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

MEASURED = {"survey": "survey", "estimated": "estimated"}
COLUMNS = (
    Column("line_id", Kind.TEXT, "Line"),
    Column("invoice_id", Kind.TEXT, "Invoice", people=False),
    Column("customer_id", Kind.TEXT, "Customer"),
    Column("issued_on", Kind.DATE, "Issued on"),
    Column("month", Kind.MONTH, "Month", people=False),
    Column("product_id", Kind.TEXT, "Product"),
    Column("part", Kind.TEXT, "Part"),
    Column("bucket", Kind.TEXT, "Bucket"),
    Column("component", Kind.TEXT, "Component"),
    Column("rule_id", Kind.TEXT, "Rule"),
    Column("rule_version", Kind.TEXT, "Version of the rule", people=False),
    Column("method", Kind.TEXT, "Method", people=False),
    Column("evidence", Kind.TEXT, "Evidence"),
    Column("evidence_row", Kind.TEXT, "Row of the evidence", people=False),
    Column("original_evidence", Kind.TEXT, "Evidence of what it takes back", people=False),
    Column("exact_share", Kind.TEXT, "Exact share", people=False),
    Column("currency", Kind.TEXT, "Currency", people=False),
    Column("own", Kind.MONEY, "In its currency", "currency", people=False),
    Column("minor", Kind.COUNT, "Minor units of it", people=False),
    Column("amount", Kind.MONEY, "Revenue"),
    Column("source", Kind.TEXT, "File", people=False),
    Column("row", Kind.COUNT, "Row", people=False),
)
NEEDS = (split_lines, split_rule_versions, split_evidence_rows, split_frozen)
# What a closed month keeps beside its cells, and which row of it that is.
KEPT = ("rule_version", "method", "evidence_row")
CELL = ("line_id", "part", "bucket", "component", "rule_id", "evidence", "original_evidence")


def ledger(frames: Frames) -> pl.DataFrame:
    """The rows of the ledger, sorted by day and line.

    `exact_share` is a fraction as text: up to 38 digits, which no reader rounds. The evidence of what
    no rule claimed is the line itself.
    """
    lines = frames[split_lines].with_row_index("at")
    named = lines.join(frames[split_rule_versions], on="rule_id", how="left").join(
        frames[split_evidence_rows], on="evidence", how="left"
    )
    kept = frames[split_frozen].select(*CELL, pl.col(KEPT).name.suffix("_kept"))
    return (
        named.with_columns(
            method=pl.col("component").replace_strict(MEASURED, default="declared"),
            evidence_row=pl.col("evidence_row").fill_null(place()),
        )
        .join(kept, on=CELL, how="left", nulls_equal=True)
        .sort("at")
        .with_columns(
            *(pl.coalesce(f"{name}_kept", name).alias(name) for name in KEPT),
            exact_share=pl.concat_str("share_num", pl.lit("/"), "share_den"),
            minor="own",
        )
        .select(column.name for column in COLUMNS)
    )


def split_by_line_table(scope: Scope) -> Table:
    """Which rule gave which share of which line to whom, on what evidence?"""
    method = method_of(scope)

    def finish(frames: Frames) -> Rows:
        return Rows(ledger(frames), checks=(method.cells(frames).check,))

    title = "Revenue by CXM, CS and sales, by line"
    needs = (*NEEDS, *method.needs)
    return Table("split_by_line", title, COLUMNS, needs, finish, totals=("amount",))
