"""The declared split: rules and evidence, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.cells import Cell, Cells, Method
from clv_cli.attribution.closed import findings, split_late, split_restated
from clv_cli.attribution.components import UNMATCHED
from clv_cli.attribution.contested import claimed, split_contest
from clv_cli.attribution.cs import after, split_hindsight, split_interventions, window_days
from clv_cli.attribution.facts import split_facts
from clv_cli.attribution.reach import split_bought, split_reached
from clv_cli.attribution.waterfall import split_parts
from clv_cli.frames import Finding, Severity
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.money import to_decimal
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

_TALLY = {"rows": pl.Int64, "lines": pl.Int64, "amount": pl.Int64}


@derived("split_unknown_bases", split_bought, split_parts)
def split_unknown_bases(_: Scope, bought: pl.DataFrame, divided: pl.DataFrame) -> pl.DataFrame:
    """How many purchases that rules match had too little past to tell expansion? One row."""
    unknown = divided.filter(~pl.col("known"))["at"].unique()
    lines = bought.select(pl.col("reported", "amount_base").gather(unknown)).filter("reported")
    return _tally(lines, lines.height)


@derived(
    "split_hindsight_lines",
    split_hindsight,
    split_interventions,
    split_reached,
    split_bought,
    split_parts,
)
def split_hindsight_lines(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    touches: pl.DataFrame,
    helped: pl.DataFrame,
    reached: pl.DataFrame,
    bought: pl.DataFrame,
    divided: pl.DataFrame,
) -> pl.DataFrame:
    """What would touches have claimed if flags set after them were evidence? One row.

    `rows` are the touches; `lines, amount` what they would claim and no earlier flag claims.
    """
    days = window_days(scope)
    switched = divided.filter(pl.col("part") == "switched").select("at")
    places = bought.select("at", "place").join(switched, on="at", how="semi")
    near = touches.select("code").unique()
    lines = (
        reached.filter("reported")
        .select("code", "issued_on", "amount_base", "place", at="place")
        .join(near, on="code", how="semi")
        .join(places, on="place", how="anti")
    )
    late = after(lines, touches, days)
    claimed = after(late.drop("touch_id"), helped, days).select("at")
    return _tally(late.join(claimed, on="at", how="anti"), int(touches["rows"].sum()))


def _tally(lines: pl.DataFrame, rows: int) -> pl.DataFrame:
    money = int(lines["amount_base"].cast(pl.Int128).sum())
    return pl.DataFrame([(rows, lines.height, money)], schema=_TALLY, orient="row")


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
    touches, lines, amount = frames[split_hindsight_lines].row(0)
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
    _, lines, amount = frames[split_unknown_bases].row(0)
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
        split_hindsight_lines,
        split_unknown_bases,
        split_late,
        split_restated,
    ),
    cells,
    (split_contest,),
    claimed,
)
