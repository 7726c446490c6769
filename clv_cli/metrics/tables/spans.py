"""Months, quarters and years: what a metric is over several months, from its parts, never averaged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.formulas import additive, evaluate, keys, terms
from clv_cli.metrics.tables.parts import computed, values_of
from clv_cli.periods import MONTHS_A_YEAR, Period, month_end, month_text
from clv_cli.pipeline import Figure, Input, Over

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.pipeline import Collected, Metric, Scope

    Values = Mapping[str, int | Fraction]

WHOLE = {Kind.MONEY, Kind.COUNT}


class Grain(StrEnum):
    """How long one column of time is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS_OF = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: MONTHS_A_YEAR}


@dataclass(frozen=True, slots=True)
class Span:
    """Some months that are reported as one.

    Args:
        label: `2026-10`, `2026Q4`, `2026`.
        months: those of them in the period.
        partial: why it is not whole; None when it is.
    """

    label: str
    months: range
    partial: str | None = None


def spans(scope: Scope, grain: Grain) -> list[Span]:
    """The months, quarters or years of the period, the first and last possibly in part."""
    return [_span(scope, grain, start) for start in _starts(scope.period, MONTHS_OF[grain])]


def span_label(grain: Grain, month: int) -> str:
    """The name of the month, quarter or year that begins with a month."""
    year, zero_based = divmod(month, MONTHS_A_YEAR)
    if grain is Grain.MONTH:
        return month_text(month)
    return f"{year}Q{zero_based // 3 + 1}" if grain is Grain.QUARTER else str(year)


def _starts(period: Period, size: int) -> range:
    return range(period.first - period.first % size, period.end, size)


def _span(scope: Scope, grain: Grain, start: int) -> Span:
    size, period = MONTHS_OF[grain], scope.period
    label = span_label(grain, start)
    months = range(max(start, period.first), min(start + size, period.end))
    partial = None
    if len(months) < size:
        partial = f"{label} holds {len(months)} of its {size} months"
    elif months[-1] == scope.closing and scope.as_of < month_end(scope.closing):
        partial = f"{label} is seen up to {scope.as_of.isoformat()}"
    return Span(label, months, partial)


def figure_over(metric: Metric, frames: Collected, months: Sequence[int]) -> Figure:
    """A metric over several months.

    Opening stocks are those of the first month, closing ones (and windows that end there) those of
    the last, flows are summed; the value is the formula of these.

    Args:
        metric: which.
        frames: with its measures.
        months: one or more, in order.
    """
    monthly = computed(metric, frames, months)
    last = monthly[-1]
    if len(monthly) == 1 or not last.inputs:
        return last
    wanted = keys(GLOSSARY[metric.name].calc)
    if all(put.over is Over.LAST for put in last.inputs if put.key in wanted):
        return last
    # Months before the data begin have no inputs; a month inside that has none spoils the whole.
    known = [figure for figure in monthly if figure.inputs]
    if any(not figure.inputs for figure in monthly[monthly.index(known[0]) :]):
        return Figure(last.month, None, next(f.reason for f in monthly if not f.inputs))
    inputs = tuple(_over(put, [figure.inputs for figure in known]) for put in last.inputs)
    return _evaluated(metric, last, inputs, known)


def sums(metric: Metric) -> bool:
    """Whether a metric's parts sum to the whole."""
    return metric.kind in WHOLE and additive(GLOSSARY[metric.name].calc)


def exact_value(metric: Metric, figure: Figure) -> Fraction | None:
    """The value before it was rounded to whole minor units; None without one."""
    if figure.value is None:
        return None
    return evaluate(GLOSSARY[metric.name].calc, values_of(figure))


def terms_of(metric: Metric, figure: Figure) -> tuple[Input | None, Input | None]:
    """What is divided by what: numerator and denominator of a metric that is a quotient."""
    above, below = terms(GLOSSARY[metric.name].calc)
    if not set(keys(GLOSSARY[metric.name].calc)) <= set(values_of(figure)):
        return None, None
    return _term(figure, above), None if below is None else _term(figure, below)


def _term(figure: Figure, calc: str) -> Input | None:
    kinds = {put.kind for put in figure.inputs if put.key in keys(calc)}
    kind = next((kind for kind in (Kind.MONEY, Kind.COUNT) if kind in kinds), Kind.FACTOR)
    try:
        value = evaluate(calc, values_of(figure))
    except ZeroDivisionError:
        return None
    return Input(calc, kind, value)


def _over(put: Input, monthly: Sequence[tuple[Input, ...]]) -> Input:
    """One input over several months, with the rows of all that it sums."""
    same = [_like(put, inputs) for inputs in monthly]
    if put.over is Over.LAST or not put.key:
        return put
    if put.over is Over.FIRST:
        return same[0]
    makers = [each.rows for each in same if each.rows is not None]
    value = sum((Fraction(each.value or 0) for each in same), Fraction(0))
    rows = (lambda: pl.concat([make() for make in makers])) if makers else None
    return replace(put, value=value, rows=rows)


def _like(put: Input, inputs: tuple[Input, ...]) -> Input:
    return next((each for each in inputs if each.key == put.key), put)


def _evaluated(
    metric: Metric, last: Figure, inputs: tuple[Input, ...], known: Sequence[Figure]
) -> Figure:
    values = {put.key: put.value for put in inputs if put.key and put.value is not None}
    n = last.n
    try:
        value: Fraction | int = evaluate(GLOSSARY[metric.name].calc, values)
    except ZeroDivisionError:
        reason = next((f.reason for f in known if f.reason), "nothing to divide by")
        return Figure(last.month, None, reason, inputs, n)
    if metric.kind in WHOLE:
        value = round(value)
    interval = metric.interval(values) if metric.interval else None
    _, below = terms(GLOSSARY[metric.name].calc)
    divisor = next((put for put in inputs if put.key == below), None)
    if divisor is not None and divisor.kind is Kind.COUNT:
        n = int(divisor.value or 0)
    return Figure(last.month, value, None, inputs, n, interval)
