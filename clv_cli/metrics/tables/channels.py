"""What winning a customer costs, channel by channel."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.costs import acquisition_spend
from clv_cli.measures.mrr_movements import mrr_movements
from clv_cli.measures.unit_economics import acquisition, new_window, spend_window
from clv_cli.metrics.tables.parts import reported_month
from clv_cli.pipeline import Scope, reduction
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.periods import Period
    from clv_cli.results import Frames

UNKNOWN = ""
LABELS = {UNKNOWN: "(no channel)", "total": "All channels"}
NO_CUSTOMERS = "no new customers of this channel"
NO_SPEND = "no spend is recorded for this channel"
SHARED = "spend without a channel, and customers without one, belong to no channel's CAC"


@reduction("customer_channels")
def customer_channels(scope: Scope) -> pl.LazyFrame:
    """Through which channel did each customer come? `customer_id, channel`."""
    customers = scope.book.table("customers").filter(pl.col("channel").is_not_null())
    return customers.select("customer_id", "channel").unique("customer_id", keep="first")


def cac_by_channel_table(scope: Scope) -> Table:
    """What does winning one customer cost, channel by channel?

        CAC of a channel = its own spend / its new customers

    over the windows of `cac`. Spend without a channel (sales, tools) is a row of its own, so the
    parts sum to the blended spend, and the total row is the blended CAC.
    """
    columns = (
        Column("channel", Kind.TEXT, "Channel", labels=LABELS),
        Column("spend", Kind.MONEY, "Spend"),
        Column("new_customers", Kind.COUNT, "New customers"),
        Column("cac", Kind.MONEY, "CAC"),
    )
    needs = (acquisition_spend, mrr_movements, customer_channels)
    title = f"CAC by channel, {scope.settings.cac.window_months} months"
    return Table("cac_by_channel", title, columns, needs, _finish)


def _finish(frames: Frames) -> Rows:
    scope = frames.scope
    month = reported_month(scope)
    spend = _spend(frames, spend_window(scope, month))
    won = _won(frames, new_window(scope, month))
    rows: list[tuple[str, int, int, int | None]] = []
    reasons: list[tuple[int, str, str]] = []
    for index, channel in enumerate(sorted({*spend, *won}, key=lambda name: (not name, name))):
        cost, customers = spend.get(channel, 0), won.get(channel, 0)
        reason = _reason(channel, cost, customers)
        rows.append((channel, cost, customers, None if reason else _each(cost, customers)))
        reasons += [(index, "cac", reason)] if reason else []
    total, customers = sum(spend.values()), sum(won.values())
    rows.append(("total", total, customers, _each(total, customers) if customers else None))
    schema = {"channel": pl.String, "spend": pl.Int64, "new_customers": pl.Int64, "cac": pl.Int64}
    blended = acquisition(frames, month).inputs[0].value or 0
    check = Check("channel_spend", total, int(blended), "spend by channel = acquisition spend")
    return Rows(pl.DataFrame(rows, schema=schema, orient="row"), reasons, checks=(check,))


def _spend(frames: Frames, window: Period) -> dict[str, int]:
    spend = frames[acquisition_spend].filter(_within(window))
    if not frames.scope.settings.cac.fully_loaded:
        spend = spend.filter(pl.col("category") == "marketing")
    sums = spend.group_by(pl.col("channel").fill_null(UNKNOWN)).agg(
        pl.col("amount_base").cast(pl.Int128).sum()
    )
    return {channel: int(amount) for channel, amount in sums.iter_rows()}


def _won(frames: Frames, window: Period) -> dict[str, int]:
    new = frames[mrr_movements].filter(_within(window), pl.col("new") != 0)
    named = new.join(frames.scope.book.codes, on="code").join(
        frames[customer_channels], on="customer_id", how="left"
    )
    counts = named.group_by(pl.col("channel").fill_null(UNKNOWN)).len()
    return {channel: int(count) for channel, count in counts.iter_rows()}


def _within(window: Period) -> pl.Expr:
    return pl.col("month").is_between(window.first, window.end, closed="left")


def _reason(channel: str, cost: int, customers: int) -> str | None:
    """Why a channel has no CAC; None when it has one."""
    if channel == UNKNOWN:
        return SHARED
    if not customers:
        return NO_CUSTOMERS
    return None if cost else NO_SPEND


def _each(cost: int, customers: int) -> int:
    return round(Fraction(cost, customers))
