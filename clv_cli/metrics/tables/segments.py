"""Segments side by side: who brings what, who stays, who is worth it; and whether the mix misleads."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.dimensions import NONE, dimension
from clv_cli.measures.health import health
from clv_cli.measures.slices import OWN_SPEND, SHARED, slice_needs, slices
from clv_cli.metrics.tables.parts import computed, needs, number, reported_month, values_of
from clv_cli.metrics.tables.segment_health import HEALTH_TYPES, NO_HEALTH, health_by, healthiest
from clv_cli.metrics.tables.spans import exact_value
from clv_cli.money import MRR_UNITS, round_parts
from clv_cli.periods import month_text
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.pipeline import Figure, Metric
    from clv_cli.results import Frames

    Shares = Mapping[str, tuple[Fraction, Fraction]]

SHOWN = ("mrr", "nrr", "grr", "clv", "customer_net_worth", "ltv_cac")
TOTAL = "total"


def segments_table(metrics: Mapping[str, Metric], by: str) -> Table:
    """Which part of the customers brings what, stays, and is worth it?

    Args:
        metrics: all metrics by id.
        by: one of `DIMENSIONS`.
    """
    shown = [metrics[name] for name in SHOWN]
    labels = {NONE: f"(no {by})", TOTAL: "All"}
    columns = (
        Column(by, Kind.TEXT, by.capitalize(), labels=labels, rigid=True),
        Column("n", Kind.COUNT, "Customers"),
        Column("mrr", Kind.MONEY, "MRR", whole=True),
        Column("share", Kind.RATIO, "Share of MRR"),
        *(Column(m.name, m.kind, GLOSSARY[m.name].title, whole=True) for m in shown[1:]),
        Column("health", Kind.COUNT, "Health"),
        Column("health_band", Kind.TEXT, "Band", blank=True, people=by == "segment"),
        Column("health_n", Kind.COUNT, "Of customers", people=False),
    )
    wanted = (*needs(shown), *slice_needs(by), health, dimension(by))
    return Table(
        "segments",
        f"Customers by {by}",
        columns,
        wanted,
        lambda frames: _finish(frames, shown, by),
        sideways=by == "segment",
    )


def _finish(frames: Frames, shown: Sequence[Metric], by: str) -> Rows:
    month = reported_month(frames.scope)
    parts = [*slices(frames, by), (TOTAL, frames)]
    figures = [[_at(metric, part, month) for metric in shown] for _, part in parts]
    money = _fitted(shown[0], [row[0] for row in figures])
    scores = health_by(frames, by)
    rows = [
        {**_row(by, name, row, mrr, money[-1]), **scores.get(name, NO_HEALTH)}
        for (name, _), row, mrr in zip(parts, figures, money, strict=True)
    ]
    reasons = [
        (index, metric.name, figure.reason)
        for index, row in enumerate(figures)
        for metric, figure in zip(shown, row, strict=True)
        if figure.reason
    ]
    reasons += [
        (index, "health", "no customer's health is known")
        for index, row in enumerate(rows)
        if row["health"] is None
    ]
    check = Check(f"mrr_by_{by}", sum(money[:-1]), money[-1], f"MRR by {by} = MRR")
    findings, notes = _mix(frames, shown[1], parts, by, month)
    notes += healthiest(rows[:-1], by)
    shared = OWN_SPEND if by == "channel" else SHARED["acquisition_spend"]
    notes += [f"{text[0].upper()}{text[1:]}." for text in (shared, SHARED["service_costs"])]
    frame = pl.DataFrame(rows, orient="row", infer_schema_length=None).cast(HEALTH_TYPES)
    return Rows(frame, reasons, (check,), findings, notes)


def _at(metric: Metric, frames: Frames, month: int) -> Figure:
    return computed(metric, frames, [month])[0]


def _fitted(mrr: Metric, figures: Sequence[Figure]) -> list[int]:
    """MRR in whole minor units, the parts summing to the whole."""
    *parts, total = (exact_value(mrr, figure) or Fraction(0) for figure in figures)
    whole = round(total)
    fitted = round_parts([round(part * MRR_UNITS) for part in parts], MRR_UNITS, whole)
    return [*fitted, whole]


def _row(by: str, name: str, figures: Sequence[Figure], mrr: int, total: int) -> dict[str, object]:
    values = {
        metric: None if figure.value is None else figure.value
        for metric, figure in zip(SHOWN, figures, strict=True)
    }
    ratio = {"nrr", "grr", "ltv_cac"}
    return {
        by: name,
        "n": figures[0].n or 0,
        "mrr": mrr,
        "share": number(Fraction(mrr, total)) if total else None,
        **{
            key: value if value is None else (number(value) if key in ratio else round(value))
            for key, value in values.items()
            if key != "mrr"
        },
    }


def _mix(
    frames: Frames, nrr: Metric, parts: Sequence[tuple[str, Frames]], by: str, month: int
) -> tuple[list[Finding], list[str]]:
    """What of the change in NRR is the parts' own, and what is only that their weights moved.

        change = sum of old weight x change of the part + sum of change of weight x new rate of the part

    Source: Simpson (1951); the decomposition is Kitagawa's (1955).
    """
    before = frames.scope.period.first
    then, now = (_shares(nrr, parts[:-1], at) for at in (before, month))
    if month <= before or not then or not now:
        return [], []
    own, mixed = _effects(then, now)
    total = own + mixed
    note = (
        f"NRR since {month_text(before)}: {_points(total)}, of which {_points(own)} within the "
        f"{by}s and {_points(mixed)} because their weights moved."
    )
    if own * total >= 0 or not total:
        return [], [note]
    rose, fell = ("rose", "fell") if total > 0 else ("fell", "rose")
    message = (
        f"NRR {rose} {_points(abs(total), sign=False)} since {month_text(before)}, but within the "
        f"{by}s it {fell}: the total only shows that their weights moved"
    )
    return [Finding(Severity.WARNING, "mix_reversal", message, remedy=f"read NRR by {by}")], [note]


def _shares(
    nrr: Metric, parts: Sequence[tuple[str, Frames]], month: int
) -> dict[str, tuple[Fraction, Fraction]]:
    """Of every part: its MRR at the opening, and what is paid of it now."""
    found = {}
    for name, part in parts:
        values = values_of(_at(nrr, part, month))
        if values.get("base"):
            found[name] = (Fraction(values["base"]), Fraction(values["closing"]))
    return found


def _effects(then: Shares, now: Shares) -> tuple[Fraction, Fraction]:
    """The change within the parts, and that of their weights; they sum to the change of the whole."""
    own, mixed = Fraction(0), Fraction(0)
    bases = [sum((base for base, _ in side.values()), Fraction(0)) for side in (then, now)]
    for name in {*then, *now}:
        old, new = then.get(name), now.get(name)
        weights = [
            side[0] / base if side else Fraction(0)
            for side, base in zip((old, new), bases, strict=True)
        ]
        rates = [side[1] / side[0] if side else None for side in (old, new)]
        # A part that is new, or gone, has no change of its own: it is all weight.
        first = rates[0] if rates[0] is not None else rates[1] or Fraction(0)
        last = rates[1] if rates[1] is not None else first
        own += weights[0] * (last - first)
        mixed += (weights[1] - weights[0]) * last
    return own, mixed


def _points(change: Fraction, *, sign: bool = True) -> str:
    text = f"{float(change) * 100:+.1f} pp"
    return text if sign else text.lstrip("+-")
