"""Metrics over time: one row a month, quarter or year, one column a metric; whole or by segment."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.dimensions import NONE
from clv_cli.measures.slices import OWN_SPEND, SHARED, slice_needs, slices
from clv_cli.metrics.tables.figures import COLUMNS, figure_rows
from clv_cli.metrics.tables.parts import needs, number
from clv_cli.metrics.tables.spans import Grain, Span, exact_value, figure_over, spans, sums
from clv_cli.money import MRR_UNITS, round_parts
from clv_cli.pipeline import Figure
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv_cli.pipeline import Measure, Metric, Scope
    from clv_cli.results import Frames

RATES = ("customers", "nrr", "grr", "logo_churn", "gross_mrr_churn", "net_mrr_churn")
WHOLE = {Kind.MONEY, Kind.COUNT}
TOTAL = "total"
ROWS_SEEN = 24


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the metrics.

    Args:
        metrics: the columns, in order.
        grain: how long one row is.
        by: one of `DIMENSIONS`, or None for the whole.
    """

    metrics: tuple[Metric, ...]
    grain: Grain = Grain.MONTH
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a span of time, a part of the customers (None: all), and each metric's figure."""

    span: Span
    part: str | None
    figures: tuple[Figure, ...]


def metrics_tables(asked: Asked) -> list[Table]:
    """How did some metrics go? The table that people read, and every figure in full.

    Args:
        asked: which metrics, by what.
    """
    memo: dict[int, list[Line]] = {}

    def lines(frames: Frames) -> list[Line]:
        if id(frames) not in memo:
            memo[id(frames)] = _lines(frames, asked)
        return memo[id(frames)]

    title = f"Metrics by {asked.grain.value}" + (f" and {asked.by}" if asked.by else "")
    wanted = (*needs(asked.metrics), *(slice_needs(asked.by) if asked.by else ()))
    columns = (
        *_heads(asked),
        *(Column(m.name, m.kind, GLOSSARY[m.name].title) for m in asked.metrics),
    )
    table = Table("metrics", title, columns, wanted, lambda f: _wide(f, asked, lines(f)))
    return [table, _figures_table(asked, wanted, lines)]


def retention_table(metrics: Mapping[str, Metric]) -> Table:
    """How much of customers and MRR was kept, month by month?

    Args:
        metrics: all metrics by id.
    """
    asked = Asked(tuple(metrics[name] for name in RATES))
    columns = (
        *_heads(asked),
        *(Column(m.name, m.kind, GLOSSARY[m.name].title) for m in asked.metrics),
    )
    return Table(
        "retention",
        "Retention and churn",
        columns,
        needs(asked.metrics),
        lambda frames: _wide(frames, asked, _lines(frames, asked)),
    )


def _heads(asked: Asked) -> tuple[Column, ...]:
    grain = asked.grain.value
    kind = Kind.MONTH if asked.grain is Grain.MONTH else Kind.TEXT
    time = Column(grain, kind, grain.capitalize(), rigid=True)
    if asked.by is None:
        return (time,)
    labels = {NONE: f"(no {asked.by})", TOTAL: "All"}
    return time, Column(asked.by, Kind.TEXT, asked.by.capitalize(), labels=labels, rigid=True)


def _lines(frames: Frames, asked: Asked) -> list[Line]:
    """All rows, each span with its parts and then the whole."""
    found = []
    cut = slices(frames, asked.by) if asked.by else []
    for span in spans(frames.scope, asked.grain):
        whole = [figure_over(metric, frames, span.months) for metric in asked.metrics]
        columns = [
            _parts(metric, [part for _, part in cut], span, total)
            for metric, total in zip(asked.metrics, whole, strict=True)
        ]
        found += [
            Line(span, value, tuple(column[index] for column in columns))
            for index, (value, _) in enumerate(cut)
        ]
        found.append(Line(span, None, tuple(whole)))
    return found


def _parts(metric: Metric, cut: Sequence[Frames], span: Span, total: Figure) -> list[Figure]:
    """A metric's figure of every part; sums are rounded so that they are the whole to the cent."""
    if metric.whole:
        return [Figure(span.months[-1], None, metric.whole) for _ in cut]
    figures = [figure_over(metric, part, span.months) for part in cut]
    if not sums(metric) or total.value is None:
        return figures
    exact = [exact_value(metric, figure) or Fraction(0) for figure in figures]
    units = [round(value * MRR_UNITS) for value in exact]
    whole = round(total.value)
    near = abs(sum(exact, Fraction(0)) - (exact_value(metric, total) or 0)) < 1
    fitted = round_parts(units, MRR_UNITS, whole if near else None)
    return [
        figure if figure.value is None else _rounded(figure, value)
        for figure, value in zip(figures, fitted, strict=True)
    ]


