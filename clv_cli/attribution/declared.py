"""The declared split: rules and evidence, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.batches import hindsight_lines, unknown_bases
from clv_cli.attribution.cells import Cell, Cells, Method
from clv_cli.attribution.closed import findings, split_late, split_restated
from clv_cli.attribution.components import UNMATCHED
from clv_cli.attribution.contested import claimed, split_contest
from clv_cli.attribution.facts import split_facts
from clv_cli.frames import Finding, Severity
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.money import to_decimal

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames


def cells(frames: Frames) -> Cells:
    """The cells of all rules, and billed revenue of the period summed without them."""
    scope = frames.scope
    revenue = frames[revenue_months]
    first, end = scope.period.first, scope.period.end
    billed = revenue.filter(pl.col("month").is_between(first, end - 1))["amount_base"]
    rows = frames[split_facts].select("bucket", "component", "rule_id", "lines", "amount")
    found = [Cell(*row) for row in rows.iter_rows()]
    return Cells(found, int(billed.cast(pl.Int128).sum()), findings=_findings(frames, found))


def _findings(frames: Frames, found: list[Cell]) -> list[Finding]:
    scope = frames.scope
    found_: list[Finding] = []
    touches, lines, amount = frames[hindsight_lines].row(0)
    if touches:
        follow = f"{_lines(lines, 'purchase')} worth {_money(amount, scope)} came after them"
        message = (
            f"{_lines(touches, 'touch', 'touches')} came before the customer's risk flag: "
            f"hindsight is no evidence; {follow} and without an earlier flag"
        )
        remedy = "flag customers before they are helped, or record the day of the risk"
        found_.append(Finding(Severity.NOTE, "hindsight_flags", message, remedy=remedy))
    for cell in (cell for cell in found if cell.component == UNMATCHED):
        message = (
            f"{_money(-cell.amount, scope)} of {_lines(cell.lines, 'credit')} find no purchase of their "
            "customer to take back: they lower sales, whoever was credited with it"
        )
        remedy = (
            "give credits the id of their original line (original_line_id), or add older exports"
        )
        found_.append(Finding(Severity.WARNING, "unmatched_credits", message, remedy=remedy))
    _, lines, amount = frames[unknown_bases].row(0)
    if lines:
        least = scope.settings.split.base_min_months
        message = (
            f"{_lines(lines, 'purchase')} worth {_money(amount, scope)} in fewer than {least} months "
            "since the first of the same product: nothing of it counts as expansion"
        )
        found_.append(Finding(Severity.NOTE, "unknown_base", message))
    return [*found_, *findings(scope, frames[split_late], frames[split_restated])]


def _lines(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _money(minor: int, scope: Scope) -> str:
    return f"{to_decimal(minor, scope.currency):,f} {scope.currency}"


DECLARED = Method(
    (
        split_facts,
        revenue_months,
        hindsight_lines,
        unknown_bases,
        split_late,
        split_restated,
    ),
    cells,
    (split_contest,),
    claimed,
)
