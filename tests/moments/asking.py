"""Moments of small Books, as plain rows."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from clv_cli.frames import Book
from clv_cli.moments import MOMENTS
from clv_cli.results import collect_frames
from tests.books import add_months, book, day, monthly, scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

Row = dict[str, Any]
LONG_AGO = date(2000, 1, 1)


def found(kind: str, of: Book | Scope, as_of: str = "2025-12", **keys: object) -> list[Row]:
    """All moments of a kind ever, with the customer's id, in order of customer and day."""
    asked = scope(of, as_of, None, **keys) if isinstance(of, Book) else of
    frames = collect_frames(MOMENTS[kind].needs, asked)
    rows = MOMENTS[kind].find(frames, LONG_AGO).join(asked.book.codes, on="code")
    return rows.sort("customer_id", "day", "occurrence").to_dicts()


def days(kind: str, of: Book | Scope, as_of: str = "2025-12", **keys: object) -> list[str]:
    """The days of all moments of a kind."""
    return [row["day"].isoformat() for row in found(kind, of, as_of, **keys)]


def used(
    customer: str,
    first: str,
    quantities: Sequence[float | None],
    quota: float | None = 100,
    metric: str = "calls",
) -> list[Row]:
    """Monthly use from a month on; None leaves a month out."""
    start = day(f"{first}-01")
    return [
        {
            "customer_id": customer,
            "period_start": add_months(start, index),
            "metric": metric,
            "quantity": quantity,
            "quota": quota,
        }
        for index, quantity in enumerate(quantities)
        if quantity is not None
    ]


def usage_book(rows: Sequence[Row], *more: str, **tables: Any) -> Book:  # noqa: ANN401
    """A Book of use, each customer paying 100 a month in 2024 and 2025 (and so do `more`)."""
    customers = sorted({str(row["customer_id"]) for row in rows} | set(more))
    lines = [line for c in customers for line in monthly(c, "2024-01-01", [100] * 24)]
    return book(lines, usage=rows, **tables)
