"""One figure taken apart: the numbers put in, the customers it is made of, the source rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.metrics.tables.parts import canonical, computed, reported_month, window_text
from clv_cli.periods import month_text, parse_month
from clv_cli.pipeline import Measure
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.pipeline import Collected, Metric, Scope
    from clv_cli.results import Frames

CUSTOMERS_SHOWN = 10
ROWS_SHOWN = 20


def explain_tables(scope: Scope, metric: Metric, month: str | None) -> list[Table]:
    """What is behind a figure?

    Args:
        scope: the Book, day and period.
        metric: whose figure.
        month: such as `2026-10`; default: the last one reported.

    Raises:
        UsageError: the text is no month.
    """
    term = GLOSSARY[metric.name]
    at = parse_month(month) if month else reported_month(scope, term.window)
    tables = [_inputs(scope, metric, at)]
    if any(not scope.book.has(table) for table in metric.requires):
        return tables
    if metric.contributors is not None:
        tables.append(_contributors(metric, metric.contributors, at))
    if metric.evidence is not None:
        tables.append(_evidence(metric, metric.evidence, at))
    return tables


def _inputs(scope: Scope, metric: Metric, month: int) -> Table:
    term = GLOSSARY[metric.name]
    columns = (
        Column("item", Kind.TEXT, "Item"),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Value"),
    )

    def finish(frames: Frames) -> Rows:
        figure = computed(metric, frames, [month])[0]
        items = [(put.label, put.kind, put.value) for put in figure.inputs]
        items.append((term.title, term.kind, figure.value))
        rows = [
            (label, kind.value, canonical(value, kind, scope.currency))
            for label, kind, value in items
        ]
        schema = {"item": pl.String, "kind": pl.String, "value": pl.String}
        reasons = [(len(rows) - 1, "value", figure.reason)] if figure.reason else []
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(frame, reasons, notes=term.notes)

    title = f"{term.title}, {window_text(metric, scope, month)}"
    lead = (term.question, term.formula)
    return Table("explain", title, columns, metric.needs, finish, lead=lead)


def _contributors(
    metric: Metric, find: Callable[[Collected, int], pl.DataFrame], month: int
) -> Table:
    """The customers behind the figure, by name, the most important first."""
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("value", Kind.MONEY, "Amount"),
        Column("note", Kind.TEXT, "Note"),
    )

    def finish(frames: Frames) -> Rows:
        ranked = find(frames, month).with_row_index("rank")
        named = ranked.join(frames[CUSTOMER_NAMES], on="customer_id", how="left")
        return Rows(named.sort("rank").select(column.name for column in columns))

    title = f"Customers behind it, {month_text(month)}"
    needs = (*metric.needs, *metric.behind, CUSTOMER_NAMES)
    return Table("contributors", title, columns, needs, finish, people_rows=CUSTOMERS_SHOWN)


def _names(scope: Scope) -> pl.LazyFrame:
    customers = scope.book.table("customers").select("customer_id", "name")
    return customers.unique("customer_id", keep="first", maintain_order=True)


CUSTOMER_NAMES = Measure("customer_names", plan=_names)


def _evidence(metric: Metric, find: Callable[[Scope, int], pl.LazyFrame], month: int) -> Table:
    """The source rows, those of the most important customers first, each with `file:row`."""
    source = Measure(
        f"evidence of {metric.name} in {month_text(month)}", plan=lambda scope: find(scope, month)
    )
    columns = (
        Column("place", Kind.TEXT, "File:row"),
        Column("table", Kind.TEXT, "Table"),
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("line_id", Kind.TEXT, "Line"),
        Column("day", Kind.DATE, "Day"),
        Column("kind", Kind.TEXT, "Kind"),
        Column("amount", Kind.MONEY, "Amount", "currency"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("source", Kind.TEXT, "File", people=False),
        Column("row", Kind.COUNT, "Row", people=False),
    )

    def finish(frames: Frames) -> Rows:
        rows = frames[source].with_columns(place=pl.format("{}:{}", "source", "row"))
        if metric.contributors is not None:
            behind = metric.contributors(frames, month).select("customer_id")
            ranks = behind.unique(maintain_order=True).with_row_index("rank")
            rows = rows.join(ranks, on="customer_id", how="left")
            rows = rows.sort("rank", "day", "source", "row", nulls_last=True)
        return Rows(rows.select(column.name for column in columns))

    title = "Source rows behind it"
    needs = (*metric.needs, *metric.behind, source)
    return Table("evidence", title, columns, needs, finish, people_rows=ROWS_SHOWN)
