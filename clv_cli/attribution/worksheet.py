"""The split from a worksheet: top-down estimates a component, sales is what is left.

sales = total - CXM - CS, with CXM and CS the sums of their parts
"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

from clv_cli.attribution.cells import Cell, Cells, Claimed, Method
from clv_cli.attribution.components import REST
from clv_cli.buckets import BUCKETS, COMPONENTS
from clv_cli.errors import DataError
from clv_cli.money import from_text, to_text
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from typing import Any

    import polars as pl

    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

CHECK_TEXT = "split = total of the worksheet"


@reduction("worksheet_rows")
def worksheet_rows(scope: Scope) -> pl.LazyFrame:
    """The worksheet, in the order of the file."""
    return scope.book.table("worksheet").sort("source", "row")


def cells(frames: Frames) -> Cells:
    """The parts of the worksheet, and sales as what is left of its total.

    Raises:
        DataError: no total or several, a component its bucket does not have, a negative estimate,
            another currency, or claims above the total.
    """
    rows = frames[worksheet_rows].to_dicts()
    for row in rows:
        _require_sound(row, frames.scope.currency)
    totals = [row for row in rows if row["bucket"] == "all"]
    if len(totals) != 1:
        raise DataError(
            f"a worksheet has one row for all revenue, not {len(totals)}",
            where=_place(totals[1]) if totals else "table worksheet",
            hint="write one row with bucket all and component total",
        )
    total = int(totals[0]["amount"])
    parts = [_cell(row) for row in rows if row["bucket"] != "all"]
    claimed = sum(part.amount for part in parts)
    if claimed > total:
        currency = frames.scope.currency
        raise DataError(
            f"CXM and CS claim {to_text(claimed, currency)} of {to_text(total, currency)}",
            where=_place(totals[0]),
            hint="claims must not overlap; what several claim belongs to one of them",
        )
    parts.append(Cell("sales", REST, REST, 1, total - claimed))
    return Cells(parts, total, CHECK_TEXT)


def _cell(row: dict[str, Any]) -> Cell:
    item = row["item"] or row["component"]
    return Cell(row["bucket"], row["component"], item, 1, int(row["amount"]))


def _place(row: dict[str, Any]) -> str:
    return f"{row['source']}:{row['row']}"


def _require_sound(row: dict[str, Any], currency: str) -> None:
    key = (row["bucket"], row["component"])
    known = [component for bucket, component in COMPONENTS if bucket == row["bucket"]]
    if key not in COMPONENTS and key != ("all", "total"):
        raise DataError(
            f"{row['bucket']} has no component {row['component']}",
            where=_place(row),
            hint=f"one of {', '.join(known or ['total'])}",
        )
    if row["currency"] != currency:
        raise DataError(
            f"the worksheet is in {row['currency']}, the books in {currency}",
            where=_place(row),
            hint=f"write the estimates in {currency}",
        )
    low, high = row["low"], row["high"]
    if (low is None) != (high is None) or (low is not None and not low <= row["amount"] <= high):
        raise DataError(
            "an estimate needs both low and high, around its amount, or neither",
            where=_place(row),
            hint="write low <= amount <= high",
        )
    if min(row["amount"], low or 0) < 0:
        raise DataError(
            "an estimate must not be negative",
            where=_place(row),
            hint="write what the bucket is granted, not what it is short of",
        )


def claimed(frames: Frames, found: Cells) -> Claimed:
    """The claims of a worksheet: its parts, and sales' own figure where one is stated.

    Without a figure of their own, sales claim what is left, and nothing is contested.
    """
    stated = frames.scope.settings.split.stated.sales
    claims = {bucket: found.of(bucket) for bucket in BUCKETS}
    if stated is not None:
        claims["sales"] = max(from_text(f"{stated:f}", frames.scope.currency), claims["sales"])
    ranges: dict[str, list[int]] = {bucket: [] for bucket in BUCKETS}
    for order in permutations(BUCKETS):
        left, granted = found.total, dict.fromkeys(BUCKETS, 0)
        for bucket in order:
            granted[bucket] = min(claims[bucket], left)
            left -= granted[bucket]
        granted["sales"] += left
        for bucket in BUCKETS:
            ranges[bucket].append(granted[bucket])
    return Claimed(claims, {bucket: (min(got), max(got)) for bucket, got in ranges.items()})


WORKSHEET = Method((worksheet_rows,), cells, (), claimed)
