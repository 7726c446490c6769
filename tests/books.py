"""Small Books, written as one would say them.

    book(lines=[line("A", "2025-01-01", 100, "month"), line("A", "2025-02-01", 120, "month")])

Amounts are major units of the line's currency; days are ISO text; ends are exclusive.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.frames import RATE_SCALE, TABLES, Book, LineStats, Piece, Pieces, Type
from clv_cli.money import from_text
from clv_cli.periods import Period, month_end, month_of, parse_day, parse_month
from clv_cli.pipeline import Scope
from clv_cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, Any]
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


def day(value: str | date) -> date:
    """An ISO day, or the last day of an ISO month."""
    return value if isinstance(value, date) else parse_day(value, "test")


def add_months(start: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, zero_based = divmod(month_of(start) + months, 12)
    last = monthrange(year, zero_based + 1)[1]
    return date(year, zero_based + 1, min(start.day, last))


def line(
    customer: str,
    start: str,
    amount: float | str,
    interval: str | None = None,
    *,
    end: str | None = None,
    count: int = 1,
    kind: str | None = None,
    issued: str | None = None,
    currency: str = "USD",
    status: str = "paid",
    **more: object,
) -> Row:
    """A billing line; with an interval it is recurring, issued on the first day of its service.

    Args:
        customer: customer id.
        start: first day of service, and of issue unless `issued` is given.
        amount: major units.
        interval: billing interval; without one (and without `end`) the line has no period.
        end: day after the last day of service; default: one period after `start`.
        count: intervals in one period.
        kind: default: recurring with an interval, else one_off.
        issued: day of issue.
        currency: of the amounts.
        status: of the document.
        more: any other canonical column; `unit_price` in major units.
    """
    first = day(start)
    stop = day(end) if end else None
    if stop is None and interval in MONTHS:
        stop = add_months(first, MONTHS[interval] * count)
    elif stop is None and interval in DAYS:
        stop = first + timedelta(days=DAYS[interval] * count)
    if more.get("unit_price") is not None:
        more["unit_price"] = from_text(str(more["unit_price"]), currency)
    return {
        "customer_id": customer,
        "issued_on": day(issued) if issued else first,
        "kind": kind or ("recurring" if interval else "one_off"),
        "amount": from_text(str(amount), currency),
        "currency": currency,
        "interval": interval,
        "interval_count": count if interval else None,
        "period_start": first if stop else None,
        "period_end": stop,
        "status": status,
        **more,
    }


def monthly(
    customer: str,
    first: str,
    amounts: Sequence[float | str | None],
    **more: Any,  # noqa: ANN401
) -> list[Row]:
    """Consecutive monthly lines from a day on, one an amount; None leaves a month out."""
    start = day(first)
    return [
        line(customer, add_months(start, index).isoformat(), amount, "month", **more)
        for index, amount in enumerate(amounts)
        if amount is not None
    ]


def rate(currency: str, on: str, value: str) -> tuple[str, date, int]:
    """Units of the base currency for one unit of a currency, on a day (or a month's last one)."""
    whole, _, digits = value.partition(".")
    return currency, day(on), int(whole + digits.ljust(RATE_SCALE, "0"))


def spend(month: str, amount: float | str, category: str = "marketing", **more: object) -> Row:
    """Acquisition spend of a month, in dollars unless `currency` says otherwise."""
    return _cost(month, amount, category, more)


def service_cost(month: str, amount: float | str, category: str = "cogs", **more: object) -> Row:
    """A cost of delivering or serving in a month."""
    return _cost(month, amount, category, more)


def _cost(month: str, amount: float | str, category: str, more: Mapping[str, object]) -> Row:
    currency = str(more.get("currency", "USD"))
    return {
        "period_start": day(f"{month}-01"),
        "category": category,
        "amount": from_text(str(amount), currency),
        "currency": currency,
        **more,
    }


def frame(table: str, rows: Iterable[Row], source: str | None = None) -> pl.DataFrame:
    """Rows as a canonical table; columns not mentioned are empty."""
    schema = TABLES[table]
    kinds = {field.name: field.type for field in schema.fields}
    full = [
        {
            **dict.fromkeys(kinds),
            **{name: _exact(kinds, name, value) for name, value in row.items()},
            "source": source or f"{table}.csv",
            "row": number,
        }
        for number, row in enumerate(rows, start=2)
    ]
    unknown = {name for row in full for name in row} - {*kinds, "source", "row"}
    assert not unknown, f"{table} has no columns {unknown}"
    dtypes = {**schema.dtypes, "source": pl.String, "row": pl.Int64}
    return pl.DataFrame(full, schema=dtypes, orient="row")


def _exact(kinds: Mapping[str, Type], name: str, value: object) -> object:
    """Decimals as decimals: polars reads no text into them."""
    decimal = kinds.get(name) in {Type.NUMBER, Type.RATE}
    return Decimal(str(value)) if decimal and value is not None else value


def book(
    lines: Iterable[Row] = (),
    *,
    currency: str = "USD",
    rates: Sequence[tuple[str, date, int]] = (),
    test_customers: Iterable[str] = (),
    **tables: Iterable[Row],
) -> Book:
    """A Book of these rows; tables that are not given are absent.

    Args:
        lines: billing lines, see `line`.
        currency: the base currency.
        rates: see `rate`.
        test_customers: customers whose lines are left out.
        tables: rows of any other canonical table.
    """
    return book_of(
        frame("billing_lines", _identified(lines)),
        currency=currency,
        rates=rates,
        test_customers=test_customers,
        tables={name: frame(name, rows).lazy() for name, rows in tables.items()},
    )


def _identified(lines: Iterable[Row]) -> list[Row]:
    """Lines with ids: one invoice a line unless one is given."""
    rows = []
    for number, row in enumerate(lines, start=1):
        invoice = row.get("invoice_id") or f"INV-{number}"
        line_id = row.get("line_id") or f"{invoice}:{number}"
        rows.append({**row, "invoice_id": invoice, "line_id": line_id})
    return rows


def book_of(
    lines: pl.DataFrame,
    *,
    currency: str = "USD",
    rates: Sequence[tuple[str, date, int]] = (),
    test_customers: Iterable[str] = (),
    tables: Mapping[str, pl.LazyFrame] | None = None,
) -> Book:
    """A Book of a canonical frame of billing lines."""
    issued = lines.filter(~pl.col("status").is_in(["draft", "void"]))["issued_on"]
    first, last = issued.min(), issued.max()
    codes = lines.select(pl.col("customer_id").unique().sort()).with_row_index("code")
    return Book(
        tables={**(tables or {}), "billing_lines": lines.lazy()},
        currency=currency,
        lines=LineStats(
            rows=lines.height,
            first_issued=first if isinstance(first, date) else date(2025, 1, 1),
            last_issued=last if isinstance(last, date) else date(2025, 1, 1),
            currencies=tuple(lines["currency"].unique().sort()),
            kinds=tuple(lines["kind"].unique().sort()),
            statuses=tuple(lines["status"].unique().sort()),
        ),
        codes=codes.select("customer_id", pl.col("code").cast(pl.Int32)),
        rates=pl.DataFrame(
            list(rates),
            schema={"currency": pl.String, "day": pl.Date, "rate": pl.Int64},
            orient="row",
        ),
        quarantined=pl.DataFrame(
            schema={
                "source": pl.String,
                "row": pl.Int64,
                "table": pl.String,
                "column": pl.String,
                "code": pl.String,
                "value": pl.String,
            }
        ),
        test_customers=tuple(sorted(test_customers)),
    )


def in_files(whole: Book, files: int) -> Book:
    """The same Book, its lines read from so many files, one after the other."""
    lines = whole.tables["billing_lines"].collect()
    size = max(-(-lines.height // files), 1)
    parts = [lines[begin : begin + size] for begin in range(0, lines.height, size)]
    pieces = [Piece(part.lazy(), part["customer_id"].unique().sort()) for part in parts]
    return replace(whole, pieces=Pieces(whole.tables["billing_lines"], tuple(pieces)))


def settings(**keys: object) -> Settings:
    """Settings with some keys changed: `settings(**{"churn.bridge_gap_days": 0})`."""
    tree: dict[str, Any] = {}
    for key, value in keys.items():
        *parents, leaf = key.replace("__", ".").split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return Settings.model_validate(tree)


def scope(
    of: Book, as_of: str = "2025-12", period: tuple[str, str] | None = None, **keys: object
) -> Scope:
    """A question about a Book.

    Args:
        of: the Book.
        as_of: day, or month for its last day.
        period: first and last month; default: the twelve months to `as_of`.
        keys: changed settings, dots written as `__`, or as `**{"churn.bridge_gap_days": 0}`.
    """
    last = day(as_of)
    closing = month_of(last)
    months = (
        Period(parse_month(period[0]), parse_month(period[1]) + 1)
        if period
        else Period(closing - 11, closing + 1)
    )
    return Scope(of, last, months, settings(**keys))


def month(text: str) -> int:
    """`2025-03` as a month."""
    return parse_month(text)


def last_day(text: str) -> date:
    """The last day of `2025-03`."""
    return month_end(parse_month(text))
