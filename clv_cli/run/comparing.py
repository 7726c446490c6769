"""Metrics under several conventions, and the difference explained one switch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli import metrics
from clv_cli.conventions import CONVENTIONS, SWITCHES
from clv_cli.errors import UsageError
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.metrics.tables.parts import canonical, computed, needs, reported_month
from clv_cli.results import Check, Column, Rows, Table, collect_frames
from clv_cli.run.conventions import (
    AS_CONFIGURED,
    basis_of,
    differing,
    lacks_basis,
    switch_values,
    turned,
    under,
    value_text,
)
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from clv_cli.pipeline import Figure, Metric, Scope
    from clv_cli.results import Report
    from clv_cli.run.opening import Request

SHOWN = (
    "mrr",
    "customers",
    "new",
    "expansion",
    "contraction",
    "churn",
    "reactivation",
    "paused",
    "fx",
    "logo_churn",
    "nrr",
    "grr",
)


@dataclass
class Comparison:
    """One question under several conventions; each set of switches is computed once."""

    scope: Scope
    chosen: tuple[Metric, ...]
    _known: dict[str, dict[str, Figure]] = field(default_factory=dict)

    def figures(self, scope: Scope) -> dict[str, Figure]:
        """Every chosen metric at the reported month, under the settings of a scope."""
        key = repr(sorted(switch_values(scope.settings).items()))
        if key not in self._known:
            frames = collect_frames(needs(self.chosen), scope)
            self._known[key] = {
                metric.name: computed(
                    metric, frames, [reported_month(scope, GLOSSARY[metric.name].window)]
                )[0]
                for metric in self.chosen
            }
        return self._known[key]


def compare(request: Request, names: Sequence[str], conventions: Sequence[str]) -> Report:
    """The same data under several conventions: figures, switches, and the way from one to another.

    Args:
        request: what to read.
        names: metrics; the first one is explained switch by switch; default: `SHOWN`.
        conventions: the first is the one that the others are explained from.

    Raises:
        UsageError: fewer than two conventions, or one that does not exist.
    """
    chosen = tuple(metrics.chosen(names or SHOWN))
    asked = list(dict.fromkeys(conventions))
    if len(asked) < 2:
        raise UsageError(
            "a comparison needs two conventions",
            where="--compare",
            hint=f"such as --compare clv,chartmogul; known are {', '.join([*CONVENTIONS, AS_CONFIGURED])}",
        )
    with opened(request) as scope:
        require_lines(scope)
        scopes = {name: under(scope, name) for name in asked}
        comparison = Comparison(scope, chosen)
        first, *others = asked
        tables = [
            _figures_table(comparison, scopes),
            *(_waterfall(comparison, scopes, first, other) for other in others),
            _switches_table(scope, scopes),
        ]
        report = finished("metrics", scope, tables)
    findings = [found for name in asked if (found := lacks_basis(scope, name))]
    labels = {f"convention.{name}": _label(name) for name in asked}
    return replace(
        report,
        findings=(*findings, *report.findings),
        conventions={**report.conventions, **labels},
        notes=(*report.notes, *_beyond(asked)),
    )


def _figures_table(comparison: Comparison, scopes: dict[str, Scope]) -> Table:
    columns = (
        Column(
            "metric",
            Kind.TEXT,
            "Metric",
            labels={m.name: GLOSSARY[m.name].title for m in comparison.chosen},
        ),
        Column("kind", Kind.TEXT, "Kind", people=False),
        *(Column(name, Kind.BY_ROW, name) for name in scopes),
    )
    rows, reasons = [], []
    for index, metric in enumerate(comparison.chosen):
        row: dict[str, str | None] = {"metric": metric.name, "kind": metric.kind.value}
        for name, scope in scopes.items():
            figure = comparison.figures(scope)[metric.name]
            row[name] = canonical(figure.value, metric.kind, scope.currency)
            reasons += [(index, name, figure.reason)] if figure.reason else []
        rows.append(row)
    frame = pl.DataFrame(rows, schema=dict.fromkeys([c.name for c in columns], pl.String))
    return _fixed("comparison", "The same data by convention", columns, Rows(frame, reasons))


def _waterfall(comparison: Comparison, scopes: dict[str, Scope], first: str, other: str) -> Table:
    """From one convention's figure to another's, one switch at a time in the stated order."""
    metric, start = comparison.chosen[0], scopes[first]
    goal = scopes[other].settings
    value = _value(comparison, start)
    rows = [_step(comparison, 0, first, "", value, None)]
    settings = start.settings
    total: int | Fraction = 0
    for step, switch in enumerate(differing(settings, goal), start=1):
        before, was = value, value_text(settings, switch)
        settings = turned(settings, switch, goal)
        value = _value(comparison, replace(start, settings=settings))
        change = None if value is None or before is None else value - before
        total += change or 0
        said = f"{was} -> {value_text(settings, switch)}"
        rows.append(_step(comparison, step, switch, said, value, change))
    end = _value(comparison, scopes[other])
    rows.append(_step(comparison, len(rows), other, "", end, None))
    columns = (
        Column("step", Kind.COUNT, "Step", people=False),
        Column("switch", Kind.TEXT, "Switch turned"),
        Column("setting", Kind.TEXT, "Setting"),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("change", Kind.BY_ROW, "Change"),
        Column("value", Kind.BY_ROW, GLOSSARY[metric.name].title),
    )
    schema = {c.name: pl.Int64 if c.kind is Kind.COUNT else pl.String for c in columns}
    checks = _explained(metric, rows, first, other, (_value(comparison, start), total, end))
    frame = pl.DataFrame(rows, schema=schema)
    title = f"{GLOSSARY[metric.name].title}: from {first} to {other}, one switch at a time"
    return _fixed(f"waterfall_{other}", title, columns, Rows(frame, checks=checks))


def _explained(
    metric: Metric,
    rows: list[dict[str, object]],
    first: str,
    other: str,
    ends: tuple[int | Fraction | None, int | Fraction, int | Fraction | None],
) -> tuple[Check, ...]:
    """The residual: start and all changes against the figure computed by itself; 0 or exit 3."""
    start, total, end = ends
    if metric.kind is not Kind.MONEY or start is None or end is None:
        return ()
    text = f"{first} and {len(rows) - 2} switches = {other}"
    return (Check(f"waterfall_{other}", round(start + total), round(end), text),)


def _step(  # noqa: PLR0917, PLR0913 - one row of the table, column by column
    comparison: Comparison,
    step: int,
    switch: str,
    setting: str,
    value: int | Fraction | None,
    change: int | Fraction | None,
) -> dict[str, object]:
    kind, currency = comparison.chosen[0].kind, comparison.scope.currency
    return {
        "step": step,
        "switch": switch,
        "setting": setting,
        "kind": kind.value,
        "change": canonical(change, kind, currency),
        "value": canonical(value, kind, currency),
    }


def _value(comparison: Comparison, scope: Scope) -> int | Fraction | None:
    return comparison.figures(scope)[comparison.chosen[0].name].value


def _switches_table(scope: Scope, scopes: dict[str, Scope]) -> Table:
    """The switches on which the conventions differ, and what each setting rests on."""
    settings = {name: of.settings for name, of in scopes.items()}
    base = next(iter(settings.values()))
    turned_somewhere = {switch for other in settings.values() for switch in differing(base, other)}
    columns = (
        Column("switch", Kind.TEXT, "Switch"),
        Column("convention", Kind.TEXT, "Convention"),
        Column("value", Kind.TEXT, "Setting"),
        Column("rests_on", Kind.TEXT, "Rests on"),
    )
    rows = [
        {
            "switch": switch,
            "convention": name,
            "value": value_text(of, switch),
            "rests_on": basis_of(scope.settings, name, switch),
        }
        for switch in SWITCHES
        if switch in turned_somewhere
        for name, of in settings.items()
    ]
    frame = pl.DataFrame(rows, schema=dict.fromkeys([c.name for c in columns], pl.String))
    return _fixed("switches", "The switches that differ", columns, Rows(frame))


def _label(name: str) -> str:
    return CONVENTIONS[name].label if name in CONVENTIONS else "as configured"


def _beyond(asked: Sequence[str]) -> list[str]:
    """What the vendors do that no switch expresses."""
    return [
        f"{CONVENTIONS[name].title} also: {text}; not reproduced here."
        for name in asked
        if name in CONVENTIONS
        for text in CONVENTIONS[name].beyond
    ]


def _fixed(name: str, title: str, columns: tuple[Column, ...], rows: Rows) -> Table:
    return Table(name, title, columns, (), lambda _: rows)
