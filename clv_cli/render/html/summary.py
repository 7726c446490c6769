"""What a reader should take home before looking at any chart: a few sentences of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.money import to_decimal
from clv_cli.render.charts.drawing import Reader
from clv_cli.render.charts.split import SHORT, TOTAL
from clv_cli.render.html.tiles import TILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.render.html.tiles import Tile
    from clv_cli.results import Report, Result


def sentences(report: Report, results: Sequence[Result], tiles: Sequence[Tile]) -> list[str]:
    """The first figure, which figures got worse, what they rest on, and how revenue was divided.

    Args:
        report: for its currency and checks.
        results: the tables shown.
        tiles: the key figures.
    """
    said = []
    if tiles:
        said.append(_first(tiles[0], report.currency))
        said.append(_worse(tiles))
    by_name = {result.table.name: result for result in results}
    if TILES in by_name:
        said += by_name[TILES].rows.notes
    if "split_buckets" in by_name:
        said.append(_split(by_name["split_buckets"], report.currency))
    return [sentence for sentence in said if sentence]


def _first(tile: Tile, currency: str) -> str:
    if tile.reason:
        return f"{tile.title}: {tile.reason}."
    change = f", {tile.change} against {tile.before} before" if tile.change else ""
    return f"{tile.title} is {tile.value} {currency} {tile.window}{change}."


def _worse(tiles: Sequence[Tile]) -> str:
    worse = [tile.title for tile in tiles if tile.verdict == "bad"]
    moved = sum(1 for tile in tiles if tile.verdict in {"good", "bad"})
    if not moved:
        return ""
    if not worse:
        return f"Nothing got worse; {moved} key figures got better."
    return f"Worse than before: {', '.join(worse)} ({len(worse)} of {moved} that moved)."


def _split(result: Result, currency: str) -> str:
    reader = Reader(result, currency)
    rows = [row for row in reader.records if row["bucket"] != TOTAL]
    if not any(row["amount"] for row in rows):
        return ""
    parts = [f"{SHORT[row['bucket']]} {reader.text(row, 'share')}" for row in rows]
    whole = reader.money(sum(row["amount"] for row in rows))
    return f"Of {whole} billed in the period: {', '.join(parts)}."


def verdict_on(report: Report) -> str:
    """`Reconciles: 4 of 4 checks, difference 0.00`; empty without checks."""
    if not report.checks:
        return ""
    off = [check for check in report.checks if not check.ok]
    if off:
        return f"DOES NOT RECONCILE: {len(off)} of {len(report.checks)} checks"
    zero = to_decimal(0, report.currency)
    count = len(report.checks)
    return f"Reconciles: {count} of {count} checks, difference {zero:f}"
