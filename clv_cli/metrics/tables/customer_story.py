"""The tables of `clv customers ID`: one customer's facts, months, contacts and split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import split_by_table
from clv_cli.buckets import BUCKETS
from clv_cli.errors import UsageError, did_you_mean
from clv_cli.glossary import Kind
from clv_cli.measures.customer_revenue import customer_revenue
from clv_cli.measures.mrr_movements import MOVEMENTS, mrr_movements
from clv_cli.metrics.tables.customer_list import FIELDS, HEADINGS, NEEDS, listed, terms
from clv_cli.money import mrr_to_minor
from clv_cli.pipeline import Scope, reduction
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.results import Frames

_DAYS_SEEN = 20


@reduction("contact_days")
def contact_days(scope: Scope) -> pl.LazyFrame:
    """Everything done for customers, and every flag raised on them.

    Returns:
        `customer_id, day, event` (touch or risk flag), `what, outcome`, sorted.
    """
    touches = scope.book.table("touches").select(
        "customer_id",
        day="happened_on",
        event=pl.format("{} touch", pl.col("team")),
        what="type",
        outcome="outcome",
    )
    flags = scope.book.table("risk_flags").select(
        "customer_id",
        day="flagged_on",
        event=pl.lit("risk flag"),
        what="reason",
        outcome=pl.lit(None, pl.String),
    )
    known = pl.concat([touches, flags]).filter(pl.col("day") <= scope.as_of)
    return known.sort("customer_id", "day", "event", "what", "outcome")


def customer_tables(scope: Scope, customer_id: str) -> list[Table]:
    """Who is this customer, what did it bring, what was done for it, what is it worth?

    Args:
        scope: the Book, day and period.
        customer_id: a billing customer.

    Raises:
        UsageError: no such customer was billed.
    """
    known = scope.book.codes["customer_id"]
    if customer_id not in known:
        raise UsageError(
            f'no customer "{customer_id}" was billed',
            where="ID",
            hint=did_you_mean(customer_id, known.to_list()) or "clv customers lists them",
        )
    code = int(scope.book.codes.filter(pl.col("customer_id") == customer_id)["code"][0])
    return [_facts(code), _months(code), _contacts(customer_id), _split(scope, customer_id)]


def _facts(code: int) -> Table:
    columns = tuple(
        Column(name, kind, HEADINGS.get(name, name.replace("_", " ").capitalize()))
        for name, kind in FIELDS.items()
        if name != "reason"  # a sentence below
    )

    def finish(frames: Frames) -> Rows:
        found = listed(frames).filter(pl.col("code") == code)
        if not found.height:
            note = "Nothing was billed to this customer: there is no value."
            return Rows(found.select(*FIELDS), notes=(note,))
        reason = [f"{text}: that part counts as nothing." for text in found["reason"] if text]
        return Rows(found.select(*FIELDS), notes=[*reason, *terms(frames.scope)])

    title = "Who it is and what it is worth"
    return Table("customer", title, columns, NEEDS, finish, sideways=True)


def _months(code: int) -> Table:
    columns = (
        Column("month", Kind.MONTH, "Month"),
        Column("billed", Kind.MONEY, "Billed"),
        *(
            Column(name, Kind.MONEY, name.capitalize(), blank=True, people=name != "fx")
            for name in MOVEMENTS
        ),
        Column("closing", Kind.MONEY, "MRR after", blank=True),
    )

    def finish(frames: Frames) -> Rows:
        period = frames.scope.period
        within = pl.col("month").is_between(period.first, period.end, closed="left")
        mine = pl.col("code") == code
        billed = frames[customer_revenue].filter(mine, within)
        moved = frames[mrr_movements].filter(mine, within)
        sums = moved.group_by("month").agg(
            pl.col(*MOVEMENTS, "closing").cast(pl.Int128).sum().cast(pl.Int64)
        )
        rows = (
            billed.select("month", billed="amount_base")
            .join(sums, on="month", how="full", coalesce=True)
            .with_columns(pl.col("billed").fill_null(0))
            .sort("month")
        )
        shown = [
            pl.col(name).map_elements(mrr_to_minor, return_dtype=pl.Int64)
            for name in (*MOVEMENTS, "closing")
        ]
        return Rows(rows.with_columns(shown))

    needs = (customer_revenue, mrr_movements)
    return Table("customer_months", "Revenue and movements of MRR", columns, needs, finish)


def _contacts(customer_id: str) -> Table:
    columns = (
        Column("day", Kind.DATE, "Day"),
        Column("event", Kind.TEXT, "Event"),
        Column("what", Kind.TEXT, "What", personal=True),
        Column("outcome", Kind.TEXT, "Outcome", blank=True, personal=True),
    )

    def finish(frames: Frames) -> Rows:
        mine = frames[contact_days].filter(pl.col("customer_id") == customer_id)
        return Rows(mine.select("day", "event", "what", "outcome"))

    title = "Touches and risk flags"
    return Table("customer_contacts", title, columns, (contact_days,), finish, -_DAYS_SEEN)


def _split(scope: Scope, customer_id: str) -> Table:
    """This customer's row of the split; the whole split still has to tie."""
    whole = split_by_table(scope, "customer")
    key = whole.columns[0].name

    def finish(frames: Frames) -> Rows:
        rows = whole.finish(frames)
        mine = rows.frame.filter(pl.col(key) == customer_id).select(key, *BUCKETS, "total")
        return Rows(mine, checks=rows.checks)

    return Table(
        "customer_split", "Its revenue in the period, split", whole.columns, whole.needs, finish
    )
