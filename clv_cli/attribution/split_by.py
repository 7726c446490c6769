"""The split by customer, month, product, segment; by rule; and line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.cxm import split_segments
from clv_cli.attribution.facts import SPLIT_FACTS
from clv_cli.attribution.line_table import split_by_line_table
from clv_cli.attribution.split import AMOUNT, BUCKET, COMPONENT, SHARE, method_of, rows_with_shares
from clv_cli.buckets import BUCKETS
from clv_cli.errors import UsageError, did_you_mean
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.pipeline import Measure, Scope
    from clv_cli.results import Frames

TITLE = "Revenue by CXM, CS and sales, by {by}"
_RULE_ORDER = {name: place for place, name in enumerate(BUCKETS)}


def _customers(frames: Frames) -> pl.DataFrame:
    codes = frames.scope.book.codes
    facts = frames[SPLIT_FACTS["customer"]].join(codes, on="code", how="left")
    # Who is in closed months alone has no code any more.
    return facts.with_columns(key=pl.col("customer_id").fill_null(""))


def _months(frames: Frames) -> pl.DataFrame:
    return frames[SPLIT_FACTS["month"]].rename({"month": "key"})


def _products(frames: Frames) -> pl.DataFrame:
    return frames[SPLIT_FACTS["product"]].with_columns(key=pl.col("product_id").fill_null(""))


def _segments(frames: Frames) -> pl.DataFrame:
    facts = frames[SPLIT_FACTS["customer"]].join(frames[split_segments], on="code", how="left")
    return facts.with_columns(key=pl.col("segment").fill_null(""))


def _wide(
    by: str,
    column: Column,
    measures: tuple[Measure, ...],
    keyed: Callable[[Frames], pl.DataFrame],
    order: tuple[tuple[str, bool], ...],
) -> Callable[[Scope], Table]:
    """A table with one row a key and one column a bucket."""

    def table(scope: Scope) -> Table:
        method = method_of(scope)

        def finish(frames: Frames) -> Rows:
            sums = [
                pl.col("amount")
                .filter(pl.col("bucket") == bucket)
                .cast(pl.Int128)
                .sum()
                .alias(bucket)
                for bucket in BUCKETS
            ]
            rows = keyed(frames).group_by(pl.col("key").alias(column.name)).agg(sums)
            total = pl.sum_horizontal(*BUCKETS)
            frame = rows.with_columns(total=total).with_columns(
                pl.col(*BUCKETS, "total").cast(pl.Int64)
            )
            names, down = [name for name, _ in order], [falls for _, falls in order]
            return Rows(frame.sort(names, descending=down), checks=(method.cells(frames).check,))

        money = tuple(Column(name, Kind.MONEY, head) for name, head in BUCKETS.items())
        columns = (column, *money, Column("total", Kind.MONEY, "All revenue"))
        needs = (*measures, *method.needs)
        totals = (*BUCKETS, "total")
        return Table(f"split_by_{by}", TITLE.format(by=by), columns, needs, finish, totals=totals)

    return table


def _by_rule(scope: Scope) -> Table:
    method = method_of(scope)

    def finish(frames: Frames) -> Rows:
        cells = method.cells(frames)
        ordered = sorted(cells.cells, key=lambda c: (_RULE_ORDER[c.bucket], c.component, c.rule_id))
        rows = [(c.bucket, c.component, c.rule_id, c.lines, c.amount) for c in ordered]
        text = dict.fromkeys(("bucket", "component", "rule"), pl.String)
        schema = {**text, "cells": pl.Int64, "amount": pl.Int64}
        return rows_with_shares(pl.DataFrame(rows, schema=schema, orient="row"), cells, [])

    rule, count = Column("rule", Kind.TEXT, "Rule"), Column("cells", Kind.COUNT, "Cells")
    columns = (BUCKET, COMPONENT, rule, count, AMOUNT, SHARE)
    title, totals = TITLE.format(by="rule"), ("cells", "amount")
    return Table("split_by_rule", title, columns, method.needs, finish, totals=totals)


_LARGEST = ("total", True)
SPLIT_BY: dict[str, Callable[[Scope], Table]] = {
    "customer": _wide(
        "customer",
        Column("customer_id", Kind.TEXT, "Customer", labels={"": "(in closed months only)"}),
        (SPLIT_FACTS["customer"],),
        _customers,
        (_LARGEST, ("customer_id", False)),
    ),
    "line": split_by_line_table,
    "month": _wide(
        "month",
        Column("month", Kind.MONTH, "Month"),
        (SPLIT_FACTS["month"],),
        _months,
        (("month", False),),
    ),
    "product": _wide(
        "product",
        Column("product_id", Kind.TEXT, "Product", labels={"": "(no product)"}),
        (SPLIT_FACTS["product"],),
        _products,
        (_LARGEST, ("product_id", False)),
    ),
    "rule": _by_rule,
    "segment": _wide(
        "segment",
        Column("segment", Kind.TEXT, "Segment", labels={"": "(no segment)"}),
        (SPLIT_FACTS["customer"], split_segments),
        _segments,
        (_LARGEST, ("segment", False)),
    ),
}


def split_by_table(scope: Scope, by: str) -> Table:
    """The split by one of `SPLIT_BY`.

    Raises:
        UsageError: there is no such grouping, or a worksheet, which knows no lines, cannot give it.
    """
    if by not in SPLIT_BY:
        raise UsageError(
            f'the split cannot be grouped by "{by}"',
            where="--by",
            hint=did_you_mean(by, SPLIT_BY) or f"one of {', '.join(SPLIT_BY)}",
        )
    if scope.settings.split.method == "worksheet" and by != "rule":
        raise UsageError(
            f"a worksheet has no {by} to group by",
            where="--by",
            hint="use --by rule for its items, or --method declared",
        )
    return SPLIT_BY[by](scope)