def _rounded(figure: Figure, value: int) -> Figure:
    return Figure(figure.month, value, None, figure.inputs, figure.n, figure.interval)


def _wide(frames: Frames, asked: Asked, lines: Sequence[Line]) -> Rows:
    series = [_time(asked, lines)]
    if asked.by:
        parts = [TOTAL if line.part is None else line.part for line in lines]
        series.append(pl.Series(asked.by, parts, dtype=pl.String))
    series += [
        _series(metric, [line.figures[index] for line in lines])
        for index, metric in enumerate(asked.metrics)
    ]
    reasons = [
        (row, metric.name, figure.reason)
        for row, line in enumerate(lines)
        for metric, figure in zip(asked.metrics, line.figures, strict=True)
        if figure.reason
    ]
    checks = _checks(asked, lines) if asked.by else []
    notes = _notes(frames.scope, asked, lines)
    seen = _seen(lines) if asked.by else None
    return Rows(pl.DataFrame(series), sorted(reasons), checks, (), notes, seen)


def _time(asked: Asked, lines: Sequence[Line]) -> pl.Series:
    if asked.grain is Grain.MONTH:
        months = [line.span.months[0] for line in lines]
        return pl.Series("month", months, dtype=pl.Int32)
    return pl.Series(asked.grain.value, [line.span.label for line in lines], dtype=pl.String)


def _seen(lines: Sequence[Line]) -> int:
    """As many of the last spans as fit a screen, from the end; at least one."""
    each = len({line.part for line in lines})
    return -each * max(1, ROWS_SEEN // max(each, 1))


def _checks(asked: Asked, lines: Sequence[Line]) -> list[Check]:
    """Every sum by part against the whole, over all spans."""
    checks = []
    for index, metric in enumerate(asked.metrics):
        if metric.whole or not sums(metric) or metric.kind is Kind.COUNT:
            continue
        parts = sum(round(ln.figures[index].value or 0) for ln in lines if ln.part is not None)
        whole = sum(round(ln.figures[index].value or 0) for ln in lines if ln.part is None)
        text = f"{GLOSSARY[metric.name].title} by {asked.by} = {GLOSSARY[metric.name].title}"
        checks.append(Check(f"{metric.name}_by_{asked.by}", parts, whole, text))
    return checks


def _notes(scope: Scope, asked: Asked, lines: Sequence[Line]) -> list[str]:
    notes = list(dict.fromkeys(f"{ln.span.partial}." for ln in lines if ln.span.partial))
    if asked.grain is Grain.MONTH:
        notes = []  # a month in progress is noted under the report
    if asked.by == "plan":
        notes.append("A customer counts under the plan it pays most for, now or last.")
    if asked.by:
        read = {need.name for metric in asked.metrics for need in metric.needs}
        texts = [text for name, text in SHARED.items() if name in read]
        if asked.by == "channel" and "acquisition_spend" in read:
            texts[0] = OWN_SPEND
        notes += [f"{text[0].upper()}{text[1:]}." for text in texts]
    if asked.by and asked.by != "plan" and not scope.book.has("customers"):
        notes.append(f"No {asked.by} is recorded: needs customers.")
    return notes


def _series(metric: Metric, figures: Sequence[Figure]) -> pl.Series:
    """Money and counts as whole numbers; the only floats are ratios, factors and durations."""
    values = [figure.value for figure in figures]
    if metric.kind in WHOLE:
        whole = [None if value is None else round(value) for value in values]
        return pl.Series(metric.name, whole, dtype=pl.Int64)
    parts = [None if value is None else number(value) for value in values]
    return pl.Series(metric.name, parts, dtype=pl.Float64)


def _figures_table(
    asked: Asked, wanted: tuple[Measure, ...], lines: Callable[[Frames], list[Line]]
) -> Table:
    """Every figure with its numerator, denominator, n, interval or reason; for machines."""

    def finish(frames: Frames) -> Rows:
        items = (
            (line.span.label, line.part, metric, figure)
            for line in lines(frames)
            for metric, figure in zip(asked.metrics, line.figures, strict=True)
        )
        return figure_rows(items, frames.scope)

    return Table("figures", "Every figure in full", COLUMNS, wanted, finish)
