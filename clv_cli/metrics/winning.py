"""Winning customers: trials that convert, deals that are won, leads that grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.acquisition import deal_rows, trials
from clv_cli.measures.drilldown import issued_lines, table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.intervals import share_of
from clv_cli.measures.series import Estimate
from clv_cli.periods import Period
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Scope

_LEADS = "deals name CRM accounts, not all of which are customers"


def trial_conversion(frames: Collected, month: int) -> Estimate:
    """Which share of the trials started in the month became paying within `trials.window_days`?

    Trials whose window is not over have no answer yet: while there are any, there is no value.
    """
    begun = frames[trials].filter(pl.col("month") == month)
    inputs = (
        _trials(frames, begun.filter(pl.col("converted") == 1), "trials converted", "converted"),
        _trials(frames, begun, "trials started", "started"),
    )
    n = begun.height
    if not begun["decided"].all():
        days = frames.scope.settings.trials.window_days
        return Estimate(None, (), n, f"the {days} days of its trials are not over")
    return estimated("trial_conversion", inputs, n, "no trials started")


def win_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the deals decided in the month was won?"""
    decided = frames[deal_rows].filter(pl.col("closed") == month)
    won = decided.filter(pl.col("outcome") == "won")
    both = decided.filter(pl.col("outcome").is_in(["won", "lost"]))
    inputs = (_deals(won, "deals won", "won"), _deals(both, "deals won or lost", "decided"))
    return estimated("win_rate", inputs, both.height, "no deal was decided")


def lead_velocity(frames: Collected, month: int) -> Estimate:
    """By how much did the deals opened for new business grow over the month before?"""
    new = frames[deal_rows].filter(pl.col("type").fill_null("new") == "new")
    now, before = (new.filter(pl.col("opened") == m) for m in (month, month - 1))
    inputs = (
        _deals(now, "deals opened", "opened", Over.LAST),
        _deals(before, "deals opened the month before", "opened_before", Over.LAST),
    )
    return estimated("lead_velocity", inputs, now.height, "no deals opened the month before")


def _trials(frames: Collected, found: pl.DataFrame, label: str, key: str) -> Input:
    ones = found.with_columns(one=pl.lit(1, pl.Int64))
    rows = lambda: parts.ledger(frames, ones, "one", parts.text_of_month())  # noqa: E731
    return Input(label, Kind.COUNT, found.height, key, Over.SUM, rows)


def _deals(found: pl.DataFrame, label: str, key: str, over: Over = Over.SUM) -> Input:
    ones = found.with_columns(one=pl.lit(1, pl.Int64))
    rows = lambda: parts.unnamed(ones, "one", pl.col("deal_id"))  # noqa: E731
    return Input(label, Kind.COUNT, found.height, key, over, rows)


def _trial_lines(scope: Scope, month: int) -> pl.LazyFrame:
    return issued_lines(scope, Period(month, month + 1)).filter(pl.col("kind") == "trial")


def _closed(scope: Scope, month: int) -> pl.LazyFrame:
    return table_rows(scope, "deals", "closed_on", "outcome", Period(month, month + 1))


def _opened(scope: Scope, month: int) -> pl.LazyFrame:
    return table_rows(scope, "deals", "created_on", "outcome", Period(month - 1, month + 1))


TRIAL_CONVERSION = formula_metric(
    "trial_conversion",
    trial_conversion,
    (trials,),
    Backing(evidence=_trial_lines, interval=share_of("converted", "started")),
)
WIN_RATE = formula_metric(
    "win_rate",
    win_rate,
    (deal_rows,),
    Backing(("deals",), (), _closed, _LEADS, share_of("won", "decided")),
)
LEAD_VELOCITY = formula_metric(
    "lead_velocity",
    lead_velocity,
    (deal_rows,),
    Backing(requires=("deals",), evidence=_opened, whole=_LEADS),
)
