"""What the tables share: which metrics, at which month, and their values as canonical text."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.glossary import GLOSSARY, Kind, Window, find_term
from clv_cli.money import to_decimal, to_text
from clv_cli.periods import month_end, month_text
from clv_cli.pipeline import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clv_cli.pipeline import Collected, Measure, Metric, Scope

DIGITS = 6
Value = int | Fraction | None


def chosen(metrics: Mapping[str, Metric], names: Iterable[str]) -> list[Metric]:
    """The metrics that some names, aliases or titles mean, each once, in the order asked.

    Raises:
        UsageError: there is no such metric.
    """
    found: dict[str, Metric] = {}
    for name in names:
        term = find_term(name)
        if term is None:
            known = [alias for key, term in GLOSSARY.items() for alias in (key, *term.aliases)]
            raise UsageError(
                f'there is no metric "{name}"',
                where="metric",
                hint=did_you_mean(name, known) or "clv explain lists them all",
            )
        found.setdefault(term, metrics[term])
    return list(found.values())


def needs(metrics: Iterable[Metric]) -> tuple[Measure, ...]:
    """The measures of several metrics, each once."""
    return tuple(dict.fromkeys(need for metric in metrics for need in metric.needs))


def computed(metric: Metric, frames: Collected, months: Sequence[int]) -> list[Figure]:
    """The metric's figures; without a table it requires, none of them has a value."""
    missing = [table for table in metric.requires if not frames.scope.book.has(table)]
    if missing:
        return [Figure(month, None, f"skipped: needs {missing[0]}") for month in months]
    figures = metric.figures(frames, months)
    return [_with_interval(metric, figure) for figure in figures] if metric.interval else figures


def values_of(figure: Figure) -> dict[str, int | Fraction]:
    """The inputs of a figure by key."""
    return {put.key: put.value for put in figure.inputs if put.key and put.value is not None}


def _with_interval(metric: Metric, figure: Figure) -> Figure:
    if metric.interval is None or figure.value is None:
        return figure
    return replace(figure, interval=metric.interval(values_of(figure)))


def reported_month(scope: Scope, window: Window = Window.AT) -> int:
    """The month whose figure is "now": the period's last, or its last complete one for flows.

    An as-of day within a month leaves that month unfinished: a month's churn or revenue is then
    that of the month before.
    """
    last = scope.period.end - 1
    unfinished = last == scope.closing and scope.as_of < month_end(last)
    return last - 1 if unfinished and window is Window.MONTH else last


def window_text(metric: Metric, scope: Scope, month: int) -> str:
    """What span of time a figure covers: `12 months to 2026-10-31`."""
    settings = scope.settings
    return GLOSSARY[metric.name].window.value.format(
        as_of=min(month_end(month), scope.as_of).isoformat(),
        month=month_text(month),
        nrr_months=settings.nrr.months,
        cac_months=settings.cac.window_months,
        ltv_months=settings.ltv.churn_window_months,
    )


def canonical(value: Value, kind: Kind, currency: str) -> str | None:
    """A value as machine-readable text: `612480.00`, `0.931`, `12`, `18.3`; None without one."""
    if value is None:
        return None
    if kind is Kind.MONEY:
        return to_text(round(value), currency)
    if kind is Kind.COUNT:
        return str(round(value))
    return repr(number(value))


def text_of(value: int | Fraction, kind: Kind, currency: str) -> str:
    """A value inside a sentence: `526,964.00`, `1,204`, `106.2 %`, `18.3`."""
    if kind is Kind.MONEY:
        return f"{to_decimal(round(value), currency):,f}"
    if kind is Kind.COUNT:
        return f"{round(value):,}"
    if kind is Kind.RATIO:
        return f"{float(value) * 100:,.1f} %"
    return f"{float(value):,.2f}"


def number(value: int | Fraction) -> float:
    """A ratio, factor or duration at the edge: six digits after the point."""
    return float(round(Fraction(value), DIGITS))
