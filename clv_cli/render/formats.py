"""Kind to text, in two dialects: for people (`human`) and for machines (`machine`).

The one place where numbers become text. Text from exports goes through `safe_text`: names in a CRM are
somebody else's input.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from clv_cli.glossary import GLOSSARY, Good, Kind
from clv_cli.harmless import safe_text
from clv_cli.money import to_decimal, to_text
from clv_cli.periods import month_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.results import Column

BLOCKS = "▁▂▃▄▅▆▇█"
NO_VALUE = "-"
NUMBERS = {
    Kind.COUNT,
    Kind.MONEY,
    Kind.RATIO,
    Kind.FACTOR,
    Kind.MONTHS,
    Kind.DAYS,
    Kind.SCORE,
    Kind.BY_ROW,
    Kind.CHANGE,
}
RATIO_DIGITS = 6

# Others take `safe_text` from here, beside the rest of what makes a cell.
__all__ = [
    "BLOCKS",
    "NO_VALUE",
    "NUMBERS",
    "RATIO_DIGITS",
    "Row",
    "bar",
    "by_row_text",
    "human",
    "is_bad",
    "machine",
    "number_text",
    "safe_text",
    "sparkline",
]

Row = dict[str, Any]


def human(column: Column, row: Row, currency: str) -> str:
    """One cell as people read it: thousands separated, percent signs, a dash for no value."""
    value = row[column.name]
    if value is None:
        return "" if column.blank else NO_VALUE
    kind = Kind(row["kind"]) if column.kind is Kind.BY_ROW else column.kind
    if column.kind is Kind.CHANGE:
        return _change(float(value), row)
    if column.kind is Kind.SERIES:
        return sparkline(value)
    if column.kind is Kind.BY_ROW:
        return by_row_text(kind, str(value), whole=column.whole)
    if kind is Kind.MONEY:
        amount = to_decimal(int(value), _currency(column, row, currency))
        return by_row_text(kind, f"{amount:f}", whole=column.whole)
    if kind is Kind.MONTH:
        return month_text(int(value))
    if kind in {Kind.TEXT, Kind.DATE}:
        return safe_text(column.labels.get(str(value), str(value)))
    return number_text(kind, Decimal(str(value)))


def by_row_text(kind: Kind, canonical: str, *, whole: bool) -> str:
    """A value of the row's own kind from its canonical text; `whole`: large money without cents."""
    value = Decimal(canonical)
    if kind is Kind.MONEY:
        return f"{value:,.0f}" if whole and abs(value) >= 1000 else f"{value:,f}"
    return number_text(kind, value)


def number_text(kind: Kind, value: Decimal) -> str:
    """A count, ratio, factor or duration as people read it."""
    if kind is Kind.COUNT:
        return f"{value:,.0f}"
    if kind is Kind.RATIO:
        percent = round(value * 100, 1)
        return f"{abs(percent) if percent == 0 else percent:,.1f} %"  # no "-0.0 %"
    if kind is Kind.MONTHS:
        return f"{value:,.1f} mo"
    if kind is Kind.DAYS:
        return f"{value:,.1f} d"
    if kind is Kind.SCORE:
        return f"{value:+,.1f}"
    return f"{value:,.2f}"


def _change(change: float, row: Row) -> str:
    """`+3.1 %`, `+0.8 pp`; a trailing `!` marks a change in the bad direction, colour or not."""
    unit = "pp" if row.get("kind") == Kind.RATIO else "%"
    text = f"{change * 100:+,.1f} {unit}"
    if text.lstrip("+-").startswith("0.0 "):
        return f"0.0 {unit}  "
    return f"{text} {'!' if is_bad(change, row) else ' '}"


def is_bad(change: float, row: Row) -> bool:
    """Whether a metric moved in the direction that its glossary entry calls bad."""
    term = GLOSSARY.get(str(row.get("metric")))
    if term is None or change == 0:
        return False
    return (change < 0) if term.good is Good.UP else (change > 0 and term.good is Good.DOWN)


def sparkline(series: Sequence[str | None]) -> str:
    """A row of block characters from the lowest to the highest value; a dot for no value."""
    values = [None if text is None else float(text) for text in series]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(BLOCKS) - 1
    return "".join(
        "·" if v is None else BLOCKS[round((v - low) / span * top) if span else top // 2]
        for v in values
    )


def bar(ratio: float, width: int = 24) -> str:
    """A bar whose length is a share of `width`."""
    return "█" * round(max(0.0, min(ratio, 1.0)) * width)


def machine(column: Column, row: Row, currency: str) -> str | int | float | list[Any] | None:
    """One cell as programs read it.

    Money is a decimal text with the currency's digits, a ratio a number 0-1, a month `2026-10`, a
    day ISO, no value None.
    """
    value = row[column.name]
    if value is None:
        return None
    kind = Kind(row["kind"]) if column.kind is Kind.BY_ROW else column.kind
    if column.kind is Kind.SERIES:
        return [_canonical(Kind(row["kind"]), item) for item in value]
    if column.kind is Kind.BY_ROW:
        return _canonical(kind, str(value))
    if kind is Kind.MONEY:
        return to_text(int(value), _currency(column, row, currency))
    if kind is Kind.MONTH:
        return month_text(int(value))
    if kind is Kind.COUNT:
        return int(value)
    if kind in {Kind.RATIO, Kind.FACTOR, Kind.MONTHS, Kind.DAYS, Kind.SCORE, Kind.CHANGE}:
        return round(float(value), RATIO_DIGITS)
    return str(value)


def _canonical(kind: Kind, text: str | None) -> str | int | float | None:
    """A canonical text of a known kind as a JSON value; money stays a decimal text."""
    if text is None or kind in {Kind.MONEY, Kind.TEXT}:
        return text
    return int(text) if kind is Kind.COUNT else float(text)


def _currency(column: Column, row: Mapping[str, Any], currency: str) -> str:
    return str(row[column.currency_from]) if column.currency_from else currency
