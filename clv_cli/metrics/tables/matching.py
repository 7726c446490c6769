"""How much of customers and revenue is matched to accounts of the CRM, and what is not.

Every figure that needs to know who bought (deals, touches, who switched) sees only matched
customers; revenue of the others is billed all the same and stays in sales.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import to_text
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

LABELS = {
    "map": "table account_map",
    "key": "id of the other system",
    "external_id": "shared external id",
    "email": "e-mail of a contact",
    "domain": "company domain",
    "ambiguous": "ambiguous: several accounts",
    "unmatched": "unmatched",
}
NOT_MATCHED = ("ambiguous", "unmatched")
PEOPLE_ROWS = 20
_REVENUE = pl.col("amount_base").cast(pl.Int128).sum().cast(pl.Int64).alias("revenue")


def matching_tables(scope: Scope) -> list[Table]:
    """The match rate, and every customer who is not matched; none where there is no CRM."""
    if scope.book.matches is None:
        return []
    return [matching_table(scope), unmatched_table(), ambiguous_table()]


def matching_table(_: Scope) -> Table:
    """By which evidence were customers and billed revenue matched to accounts?"""
    columns = (
        Column("method", Kind.TEXT, "Matched by", labels=LABELS),
        Column("customers", Kind.COUNT, "Customers"),
        Column("customers_share", Kind.RATIO, "of all"),
        Column("revenue", Kind.MONEY, "Billed"),
        Column("revenue_share", Kind.RATIO, "of all"),
    )
    title = "Customers matched to CRM accounts"
    return Table("matching", title, columns, (revenue_facts,), _rates)


def _rates(frames: Frames) -> Rows:
    billed = _billed(frames)
    sums = billed.group_by("method").agg(pl.len().alias("customers"), pl.col("revenue").sum())
    found = {method: (count, int(money)) for method, count, money in sums.iter_rows()}
    customers = billed.height
    revenue = sum(money for _, money in found.values())
    rows = [
        {
            "method": method,
            "customers": found.get(method, (0, 0))[0],
            "customers_share": _share(found.get(method, (0, 0))[0], customers),
            "revenue": found.get(method, (0, 0))[1],
            "revenue_share": _share(found.get(method, (0, 0))[1], revenue),
        }
        for method in LABELS
        if method in found
    ]
    schema = {
        "method": pl.String,
        "customers": pl.Int64,
        "customers_share": pl.Float64,
        "revenue": pl.Int64,
        "revenue_share": pl.Float64,
    }
    return Rows(pl.DataFrame(rows, schema=schema), findings=_findings(frames, found))


def _share(part: int, whole: int) -> float | None:
    return float(Fraction(part, whole)) if whole > 0 else None


def _findings(frames: Frames, found: dict[str, tuple[int, int]]) -> list[Finding]:
    """The match rate in one sentence; a warning where too much revenue has no account."""
    scope = frames.scope
    lost = [found.get(method, (0, 0)) for method in NOT_MATCHED]
    customers = sum(count for count, _ in found.values())
    revenue = sum(money for _, money in found.values())
    count, money = sum(n for n, _ in lost), sum(m for _, m in lost)
    if not count or revenue <= 0:
        return []
    matched = Fraction(revenue - money, revenue)
    low = matched < Fraction(scope.settings.match.warn_below)
    return [
        Finding(
            Severity.WARNING if low else Severity.NOTE,
            "match_rate",
            f"{customers - count} of {customers} billed customers are matched to CRM accounts, "
            f"{float(100 * matched):.1f} % of billed revenue; {to_text(money, scope.currency)} "
            f"{scope.currency} of the others stays in sales unless their own id is evidence",
            remedy="see clv check --table unmatched; add what you know to the table account_map",
        )
    ]


def _billed(frames: Frames) -> pl.DataFrame:
    """The billed customers with their match and all their billed revenue, largest first."""
    book = frames.scope.book
    matches = book.matches if book.matches is not None else pl.DataFrame()
    revenue = frames[revenue_facts].group_by("code").agg(_REVENUE)
    coded = matches.filter("billed").join(book.codes, on="customer_id")
    whole = coded.join(revenue, on="code", how="left").with_columns(pl.col("revenue").fill_null(0))
    return whole.sort("revenue", "customer_id", descending=[True, False])


def unmatched_table() -> Table:
    """Which billed customers are no account of the CRM, as far as anything tells?"""
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("email", Kind.TEXT, "E-mail"),
        Column("revenue", Kind.MONEY, "Billed"),
    )

    def finish(frames: Frames) -> Rows:
        rows = _billed(frames).filter(pl.col("method") == "unmatched")
        return Rows(rows.select(_names(columns)))

    title = "Billed customers without a CRM account"
    return Table("unmatched", title, columns, (revenue_facts,), finish, people_rows=PEOPLE_ROWS)


def ambiguous_table() -> Table:
    """Which billed customers could be several accounts, and by what evidence?"""
    columns = (
        Column("customer_id", Kind.TEXT, "Customer"),
        Column("name", Kind.TEXT, "Name"),
        Column("by", Kind.TEXT, "Evidence", labels=LABELS),
        Column("candidates", Kind.TEXT, "Accounts"),
        Column("revenue", Kind.MONEY, "Billed"),
    )

    def finish(frames: Frames) -> Rows:
        rows = _billed(frames).filter(pl.col("method") == "ambiguous")
        listed = rows.with_columns(pl.col("candidates").list.join("; "))
        return Rows(listed.select(_names(columns)))

    title = "Billed customers that could be several accounts"
    return Table("ambiguous", title, columns, (revenue_facts,), finish, people_rows=PEOPLE_ROWS)


def _names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]
