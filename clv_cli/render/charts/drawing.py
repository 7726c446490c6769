"""What a chart is made of: a drawing, its sentence, the keys of its colours; and how cells are read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clv_cli.glossary import Kind
from clv_cli.money import to_decimal
from clv_cli.render.formats import human
from clv_cli.render.widths import display_width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.render.layout import Cell
    from clv_cli.results import Column, Result

_UNITS = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend: the colour's name in the palette, what it means, the shape of its mark."""

    colour: str
    text: str
    shape: str = "square"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts: what was drawn, to read."""

    heads: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart of one table.

    Args:
        spec: Vega-Lite, with its data inside.
        sentence: what it shows, in its numbers; read out in place of the chart.
        ramp: the least and the most that the steps of a heat map stand for.
        written: whether every value stands on its mark, so that the sentence need not be seen.
        keys: what colours mean.
        columns: the columns that were drawn, where they are more than people see.
        sheet: the numbers drawn, where they are not rows of the table.
    """

    spec: Mapping[str, Any]
    sentence: str
    keys: tuple[Key, ...] = ()
    columns: tuple[Column, ...] = ()
    sheet: Sheet | None = None
    written: bool = False
    ramp: tuple[str, str] | None = None


class Reader:
    """The cells of a result by the column's name: as text, and as a length to draw."""

    def __init__(self, result: Result, currency: str) -> None:
        self.records = result.records()
        self.currency = currency
        self.columns = {column.name: column for column in result.table.columns}

    def text(self, row: Mapping[str, Any], name: str) -> str:
        """A cell as people read it."""
        return human(self.columns[name], dict(row), self.currency)

    def size(self, row: Mapping[str, Any], name: str) -> float | None:
        """A cell as a position on a scale. Never printed: texts come from the exact value."""
        value = row[name]
        if value is None:
            return None
        if self.columns[name].kind is Kind.MONEY:
            return float(self.amount(row, name))
        return float(value)

    def amount(self, row: Mapping[str, Any], name: str) -> Decimal:
        """Money in whole units, exact."""
        held = self.columns[name].currency_from
        return to_decimal(int(row[name] or 0), str(row[held]) if held else self.currency)

    def money(self, minor: int) -> str:
        """`12,440.10 USD`."""
        return f"{to_decimal(minor, self.currency):,f} {self.currency}"


def compact(value: Decimal) -> str:
    """A number short enough for a mark: `+12k`, `-3.1M`; the exact one stands in the table."""
    for unit, letter in _UNITS:
        if abs(value) >= unit:
            parts = value / unit
            return f"{parts:+,.0f}{letter}" if abs(parts) >= 10 else f"{parts:+,.1f}{letter}"
    return f"{value:+,.0f}"


def short(text: str, columns: int) -> str:
    """A name that fits its room; the whole one stands in the table."""
    if display_width(text) <= columns:
        return text
    kept = ""
    for letter in text:
        if display_width(kept + letter) >= columns:
            break
        kept += letter
    return kept + "…"


def month_ticks(months: list[int]) -> list[str]:
    """Names for months along an axis: the year under the first and under each January.

    So many that they do not overlap: every third beyond a year and a half, every sixth beyond three.
    """
    step = 1 if len(months) <= 13 else 3 if len(months) <= 37 else 6
    texts = []
    for at, month in enumerate(months):
        year, index = divmod(month, 12)
        named = f"{_MONTHS[index]}\n{year}" if at == 0 or index < step else _MONTHS[index]
        texts.append(named if index % step == 0 or step == 1 else "")
    return texts
