"""MRR movements: what was won stands above zero, what was lost below; the net change is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from clv_cli.glossary import Kind
from clv_cli.money import to_decimal
from clv_cli.periods import month_text
from clv_cli.render.charts.drawing import Drawing, Key, Reader, compact, month_ticks
from clv_cli.render.charts.spec import Padding, below, layered, rows_of, zero_line
from clv_cli.render.charts.theme import PALETTE, WIDTH, ink

if TYPE_CHECKING:
    from clv_cli.results import Result

HEIGHT = 220
MANY = 14  # months beyond which net changes no longer fit above their bars
LEVELS = {"opening", "closing"}
NEEDS = frozenset({"month", "opening", "closing"})


def draw(result: Result, currency: str) -> Drawing | None:
    """Stacked bars by month; None without months."""
    reader = Reader(result, currency)
    rows = reader.records
    if not rows:
        return None
    kinds = [c.name for c in result.table.columns if c.kind is Kind.MONEY and c.name not in LEVELS]
    moved = [name for name in kinds if any(row[name] for row in rows)]
    ticks = month_ticks([row["month"] for row in rows])
    bars: list[dict[str, Any]] = [
        {"at": at, "amount": reader.size(row, name), "colour": ink(colour_of(name)), "layer": layer}
        for at, row in enumerate(rows)
        for layer, name in enumerate(moved)
        if row[name]
    ]
    tops: list[dict[str, Any]] = [
        {
            "at": at,
            "net": compact(to_decimal(row["closing"] - row["opening"], currency)),
            "top": sum(max(reader.size(row, name) or 0.0, 0.0) for name in moved),
        }
        for at, row in enumerate(rows)
    ]
    named = [Key(colour_of(name), reader.columns[name].heading) for name in moved]
    return Drawing(_spec(bars, tops, ticks), _sentence(reader, moved), tuple(named))


def colour_of(name: str) -> str:
    """The palette's colour for a movement; what is neither won nor lost is grey."""
    return name if name in PALETTE else "other"


def _spec(
    bars: list[dict[str, Any]], tops: list[dict[str, Any]], ticks: list[str]
) -> dict[str, Any]:
    at = alt.X("at:O", axis=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.1))
    amount = alt.Y("amount:Q", axis=alt.Axis(format="~s", tickCount=5), title=None)
    marks = rows_of(bars or [{"at": 0, "amount": 0, "colour": "none"}]).mark_bar()
    layers = [
        marks.encode(x=at, y=amount, color=alt.Color("colour:N", scale=None), order="layer:O"),
        zero_line("y"),
        below(at, ticks, HEIGHT),
    ]
    if len(tops) <= MANY:
        above = rows_of(tops).mark_text(dy=-7, fontSize=10)
        layers.append(above.encode(x=at, y="top:Q", text="net:N"))
    return layered(layers, (WIDTH - 56, HEIGHT), Padding(46, 10, 16, 40))


def _sentence(reader: Reader, moved: list[str]) -> str:
    first, last = reader.records[0], reader.records[-1]
    parts = [
        f"{reader.columns[name].heading} {reader.money(sum(row[name] for row in reader.records))}"
        for name in moved
    ]
    return (
        f"MRR went from {reader.money(first['opening'])} before {month_text(first['month'])} to "
        f"{reader.money(last['closing'])} at the end of {month_text(last['month'])}: "
        f"{', '.join(parts) or 'nothing moved'}."
    )
