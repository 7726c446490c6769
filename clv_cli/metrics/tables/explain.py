"""One figure taken apart: the formula with its numbers, the ledger rows that sum to them, the lines."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.glossary import GLOSSARY, Kind, Window
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.formulas import keys, written
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.metrics.tables.parts import canonical, reported_month, text_of, window_text
from clv_cli.metrics.tables.spans import figure_over
from clv_cli.money import round_parts
from clv_cli.periods import month_text, parse_period
from clv_cli.pipeline import Measure
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clv_cli.pipeline import Collected, Figure, Input, Metric, Scope
    from clv_cli.results import Frames

CUSTOMERS_SHOWN = 10
ROWS_SHOWN = 20
LEDGER_SHOWN = 10
_LEDGER = ("part", "item", "customer_id", "note", "kind", "value")
# What the rows of any part may read beside what the metric itself does.
_BEHIND = (mrr_spans, revenue_facts, customer_revenue)


@dataclass(frozen=True, slots=True)
class Question:
    """Which figure is taken apart.

    Args:
        metric: whose.
        months: the months it is about.
        label: what they are called.
        customer: only this one's rows; None for all.
    """

    metric: Metric
    months: range
    label: str
    customer: str | None = None

    @property
    def last(self) -> int:
        """The month that stocks and windows are of."""
        return self.months[-1]


def question(
    scope: Scope, metric: Metric, period: str | None = None, customer: str | None = None
) -> Question:
    """What is asked, checked.

    Args:
        scope: the Book, day and period.
        metric: whose figure.
        period: `2026-10`, `2026Q3`, `2026`, …; default: the last month reported.
        customer: a customer id.

    Raises:
        UsageError: the text is no period, or there is no such customer.
    """
    if customer is not None and customer not in set(scope.book.codes["customer_id"]):
        near = did_you_mean(customer, scope.book.codes["customer_id"].to_list())
        raise UsageError(
            f'no line names the customer "{customer}"',
            where="--customer",
            hint=near or "customer ids are those of the billing lines",
        )
    if period is None:
        month = reported_month(scope, GLOSSARY[metric.name].window)
        return Question(metric, range(month, month + 1), month_text(month), customer)
    months = parse_period(period, scope.as_of).months
    return Question(metric, months, period, customer)


def explain_tables(scope: Scope, asked: Question) -> list[Table]:
    """What is behind a figure?

    Args:
        scope: the Book, day and period.
        asked: which figure.
    """
    metric = asked.metric
    tables = [_inputs(scope, asked)]
    if any(not scope.book.has(table) for table in metric.requires):
        return tables
    if metric.contributors is not None and len(asked.months) == 1:
        tables.append(_contributors(asked, metric.contributors))
    tables.append(_ledger(asked))
    source = _evidence_source(asked)
    if source is not None:
        tables.append(_evidence(asked, source))
    return tables


def trace_table(scope: Scope, asked: Question) -> Table:
    """The same in one table: inputs, ledger rows and source rows, one under the other."""
    columns = tuple(
        Column(name, Kind.TEXT, name.capitalize())
        for name in (
            *("step", "part", "item", "customer_id", "line_id", "day", "kind", "value", "currency"),
            "place",
        )
    )
    here = all(scope.book.has(table) for table in asked.metric.requires)
    source = _evidence_source(asked) if here else None
    names = [column.name for column in columns]

    def finish(frames: Frames) -> Rows:
        figure = _figure(asked, frames)
        rows = [_traced("input", row) for row in _input_rows(asked, figure, scope.currency)]
        rows += [_traced("ledger", row) for row in _ledger_rows(asked, figure, scope.currency)]
        if source is not None:
            rows += [_traced("source", row) for row in _lines(frames, source).to_dicts()]
        filled = [{name: row.get(name) for name in names} for row in rows]
        return Rows(pl.DataFrame(filled, schema=dict.fromkeys(names, pl.String), orient="row"))

    needs = (*_needs(asked), *([source] if source else []))
    return Table(
        "trace", f"{GLOSSARY[asked.metric.name].title}, {asked.label}", columns, needs, finish
    )


def _needs(asked: Question) -> tuple[Measure, ...]:
    return (*asked.metric.needs, *asked.metric.behind, *_BEHIND)


def _figure(asked: Question, frames: Frames) -> Figure:
    return figure_over(asked.metric, frames, asked.months)


def _inputs(scope: Scope, asked: Question) -> Table:
    metric = asked.metric
    term = GLOSSARY[metric.name]
    columns = (
        Column("item", Kind.TEXT, "Item"),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Value"),
        Column("part", Kind.TEXT, "Part", people=False),
    )

    def finish(frames: Frames) -> Rows:
        figure = _figure(asked, frames)
        rows = _input_rows(asked, figure, scope.currency)
        reasons = [(len(rows) - 1, "value", figure.reason)] if figure.reason else []
        schema = dict.fromkeys(("item", "kind", "value", "part"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        lead = _written(asked, figure, scope.currency)
        return Rows(
            frame, reasons, notes=_interval_note(figure, scope) + list(term.notes), lead=lead
        )

    when = window_text(metric, scope, asked.last) if len(asked.months) == 1 else asked.label
    lead = (term.question, term.formula)
    return Table("explain", f"{term.title}, {when}", columns, _needs(asked), finish, lead=lead)


def _input_rows(asked: Question, figure: Figure, currency: str) -> list[dict[str, str | None]]:
    term = GLOSSARY[asked.metric.name]
    items = [(put.label, put.kind, put.value, put.key) for put in figure.inputs]
    # Where the formula is one part, it would only repeat the figure.
    items = [item for item in items if item[3] != term.calc]
    items.append((term.title, term.kind, figure.value, "="))
    return [
        {
            "item": label,
            "kind": kind.value,
            "value": canonical(value, kind, currency),
            "part": part,
        }
        for label, kind, value, part in items
    ]


def _written(asked: Question, figure: Figure, currency: str) -> tuple[str, ...]:
    """The formula in the labels of its parts, and with their numbers: `= 526,964.00 / 496,210.00`."""
    term = GLOSSARY[asked.metric.name]
    by_key = {put.key: put for put in figure.inputs if put.key}
    if term.calc in by_key or not set(keys(term.calc)) <= set(by_key):
        return ()
    words = written(term.calc, lambda key: by_key[key].label)
    numbers = written(term.calc, lambda key: _number(by_key[key], currency))
    value = "no value" if figure.value is None else text_of(figure.value, term.kind, currency)
    return f"{term.title} = {words}", f"  = {numbers}", f"  = {value}"


def _number(put: Input, currency: str) -> str:
    text = text_of(put.value or 0, put.kind, currency)
    return f"({text})" if text.startswith("-") else text


def _interval_note(figure: Figure, scope: Scope) -> list[str]:
    found = figure.interval
    if found is None:
        return []
    kind = Kind.MONEY if isinstance(figure.value, int) else None
    ends = [found.low, found.high]
    texts = [
        text_of(round(end), Kind.MONEY, scope.currency) if kind else f"{end:,.3f}" for end in ends
    ]
    return [f"{found.level:.0%} interval: {texts[0]} to {texts[1]} ({found.method})."]


def _ledger(asked: Question) -> Table:
    """The rows that sum to each part of the formula, the largest first."""
    columns = (
        Column("part", Kind.TEXT, "Part", people=False),
        Column("item", Kind.TEXT, "Part"),
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("note", Kind.TEXT, "Row"),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Amount"),
    )

    def finish(frames: Frames) -> Rows:
        rows = _ledger_rows(asked, _figure(asked, frames), frames.scope.currency)
        return Rows(pl.DataFrame(rows, schema=dict.fromkeys(_LEDGER, pl.String), orient="row"))

    title = "Ledger rows that sum to the parts"
    if asked.customer:
        title = f"Ledger rows of {asked.customer}"
    return Table("ledger", title, columns, _needs(asked), finish, people_rows=LEDGER_SHOWN)


def _ledger_rows(asked: Question, figure: Figure, currency: str) -> list[dict[str, str | None]]:
    wanted = keys(GLOSSARY[asked.metric.name].calc)
    found = []
    for put in figure.inputs:
        if put.key in wanted and put.rows is not None:
            found += _part_rows(put, asked.customer, currency)
    return found


def _part_rows(put: Input, customer: str | None, currency: str) -> list[dict[str, str | None]]:
    """The rows of a part in whole minor units (or counts), summing to the part as it is printed."""
    assert put.rows is not None  # noqa: S101 - asked above
    rows = put.rows()
    units = [int(value) for value in rows["units"]]
    total = None if put.value is None else round(Fraction(put.value))
    near = total is not None and abs(Fraction(sum(units), put.unit) - Fraction(put.value or 0)) < 1
    whole = round_parts(units, put.unit, total if near else None) if units else []
    return [
        {
            "part": put.key,
            "item": put.label,
            "customer_id": owner,
            "note": note,
            "kind": put.kind.value,
            "value": canonical(value, put.kind, currency),
        }
        for (owner, note), value in zip(
            rows.select("customer_id", "note").iter_rows(), whole, strict=True
        )
        if customer in {None, owner}
    ]


def _traced(step: str, row: Mapping[str, object]) -> dict[str, object]:
    return {"step": step, **row} | ({"item": row["note"]} if step == "ledger" else {})


def _contributors(asked: Question, find: Callable[[Collected, int], pl.DataFrame]) -> Table:
    """The customers behind the figure, by name, the most important first."""
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("value", Kind.MONEY, "Amount"),
        Column("note", Kind.TEXT, "Note"),
    )

    def finish(frames: Frames) -> Rows:
        ranked = find(frames, asked.last).with_row_index("rank")
        if asked.customer:
            ranked = ranked.filter(pl.col("customer_id") == asked.customer)
        named = ranked.join(frames[CUSTOMER_NAMES], on="customer_id", how="left")
        return Rows(named.sort("rank").select(column.name for column in columns))

    title = f"Customers behind it, {month_text(asked.last)}"
    needs = (*_needs(asked), CUSTOMER_NAMES)
    return Table("contributors", title, columns, needs, finish, people_rows=CUSTOMERS_SHOWN)


def _names(scope: Scope) -> pl.LazyFrame:
    customers = scope.book.table("customers").select("customer_id", "name")
    return customers.unique("customer_id", keep="first", maintain_order=True)


CUSTOMER_NAMES = Measure("customer_names", plan=_names)


def _evidence_source(asked: Question) -> Measure | None:
    """The source rows of all months that the figure is about, each once."""
    find = asked.metric.evidence
    if find is None:
        return None
    flow = GLOSSARY[asked.metric.name].window is Window.MONTH
    months = list(asked.months) if flow else [asked.last]

    def plan(scope: Scope) -> pl.LazyFrame:
        found = pl.concat([find(scope, month) for month in months])
        mine = (
            found
            if asked.customer is None
            else found.filter(pl.col("customer_id") == asked.customer)
        )
        return mine.unique(["table", "source", "row"], keep="any").sort("table", "source", "row")

    return Measure(f"evidence of {asked.metric.name} in {asked.label}", plan=plan)


def _lines(frames: Frames, source: Measure) -> pl.DataFrame:
    """Source rows as text, for the trace."""
    rows = frames[source]
    texts = [
        canonical(amount, Kind.MONEY, currency) if currency and amount is not None else None
        for amount, currency in rows.select("amount", "currency").iter_rows()
    ]
    return rows.select(
        "customer_id",
        "line_id",
        "kind",
        "currency",
        part="table",
        day=pl.col("day").cast(pl.String),
        place=pl.format("{}:{}", "source", "row"),
        value=pl.Series(texts, dtype=pl.String),
    ).sort("part", "place")


def _evidence(asked: Question, source: Measure) -> Table:
    """The source rows, those of the most important customers first, each with `file:row`."""
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
        if asked.metric.contributors is not None:
            behind = asked.metric.contributors(frames, asked.last).select("customer_id")
            ranks = behind.unique(maintain_order=True).with_row_index("rank")
            rows = rows.join(ranks, on="customer_id", how="left")
            rows = rows.sort("rank", "day", "source", "row", nulls_last=True)
        else:
            rows = rows.sort("day", "source", "row")
        return Rows(rows.select(column.name for column in columns))

    title = "Source rows behind it"
    needs = (*_needs(asked), source)
    return Table("evidence", title, columns, needs, finish, people_rows=ROWS_SHOWN)
