"""The declared split: rules and evidence, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.cells import Cell, Cells, Method
from clv_cli.attribution.cs import after, split_hindsight, split_interventions, window_days
from clv_cli.attribution.facts import split_facts
from clv_cli.attribution.motion import split_parts
from clv_cli.attribution.reach import split_bought
from clv_cli.attribution.waterfall import UNMATCHED
from clv_cli.frames import Finding, Severity
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import to_decimal
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

_TALLY = {"rows": pl.Int64, "lines": pl.Int64, "amount": pl.Int64}


@derived("split_unknown_bases", split_bought, split_parts)
def split_unknown_bases(_: Scope, bought: pl.DataFrame, divided: pl.DataFrame) -> pl.DataFrame:
    """How many reached purchases of the period had too little past to tell expansion? One row."""
    unknown = divided.filter(~pl.col("known")).select("at")
    lines = bought.filter("reported").join(unknown, on="at", how="semi")
    return _tally(lines, lines.height)


@derived("split_hindsight_lines", split_hindsight, split_interventions, split_bought, split_parts)
def split_hindsight_lines(
    scope: Scope,
    touches: pl.DataFrame,
    helped: pl.DataFrame,
    bought: pl.DataFrame,
    divided: pl.DataFrame,
) -> pl.DataFrame:
    """What would touches have claimed if flags set after them were evidence? One row.

    `rows` are the touches; `lines, amount` what they would claim and no earlier flag claims.
    """
    days = window_days(scope)
    switched = divided.filter(pl.col("part") == "switched").select("at")
    lines = bought.filter("reported").join(switched, on="at", how="anti")
    late = after(lines.join(touches.select("code").unique(), on="code", how="semi"), touches, days)
    claimed = after(late.drop("touch_id"), helped, days).select("at")
    return _tally(late.join(claimed, on="at", how="anti"), int(touches["rows"].sum()))


def _tally(lines: pl.DataFrame, rows: int) -> pl.DataFrame:
    money = int(lines["amount_base"].cast(pl.Int128).sum())
    return pl.DataFrame([(rows, lines.height, money)], schema=_TALLY, orient="row")


def cells(frames: Frames) -> Cells:
    """The cells of all rules, and billed revenue of the period summed without them."""
    scope = frames.scope
    facts = frames[revenue_facts]
    first, end = scope.period.first, scope.period.end
    billed = facts.filter(pl.col("month").is_between(first, end - 1))["amount_base"]
    rows = frames[split_facts].select("bucket", "component", "rule_id", "lines", "amount")
    found = [Cell(*row) for row in rows.iter_rows()]
    return Cells(found, int(billed.cast(pl.Int128).sum()), findings=_findings(frames, found))


def _findings(frames: Frames, found: list[Cell]) -> list[Finding]:
    currency = frames.scope.currency

    def money(minor: int) -> str:
        return f"{to_decimal(minor, currency):,f} {currency}"

    findings = []
    touches, lines, amount = frames[split_hindsight_lines].row(0)
    if touches:
        findings.append(
            Finding(
                Severity.WARNING,
                "hindsight_flags",
                f"{touches} touches precede their customer's risk flag: hindsight is no evidence; "
                f"{lines} purchases of {money(amount)} follow them without an earlier flag",
                remedy="flag customers before they are helped, or record the day of the risk",
            )
        )
    unmatched = [cell for cell in found if cell.component == UNMATCHED]
    for cell in unmatched:
        findings.append(
            Finding(
                Severity.WARNING,
                "unmatched_credits",
                f"{cell.lines} credits of {money(-cell.amount)} name no purchase that they take "
                "back: they lower sales, whoever was credited with the purchase",
                remedy="give credits the id of their original line (original_line_id)",
            )
        )
    _, lines, amount = frames[split_unknown_bases].row(0)
    if lines:
        findings.append(
            Finding(
                Severity.NOTE,
                "unknown_base",
                f"{lines} purchases of {money(amount)} have fewer than "
                f"{frames.scope.settings.split.base_min_months} months of history: nothing of "
                "them counts as expansion",
            )
        )
    return findings


DECLARED = Method((split_facts, revenue_facts, split_hindsight_lines, split_unknown_bases), cells)
