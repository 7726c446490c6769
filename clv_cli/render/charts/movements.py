"""MRR movements: what was won stands above zero, what was lost below; the net change is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.money import to_decimal
from clv_cli.periods import month_text
from clv_cli.render.charts.drawing import Drawing, Key, Reader, compact, month_ticks
from clv_cli.render.charts.spec import (
    Padding,
    Part,
    as_is,
    below,
    layer,
    layered,
    number,
    place,
    text,
    zero_line,
)
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
    bars: list[Part] = [
        {"at": at, "amount": reader.size(row, name), "colour": ink(colour_of(name)), "layer": layer}
        for at, row in enumerate(rows)
        for layer, name in enumerate(moved)
        if row[name]
    ]
    tops: list[Part] = [
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


def _spec(bars: list[Part], tops: list[Part], ticks: list[str]) -> Part:
    at = place("at", axis=None, scale={"paddingInner": 0.25, "paddingOuter": 0.1})
    amount = number("amount", axis={"format": "~s", "tickCount": 5}, title=None)
    channels = {"x": at, "y": amount, "color": as_is("colour"), "order": place("layer")}
    layers = [
        layer(bars or [{"at": 0, "amount": 0, "colour": "none"}], "bar", channels),
        zero_line("y"),
        below(at, ticks, HEIGHT),
    ]
    if len(tops) <= MANY:
        above = {"x": at, "y": number("top"), "text": text("net")}
        layers.append(layer(tops, "text", above, dy=-7, fontSize=10))
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
