"""Values of customers: how many customers are worth how much."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import altair as alt

from clv_cli.render.charts.drawing import Drawing, Reader, Sheet
from clv_cli.render.charts.spec import Padding, layered, rows_of
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
    """A histogram of value, with the counts on its bars; None for a handful of customers."""
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["value"] is not None]
    if len(rows) < LEAST:
        return None
    values = sorted(reader.amount(row, "value") for row in rows)
    edges = bin_edges(values[0], values[-1])
    counts = [
        sum(1 for value in values if low <= value < high or value == high == edges[-1])
        for low, high in pairwise(edges)
    ]
    sentence = (
        f"{len(values):,} customers are worth {values[0]:,} to {values[-1]:,} {currency}; half of "
        f"them at most {median(values).quantize(values[0]):,}; the tallest bar is {max(counts):,} of them, from "
        f"{edges[counts.index(max(counts))]:,} {currency} up."
    )
    return Drawing(_spec(edges, counts), sentence, sheet=_sheet(edges, counts))


def bin_edges(low: Decimal, high: Decimal) -> list[Decimal]:
    """Round edges of equally wide bins, at most `BINS`, from the last at or below `low` to past `high`."""
    span = max(high - low, Decimal(1))
    widths = (Decimal(step).scaleb(power) for power in range(-2, 20) for step in STEPS)
    width = next(width for width in widths if width * (BINS - 1) >= span)
    edges = [(low // width - (1 if low < 0 and low % width else 0)) * width]
    while edges[-1] < high or len(edges) == 1:
        edges.append(edges[-1] + width)
    return [edge.quantize(Decimal(1)) if width >= 1 else edge for edge in edges]


def _sheet(edges: Sequence[Decimal], counts: Sequence[int]) -> Sheet:
    heads = (Cell("From", number=True), Cell("To", number=True), Cell("Customers", number=True))
    return Sheet(
        heads,
        tuple(
            (
                Cell(f"{low:,}", number=True),
                Cell(f"{high:,}", number=True),
                Cell(f"{count:,}", number=True),
            )
            for (low, high), count in zip(pairwise(edges), counts, strict=True)
        ),
    )


def _spec(edges: Sequence[Decimal], counts: Sequence[int]) -> dict[str, Any]:
    bars: list[dict[str, Any]] = [
        {"low": float(low), "high": float(high), "middle": float(low + high) / 2, "count": count}
        for (low, high), count in zip(pairwise(edges), counts, strict=True)
    ]
    for bar, count in zip(bars, counts, strict=True):
        bar["text"] = f"{count:,}"
    scale = alt.Scale(domain=[float(edges[0]), float(edges[-1])], nice=False)
    axis = alt.Axis(format="~s", grid=False, tickCount=6)
    low = alt.X("low:Q", axis=axis, scale=scale, title=None)
    count = alt.Y("count:Q", axis=None)
    drawn = rows_of(bars)
    texts = drawn.mark_text(dy=-7, fontSize=10)
    layers = [
        drawn.mark_bar(color=ink("new"), stroke=ink("card")).encode(x=low, x2="high", y=count),
        texts.encode(x=alt.X("middle:Q", axis=None, scale=scale), y=count, text="text:N"),
    ]
    return layered(layers, (WIDTH - 40, HEIGHT), Padding(20, 20, 16, 26))
