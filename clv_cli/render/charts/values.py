"""Values of customers: how many customers are worth how much."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from clv_cli.money import to_decimal
from clv_cli.render.charts.drawing import Drawing, Sheet, compact
from clv_cli.render.charts.spec import TICKS_BELOW, Padding, Part, layer, layered, number, text
from clv_cli.render.charts.theme import WIDTH, ink
from clv_cli.render.layout import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.results import Result

NEEDS = frozenset({"customer_id", "value"})
HEIGHT = 200
BINS = 12  # at most
LEAST = 10  # customers; fewer are a list
STEPS = (1, 2, 5)


def draw(result: Result, currency: str) -> Drawing | None:
    """Columns of customers by value, counts written above; None for a handful of customers."""
    known = result.rows.frame["value"].drop_nulls().sort().to_list()
    if len(known) < LEAST:
        return None
    values = [to_decimal(value, currency) for value in known]
    edges = bin_edges(values[0], values[-1])
    counts = [
        sum(1 for value in values if low <= value < high or value == high == edges[-1])
        for low, high in pairwise(edges)
    ]
    sentence = (
        f"{len(values):,} customers are worth {values[0]:,} to {values[-1]:,} {currency}; half of "
        f"them at most {median(values).quantize(values[0]):,}; the tallest bar is {max(counts):,} of them, from "
        f"{edges[counts.index(max(counts))]:,f} {currency} up."
    )
    return Drawing(_spec(edges, counts), sentence, sheet=_sheet(edges, counts))


def bin_edges(low: Decimal, high: Decimal) -> list[Decimal]:
    """Edges at 1, 2, 5, 10, 20 … up to the largest value: what customers are worth spans decades.

    The first bin reaches down to zero, or to the smallest value where that is a loss.

    Args:
        low: the smallest value.
        high: the largest.
    """
    ladder = [Decimal(step).scaleb(power) for power in range(21) for step in STEPS]
    top = next((at for at, rung in enumerate(ladder) if rung >= high), len(ladder) - 1)
    rungs = ladder[max(top - BINS + 2, 0) : top + 1]
    held = [rung for rung in rungs if rung > low]
    bottom = max((rung for rung in rungs if rung <= low), default=min(low, Decimal(0)))
    return [bottom, *(held or [bottom + 1])]


def _sheet(edges: Sequence[Decimal], counts: Sequence[int]) -> Sheet:
    heads = (Cell("From", number=True), Cell("To", number=True), Cell("Customers", number=True))
    return Sheet(
        heads,
        tuple(
            (
                Cell(f"{low:,f}", number=True),
                Cell(f"{high:,f}", number=True),
                Cell(f"{count:,}", number=True),
            )
            for (low, high), count in zip(pairwise(edges), counts, strict=True)
        ),
    )


def _spec(edges: Sequence[Decimal], counts: Sequence[int]) -> Part:
    bars: list[Part] = [
        {
            "from": at + 0.05,
            "to": at + 0.95,
            "middle": at + 0.5,
            "count": count,
            "text": f"{count:,}",
        }
        for at, count in enumerate(counts)
    ]
    marks: list[Part] = [
        {"at": at, "tick": compact(edge).lstrip("+")} for at, edge in enumerate(edges)
    ]
    scale = {"domain": [0, len(counts)], "nice": False}
    at, left, middle = (number(name, axis=None, scale=scale) for name in ("at", "from", "middle"))
    height = number("count", axis=None)
    column = {"x": left, "x2": {"field": "to"}, "y": height, "y2": {"datum": 0}}
    above = {"x": middle, "y": height, "text": text("text")}
    foot = {"x": at, "y": {"value": HEIGHT + TICKS_BELOW}, "text": text("tick")}
    style = {"baseline": "top", "fontSize": 11, "color": ink("muted")}
    layers = [
        layer(bars, "rect", column, color=ink("new")),
        layer(bars, "text", above, dy=-7, fontSize=11),
        layer(marks, "text", foot, **style),
    ]
    return layered(layers, (WIDTH - 40, HEIGHT), Padding(20, 20, 18, 28))
