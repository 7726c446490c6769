"""The split: revenue by component, or by bucket, in the colour of its bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv_cli.render.charts.bars import Bar, bars
from clv_cli.render.charts.drawing import Drawing, Reader

if TYPE_CHECKING:
    from clv_cli.results import Result

TOTAL = "total"
SHORT = {"cxm": "CXM", "cs": "CS", "sales": "Sales"}
NEEDS = frozenset({"bucket", "amount", "share"})


def draw(result: Result, currency: str) -> Drawing | None:
    """Bars with amount and share; None where no revenue was divided."""
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["bucket"] != TOTAL]
    if not any(row["amount"] for row in rows):
        return None
    drawn = [
        Bar(
            _name(reader, row),
            reader.size(row, "amount") or 0.0,
            f"{reader.text(row, 'amount')} · {reader.text(row, 'share')}",
            str(row["bucket"]),
        )
        for row in rows
    ]
    parts = ", ".join(
        f"{_name(reader, row)} {reader.text(row, 'amount')} ({reader.text(row, 'share')})"
        for row in rows
    )
    whole = reader.money(sum(row["amount"] for row in rows))
    return Drawing(bars(drawn), f"Of {whole}: {parts}.", written=True)


def _name(reader: Reader, row: dict[str, Any]) -> str:
    if "component" not in reader.columns:
        return reader.text(row, "bucket")
    return f"{SHORT.get(str(row['bucket']), str(row['bucket']))}: {reader.text(row, 'component')}"
