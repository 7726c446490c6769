"""CAC by channel: what one new customer cost where it was won."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.render.charts.bars import MOST, Bar, bars
from clv_cli.render.charts.drawing import Drawing, Reader

if TYPE_CHECKING:
    from clv_cli.results import Result

NEEDS = frozenset({"channel", "new_customers", "cac"})


def draw(result: Result, currency: str) -> Drawing | None:
    """A bar for each channel with a CAC, the total grey; None for more than can be taken in."""
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["cac"] is not None]
    if not 0 < len(rows) <= MOST:
        return None
    drawn = [
        Bar(
            reader.text(row, "channel"),
            reader.size(row, "cac") or 0.0,
            reader.text(row, "cac"),
            "other" if row["channel"] == "total" else "new",
        )
        for row in rows
    ]
    parts = ", ".join(
        f"{reader.text(row, 'channel')} {reader.text(row, 'cac')} for each of "
        f"{reader.text(row, 'new_customers')}"
        for row in rows
    )
    return Drawing(bars(drawn), f"CAC in {currency}: {parts} new customers.", written=True)
