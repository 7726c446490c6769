"""From loaded lines to billed revenue, to the minor unit, and the checks that must tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.glossary import Kind
from clv_cli.measures.billed_lines import RULES, excluded_lines, loaded_lines
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.money import mrr_to_minor
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

Line = tuple[str, int, int]
LABELS = {
    "loaded": "Loaded billing lines",
    **{rule: f"less {text}" for rule, text in RULES.items()},
    "billed": "Billed revenue",
    "before": "of which before the period",
    "period": "of which in the period",
    "after": "of which after the period",
}


def reconciliation_table(scope: Scope) -> Table:
    """Does billed revenue tie to the loaded lines?

    Args:
        scope: the Book, day and period.
    """
    columns = (
        Column("item", Kind.TEXT, "Item", labels=LABELS),
        Column("lines", Kind.COUNT, "Lines"),
        Column("amount", Kind.MONEY, "Amount"),
    )
    needs = (loaded_lines, excluded_lines, revenue_months, mrr_months)
    title = f"Reconciliation as of {scope.as_of.isoformat()}"
    return Table("reconciliation", title, columns, needs, _finish)


def _finish(frames: Frames) -> Rows:
    loaded = _total("loaded", frames[loaded_lines])
    excluded = frames[excluded_lines]
    left_out = [_total(rule, excluded.filter(pl.col("rule") == rule)) for rule in RULES]
    left_out = [(rule, -lines, -amount) for rule, lines, amount in left_out if lines]
    revenue = frames[revenue_months]
    billed = _total("billed", revenue)
    _require_lines(frames, loaded, left_out, billed)
    expected = loaded[2] + sum(amount for _, _, amount in left_out)
    checks = [
        Check("billed_total", expected, billed[2], "lines less those left out = billed"),
        *_roll_forward(frames),
    ]
    rows = [loaded, *left_out, billed, *_by_period(frames, revenue)]
    schema = {"item": pl.String, "lines": pl.Int64, "amount": pl.Int64}
    unpriced = int(excluded["unpriced"].sum())
    note = f"{unpriced} of the lines left out have no exchange rate and count as 0."
    return Rows(
        pl.DataFrame(rows, schema=schema, orient="row"),
        checks=checks,
        notes=(note,) if unpriced else (),
    )


def _by_period(frames: Frames, revenue: pl.DataFrame) -> list[Line]:
    period, month = frames.scope.period, pl.col("month")
    parts = [
        _total("before", revenue.filter(month < period.first)),
        _total("period", revenue.filter(month.is_between(period.first, period.end, closed="left"))),
        _total("after", revenue.filter(month >= period.end)),
    ]
    return parts if parts[-1][1] else parts[:-1]


def _roll_forward(frames: Frames) -> list[Check]:
    """Opening of the period and all its movements, against the closing."""
    period = frames.scope.period
    rows = frames[mrr_months].filter(pl.col("month").is_in(list(period.months))).sort("month")
    if not rows.height:
        return []
    moved = sum(int(rows[name].cast(pl.Int128).sum()) for name in MOVEMENTS)
    left = mrr_to_minor(int(rows["opening"][0]) + moved)
    right = mrr_to_minor(int(rows["closing"][-1]))
    return [Check("mrr_rollforward", left, right, "opening MRR and its movements = closing MRR")]


def _require_lines(frames: Frames, loaded: Line, left_out: list[Line], billed: Line) -> None:
    """Lines must tie too: two errors may cancel in money, not in both."""
    counted = billed[1] - sum(lines for _, lines, _ in left_out)
    if not loaded[1] == counted == frames.scope.book.lines.rows:
        raise DataError(
            f"{frames.scope.book.lines.rows} lines were loaded, but {counted} are accounted for",
            where="billing_lines",
            hint="please report this: it is a bug, and no figure of this run can be trusted",
        )


def _total(item: str, frame: pl.DataFrame) -> Line:
    amount = int(frame["amount_base"].cast(pl.Int128).sum())
    return item, int(frame["lines"].sum()), amount
