"""MRR for which payment is due: a memo beside MRR, no movement."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.mrr_balances import in_base
from clv_cli.measures.mrr_lines import active_only, lines_before_lapses
from clv_cli.measures.mrr_spans import snapshot_month
from clv_cli.measures.past_due import at_risk
from clv_cli.pipeline import Scope, derived, reduction


@reduction("at_risk_lines")
def at_risk_lines(scope: Scope) -> pl.LazyFrame:
    """The MRR and the days of lines that count though payment is due, summed where they agree."""
    keys = ["code", "currency", "active_from", "active_to"]
    lines = active_only(at_risk(scope, lines_before_lapses(scope)))
    total = pl.col("mrr").cast(pl.Int128).sum().cast(pl.Int64)
    return lines.group_by(keys).agg(total).sort(keys)


@derived("mrr_at_risk", at_risk_lines)
def mrr_at_risk(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """How much of each customer's MRR was past due at each month's end, within the grace?

    Unpaid since the day payment was due (the day of issue where none is given). Part of MRR; it
    leaves MRR `churn.grace_days` later unless it is paid.

    Returns:
        `code, month`, sorted; `mrr` (Int64 MRR units of the base currency at the month's end).
    """
    levels = (
        lines.select(
            "code",
            "currency",
            "mrr",
            first=snapshot_month(pl.col("active_from"), scope.as_of),
            end=pl.min_horizontal(
                snapshot_month(pl.col("active_to"), scope.as_of), scope.closing + 1
            ),
        )
        .filter(pl.col("first") < pl.col("end"))
        .with_columns(month=pl.int_ranges("first", "end"))
        .explode("month", empty_as_null=False)
        .with_columns(pl.col("month").cast(pl.Int32))
        .group_by("code", "currency", "month")
        .agg(pl.col("mrr").sum())
    )
    valued = in_base(scope, levels)
    return valued.group_by("code", "month").agg(mrr=pl.col("value").sum()).sort("code", "month")
