"""Claims before the waterfall: what each bucket is granted, and how far another order would move it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.render.charts.bars import Span, spans
from clv_cli.render.charts.drawing import Drawing, Key, Reader
from clv_cli.render.charts.split import TOTAL

if TYPE_CHECKING:
    from clv_cli.results import Result

NEEDS = frozenset({"bucket", "claimed", "granted", "least", "most"})


def draw(result: Result, currency: str) -> Drawing | None:
    """A span for each bucket from the least to the most, a diamond at what is granted."""
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["bucket"] != TOTAL]
    if not any(row["granted"] for row in rows):
        return None
    drawn = [
        Span(
            reader.text(row, "bucket"),
            reader.size(row, "least") or 0.0,
            reader.size(row, "granted") or 0.0,
            reader.size(row, "most") or 0.0,
            reader.text(row, "granted"),
            str(row["bucket"]),
        )
        for row in rows
    ]
    parts = "; ".join(
        f"{reader.text(row, 'bucket')} claims {reader.text(row, 'claimed')} and is granted "
        f"{reader.text(row, 'granted')}, in other orders {reader.text(row, 'least')} to "
        f"{reader.text(row, 'most')}"
        for row in rows
    )
    keys = (Key("band", "least to most, over all orders", "bar"), Key("zero", "granted", "diamond"))
    return Drawing(spans(drawn), f"{parts}.", keys)
