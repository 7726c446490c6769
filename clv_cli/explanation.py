"""A metric walked back: its formula, the numbers put in, the customers and the source rows behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import UsageError
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.metrics import METRICS
from clv_cli.money import to_text
from clv_cli.periods import month_text, parse_month
from clv_cli.pipeline import Measure
from clv_cli.results import Column, Rows, Table
from clv_cli.tables import static_table

if TYPE_CHECKING:
    from fractions import Fraction

    from clv_cli.pipeline import Figure, Metric, Scope
    from clv_cli.results import Frames

TOP_CUSTOMERS = 10
TOP_ROWS = 20

EVIDENCE_COLUMNS = (
    Column("place", Kind.TEXT, "Source"),
    Column("customer_id", Kind.TEXT, "Customer"),
    Column("line_id", Kind.TEXT, "Line"),
    Column("day", Kind.DATE, "Day"),
    Column("kind_of_row", Kind.TEXT, "Kind"),
    Column("amount", Kind.MONEY, "Amount", "currency"),
    Column("currency", Kind.TEXT, "Currency"),
)


def explain_tables(scope: Scope, name: str, month: str | None) -> list[Table]:
    """The tables that explain one metric at one month (default: the month of as-of).

    Raises:
        UsageError: the month is none, or lies after as-of.
    """
    at = scope.closing if month is None else parse_month(month)
    if at > scope.closing:
        raise UsageError(
            f"{month} lies after the data's as-of day {scope.as_of.isoformat()}",
            where="clv explain",
            hint=f"choose a month up to {month_text(scope.closing)}",
        )
    metric = METRICS[name]
    tables = [_definition(metric), _numbers(metric, at)]
    if metric.contributors is not None:
        tables.append(_customers(scope, metric, at))
    if metric.evidence is not None:
        tables.append(_evidence(metric, at))
    return tables


def _definition(metric: Metric) -> Table:
    term = GLOSSARY[metric.name]
    facts = [("question", term.question), ("formula", term.formula)]
    facts += [("convention", note) for note in term.notes]
    facts += [("settings", ", ".join(term.settings))] if term.settings else []
    facts += [("source", term.source)] if term.source else []
    frame = pl.DataFrame(facts, schema={"about": pl.String, "text": pl.String}, orient="row")
    columns = (Column("about", Kind.TEXT, ""), Column("text", Kind.TEXT, ""))
    return static_table("definition", f"{term.title} ({metric.name})", columns, frame)


def _numbers(metric: Metric, month: int) -> Table:
    """The numbers put into the formula, and what comes out."""
    columns = (
        Column("number", Kind.TEXT, "Number"),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Value"),
    )

    def finish(frames: Frames) -> Rows:
        figure = metric.figures(frames, [month])[0]
        rows = [
            (item.label, item.kind.value, canonical(item.kind, item.value, frames.scope.currency))
            for item in figure.inputs
        ]
        result = canonical(metric.kind, figure.value, frames.scope.currency)
        rows.append((f"= {GLOSSARY[metric.name].title}", metric.kind.value, result))
        schema = dict.fromkeys(("number", "kind", "value"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(frame, reasons=_reason(figure, len(rows) - 1), notes=_counted(figure))

    title = f"The numbers, {month_text(month)}"
    return Table("numbers", title, columns, metric.needs, finish)


def canonical(kind: Kind, value: int | Fraction | None, currency: str) -> str | None:
    """A figure as the text that a by-row column holds."""
    if value is None:
        return None
    if kind is Kind.MONEY:
        return to_text(int(value), currency)
    return str(int(value)) if kind is Kind.COUNT else repr(round(float(value), 6))


def _reason(figure: Figure, row: int) -> tuple[tuple[int, str, str], ...]:
    return ((row, "value", figure.reason),) if figure.reason else ()


def _counted(figure: Figure) -> tuple[str, ...]:
    return (f"n = {figure.n:,}",) if figure.n is not None else ()


def _customers(scope: Scope, metric: Metric, month: int) -> Table:
    """The customers behind the figure, the most important first."""
    kind = metric.contributor_kind
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("value", kind, "Value"),
        Column("note", Kind.TEXT, "What"),
    )
    names = _names(scope)

    def finish(frames: Frames) -> Rows:
        assert metric.contributors is not None  # noqa: S101 - asked by the caller
        behind = metric.contributors(frames, month).with_row_index("_rank")
        named = behind.join(frames[names], on="customer_id", how="left").sort("_rank")
        return Rows(named.select("customer_id", "name", "value", "note"))

    return Table(
        "contributors",
        "The customers behind it",
        columns,
        (*metric.needs, names),
        finish,
        people_rows=TOP_CUSTOMERS,
    )


def _names(scope: Scope) -> Measure:
    def plan(_: Scope) -> pl.LazyFrame:
        customers = scope.book.table("customers").select("customer_id", "name")
        return customers.unique("customer_id", keep="first", maintain_order=True)

    return Measure("customer_names", plan=plan)


def _evidence(metric: Metric, month: int) -> Table:
    """The source rows, those of the most important customers first, each with `file:row`."""

    def plan(scope: Scope) -> pl.LazyFrame:
        assert metric.evidence is not None  # noqa: S101 - asked by the caller
        return metric.evidence(scope, month)

    measure = Measure("evidence", plan=plan)

    def finish(frames: Frames) -> Rows:
        rows = frames[measure].with_columns(
            place=pl.format("{}:{}", "source", "row"), kind_of_row=pl.col("kind")
        )
        if metric.contributors is not None:
            ranks = (
                metric.contributors(frames, month).select("customer_id").unique(maintain_order=True)
            )
            rows = rows.join(ranks.with_row_index("_rank"), on="customer_id", how="left")
        else:
            rows = rows.with_columns(_rank=pl.lit(0))
        rows = rows.sort("_rank", "day", "source", "row", nulls_last=True)
        return Rows(rows.select(column.name for column in EVIDENCE_COLUMNS))

    return Table(
        "evidence",
        "The source rows behind it (file:row)",
        EVIDENCE_COLUMNS,
        (*metric.needs, measure),
        finish,
        people_rows=TOP_ROWS,
    )
