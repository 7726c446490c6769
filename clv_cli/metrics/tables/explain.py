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
        notes = [term.question, term.formula, window_text(metric, scope, month), *term.notes]
        return Rows(
            pl.DataFrame(rows, schema=schema, orient="row"),
            reasons,
            notes=[*notes, f"No value: {figure.reason}."] if figure.reason else notes,
        )

    return Table("explain", f"{term.title}, {month_text(month)}", columns, metric.needs, finish)


def _contributors(
    metric: Metric, find: Callable[[Collected, int], pl.DataFrame], month: int
) -> Table:
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("value", Kind.MONEY, "Amount"),
        Column("note", Kind.TEXT, "Note"),
    )

    def finish(frames: Frames) -> Rows:
        return Rows(find(frames, month))

    title = f"Customers behind it, {month_text(month)}"
    return Table("contributors", title, columns, metric.needs, finish, people_rows=CUSTOMERS_SHOWN)


def _evidence(metric: Metric, find: Callable[[Scope, int], pl.LazyFrame], month: int) -> Table:
    name = f"evidence of {metric.name} in {month_text(month)}"
    rows = Measure(name, plan=lambda scope: find(scope, month))
    columns = (
        Column("table", Kind.TEXT, "Table"),
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("line_id", Kind.TEXT, "Line"),
        Column("day", Kind.DATE, "Day"),
        Column("kind", Kind.TEXT, "Kind"),
        Column("amount", Kind.MONEY, "Amount", "currency"),
        Column("currency", Kind.TEXT, "Currency"),
        Column("source", Kind.TEXT, "File"),
        Column("row", Kind.COUNT, "Row"),
    )
    return Table(
        "evidence",
        "Source rows behind it",
        columns,
        (rows,),
        lambda frames: Rows(frames[rows]),
        people_rows=ROWS_SHOWN,
    )
