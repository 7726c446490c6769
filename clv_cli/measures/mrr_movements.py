"""How MRR moved, customer by customer.

    opening + new + expansion + contraction + churn + reactivation + paused + fx = closing

A customer is one, over all its subscriptions and currencies, unless `grain` says otherwise; what
moves is the difference of two month-end snapshots, in the rates of the later one, or under
`movements.mode: events` every change between them. What a pause holds is no loss: it leaves and
returns on its own line, and becomes churn only when the pause outlasts `mrr.paused_max_days`.
"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.free_customers import free_months
from clv_cli.measures.mrr_balances import by_month, in_base, mrr_balances, steps, visible
from clv_cli.measures.mrr_events import mrr_events
from clv_cli.measures.mrr_kinds import CHANGES, COUNTS, classified, idle_by_month
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.pipeline import Scope, derived

__all__ = [
    "MOVEMENTS",
    "by_month",
    "in_base",
    "mrr_balances",
    "mrr_movements",
    "steps",
    "visible",
]

MOVEMENTS = (*CHANGES, "paused", "fx")


@derived("mrr_movements", mrr_balances, mrr_spans, mrr_events, free_months, by_customer=True)
def mrr_movements(
    scope: Scope,
    balances: pl.DataFrame,
    spans: pl.DataFrame,
    events: pl.DataFrame,
    free: pl.DataFrame,
) -> pl.DataFrame:
    """Whose MRR moved in which month, by how much and why?

    Nothing before and something now is new, or reactivation when the customer had paid before
    (unless more than `churn.reactivation_window_days` have passed); something before and nothing now
    is churn; anything else is expansion or contraction by its sign.

    Returns:
        `code, month`, sorted by `unit` and month (the code, unless `grain: subscription`); `opening`, the seven movements and `closing`, Int64 MRR units of the base
        currency; `customers_new, customers_churned, customers_reactivated, customers_paused` (paused
        less resumed): 0 or 1 under `snapshot`. Only rows in which something moves.
    """
    rows = _with_free(balances, free)
    columns = ("code", "unit", "month", "active")
    sides = {
        "opening": pl.col("opening") - pl.col("held_opening"),
        "paused": pl.col("held_revalued") - pl.col("held_closing"),
        "fx": (pl.col("revalued") - pl.col("held_revalued"))
        - (pl.col("opening") - pl.col("held_opening")),
        "closing": pl.col("closing") - pl.col("held_closing"),
    }
    if scope.settings.movements.mode == "events":
        joined = _with_events(rows.select(columns, **sides), events, spans)
    else:
        named = _snapshots(scope, rows, spans)
        joined = named.select(*columns, *CHANGES, *COUNTS, **sides)
    won = pl.col("customers_new") + pl.col("customers_reactivated") - pl.col("customers_churned")
    return (
        joined.with_columns(customers_paused=won - pl.col("active"))
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in (*MOVEMENTS, *COUNTS)))
        .select(
            "code", "month", "opening", *MOVEMENTS, "closing", *COUNTS, "customers_paused", "unit"
        )
    )


def _snapshots(scope: Scope, rows: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """The rows, in their order, with the movement from one month's end to the next."""
    paying = (pl.col("closing") > 0).cast(pl.Int64)
    begins = (pl.col("unit") != pl.col("unit").shift(1)).fill_null(value=True)
    counted = rows.with_columns(paid=paying.cum_sum()).with_columns(
        earlier=pl.when(begins).then(pl.col("paid") - paying).forward_fill()
    )
    if scope.settings.churn.reactivation_window_days is None:
        dated = counted.with_columns(idle=pl.lit(None, pl.Int64))
    else:
        keys = ["unit", "month"]
        dated = counted.join(idle_by_month(spans), on=keys, how="left", maintain_order="left")
    return classified(
        scope,
        dated,
        change=pl.col("closing") - pl.col("revalued"),
        # The first month with MRR of its unit.
        fresh=(paying == 1) & (pl.col("paid") - pl.col("earlier") == 1),
    )


def _with_free(balances: pl.DataFrame, free: pl.DataFrame) -> pl.DataFrame:
    """Balances with who counts `before` and `after`, and `active`: customers gained, pauses apart.

    Sorted by unit and month, as the balances are.

    A customer who pays nothing counts only where it is on a plan of 0 and `free` lists it; it does so
    from the month after it paid.
    """
    rows = balances.with_columns(
        before=pl.col("opening") > 0,
        after=pl.col("closing") > 0,
        paying_before=pl.col("opening") > pl.col("held_opening"),
        paying_after=pl.col("closing") > pl.col("held_closing"),
    )
    if free.height:
        rows = _kept_active(rows, free).sort("unit", "month")
    gained = pl.col("paying_after").cast(pl.Int64) - pl.col("paying_before").cast(pl.Int64)
    return rows.with_columns(active=gained)


def _kept_active(rows: pl.DataFrame, free: pl.DataFrame) -> pl.DataFrame:
    """Who paid once and is on a plan of 0 counts as before; months without any balance are added."""
    keys = ["unit", "month"]
    now = free.with_columns(free_now=pl.lit(value=True))
    then = free.select("unit", pl.col("month") + 1, free_before=pl.lit(value=True))
    paid_first = rows.filter("after").group_by("unit").agg(first=pl.col("month").min())
    codes = rows.select("unit", "code").unique()
    months = pl.concat([now.select(keys), then.select(keys)]).unique().join(codes, on="unit")
    missing = months.join(rows, on=keys, how="anti")
    filled = pl.concat([rows, missing], how="diagonal").with_columns(
        pl.col(pl.Int64).fill_null(0), pl.col(pl.Boolean).fill_null(value=False)
    )
    marked = (
        filled.join(paid_first, on="unit", how="left")
        .join(now, on=keys, how="left")
        .join(then, on=keys, how="left")
    )
    still = pl.col("free_now").fill_null(value=False) & (pl.col("month") >= pl.col("first"))
    already = pl.col("free_before").fill_null(value=False) & (pl.col("month") > pl.col("first"))
    return marked.with_columns(
        *(pl.col(name) | already.fill_null(value=False) for name in ("before", "paying_before")),
        *(pl.col(name) | still.fill_null(value=False) for name in ("after", "paying_after")),
    ).select(rows.columns)


def _with_events(sides: pl.DataFrame, moves: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Balances and events side by side, sorted by both; a month may have events and no balance."""
    keys = ["unit", "month"]
    codes = spans.select("unit", "code").unique()
    both = sides.drop("code").join(moves, on=keys, how="full", coalesce=True)
    filled = both.with_columns(pl.exclude(keys).fill_null(0))
    return filled.join(codes, on="unit", how="left").sort(keys)
