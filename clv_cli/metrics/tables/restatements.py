"""Changes of closed months, line by line: whose, how much, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.measures.closed_months import restatements
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.results import Frames

COLUMNS = (
    Column("month", Kind.MONTH, "Closed month", rigid=True),
    Column("customer_id", Kind.TEXT, "Customer"),
    Column("cause", Kind.TEXT, "Cause"),
    Column("line_id", Kind.TEXT, "Line"),
    Column("issued_on", Kind.DATE, "Issued on"),
    Column("before", Kind.MONEY, "When closed"),
    Column("now", Kind.MONEY, "Now"),
    Column("difference", Kind.MONEY, "Change"),
    Column("source", Kind.TEXT, "File"),
    Column("row", Kind.COUNT, "Row"),
)


def restatements_table() -> Table:
    """What changed in closed months since they were closed?"""

    def finish(frames: Frames) -> Rows:
        return Rows(frames[restatements])

    return Table("restatements", "Changes of closed months", COLUMNS, (restatements,), finish)
