"""Collecting: failed payments, what was recovered, and how long it took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.intervals import share_of
from clv_cli.measures.line_steps import at_month
from clv_cli.measures.receivables import collections, recovered_lines
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Metric, Scope

_LABELS = {
    "attempts": "invoices attempted",
    "failed": "invoices that failed",
    "recovered": "failed invoices recovered",
    "days": "days from failure to recovery",
}
_NO_FAILURE = "no payment failed"


def payment_failure_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the invoices attempted in the month failed at least once? An exact ratio."""
    failed, attempts = (_part(frames, month, name) for name in ("failed", "attempts"))
    n = int(attempts.value or 0)
    return estimated("payment_failure_rate", (failed, attempts), n, "no payments")


def recovery_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the failed invoices was paid within `collections.dunning_days`?"""
    back, failed = (_part(frames, month, name) for name in ("recovered", "failed"))
    n = int(failed.value or 0)
    return estimated("recovery_rate", (back, failed), n, _NO_FAILURE)


def net_loss_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the invoices attempted failed and stayed unpaid? An exact ratio."""
    inputs = tuple(_part(frames, month, name) for name in ("failed", "recovered", "attempts"))
    n = int(inputs[2].value or 0)
    return estimated("net_loss_rate", inputs, n, "no payments")


def time_to_recover(frames: Collected, month: int) -> Estimate:
    """How many days passed from the first failure to the recovery? The mean."""
    inputs = tuple(_part(frames, month, name) for name in ("days", "recovered"))
    return estimated("time_to_recover", inputs, int(inputs[1].value or 0), "nothing recovered")


def recovered_mrr(frames: Collected, month: int) -> Estimate:
    """How much MRR stands on invoices that failed and were recovered? Minor units."""
    lines = frames[recovered_lines].filter(pl.col("month") == month)
    levels = at_month(frames, lines.group_by("code", "currency").agg(pl.col("mrr").sum()), month)
    value = minor(int(levels["value"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, levels, "value", pl.lit(month_text(month)))  # noqa: E731
    label = "MRR on recovered invoices"
    put = Input(label, Kind.MONEY, value, "recovered_mrr", Over.SUM, rows, MRR_UNITS)
    return estimated("recovered_mrr", (put,), levels.height)


def _part(frames: Collected, month: int, name: str) -> Input:
    found = frames[collections].filter(pl.col("month") == month, pl.col(name) != 0)
    rows = lambda: parts.ledger(frames, found, name, pl.lit(month_text(month)))  # noqa: E731
    return Input(_LABELS[name], Kind.COUNT, int(found[name].sum()), name, Over.SUM, rows)


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The payment attempts of the month."""
    return table_rows(scope, "payments", "attempted_on", "outcome", Period(month, month + 1))


_BACKING = Backing(requires=("payments",), evidence=_rows)
_FAILED = replace(_BACKING, interval=share_of("failed", "attempts"))
_RECOVERED = replace(_BACKING, interval=share_of("recovered", "failed"))
_LOST = replace(_BACKING, interval=share_of("failed", "attempts", less="recovered"))
COLLECTION_METRICS: tuple[Metric, ...] = (
    formula_metric("payment_failure_rate", payment_failure_rate, (collections,), _FAILED),
    formula_metric("recovery_rate", recovery_rate, (collections,), _RECOVERED),
    formula_metric("recovered_mrr", recovered_mrr, (recovered_lines,), _BACKING),
    formula_metric("net_loss_rate", net_loss_rate, (collections,), _LOST),
    formula_metric("time_to_recover", time_to_recover, (collections,), _BACKING),
)
