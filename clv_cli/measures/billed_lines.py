"""The lines that count as billed revenue, and the account of those that do not.

A line counts unless a rule leaves it out; the first rule that holds takes it, so that
`loaded = billed + excluded` ties in lines and in money.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from clv_cli.facts import fact_table
from clv_cli.measures.customer_codes import coded
from clv_cli.measures.fx import conversions, convert
from clv_cli.pipeline import Facts, Scope, reduction

RULES = {
    "draft_or_void": "drafts and voids",
    "test_customer": "test accounts",
    "after_as_of": "issued after the as-of day",
    "covered_refund": "cash refunds that a credit covers",
}
NOT_ISSUED = ("draft", "void")
_CREDITED = ("_credited_line", "_credited_invoice")


def month_index(day: pl.Expr) -> pl.Expr:
    """The month of a day as Int32, year * 12 + month - 1."""
    return day.dt.year() * 12 + day.dt.month().cast(pl.Int32) - 1


def months_of(days: pl.Series) -> pl.Series:
    """`month_index` of many days, each day of the calendar worked out once."""
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        return days.cast(pl.Int32)
    # Few days, years apart, are worked out one by one.
    if (last - first).days > days.len():
        return days.to_frame("day").select(month_index(pl.col("day"))).to_series()
    calendar = pl.select(pl.date_range(first, last)).select(month_index(pl.first())).to_series()
    return calendar.gather(days.to_physical() - (first - date(1970, 1, 1)).days)


def billed_lines(scope: Scope) -> pl.LazyFrame:
    """Which lines make billed revenue, and what is each worth in the base currency?

    Issued up to `as_of`, neither draft nor void, not of a test customer, and no cash refund that a
    credit covers already.

    Args:
        scope: the Book and the as-of day.

    Returns:
        The columns of billing_lines, and `code` (Int32), `month` of issue (Int32), `amount_base`
        (Int64 minor units at the rate of the day of issue; null where there is no rate, see
        `revenue_facts.missing_rates`).
    """
    return _in_base(scope, counted_lines(scope))


def counted_lines(scope: Scope) -> pl.LazyFrame:
    """The lines of `billed_lines` with their `code`, before anything is converted."""
    return coded(scope, uncoded_lines(scope))


def uncoded_lines(scope: Scope) -> pl.LazyFrame:
    """The same without `code`, for what asks for no customer: the look-up costs as much as the scan."""
    return counted(scope, scope.book.table("billing_lines"))


def counted(scope: Scope, lines: pl.LazyFrame, kind: str | None = None) -> pl.LazyFrame:
    """Those of some lines that count as billed revenue.

    Args:
        scope: the Book and the as-of day.
        lines: with the columns of billing_lines.
        kind: only lines of this kind; of any but refunds, no credit is looked for.
    """
    rules = _rules(scope)
    if kind is not None:
        lines = lines.filter(pl.col("kind") == kind)
    if kind not in {None, "refund"}:
        rules.pop("covered_refund", None)
    if "covered_refund" in rules:
        lines = _with_credits(scope, lines)
    for rule in rules.values():
        lines = lines.filter(~rule)
    return lines.drop(_CREDITED) if "covered_refund" in rules else lines


def months_of_issue(scope: Scope) -> pl.LazyFrame:
    """The lines of `billed_lines` without `code`."""
    return _in_base(scope, uncoded_lines(scope))


@fact_table("exclusions")
def excluded_lines(scope: Scope) -> Facts:
    """How many loaded lines, and how much money, does each rule leave out?

    Returns:
        `rule, lines, amount_base` (Int64), and `unpriced`: lines without a rate, which count as 0.
    """
    rules = _rules(scope)
    named: list[pl.Expr] = [pl.when(rule).then(pl.lit(name)) for name, rule in rules.items()]
    lines = _with_credits(scope, scope.book.table("billing_lines"))
    if not rules:
        lines, named = lines.clear(), [pl.lit(None, pl.String)]
    left_out = lines.with_columns(rule=pl.coalesce(named)).filter(pl.col("rule").is_not_null())
    rows = _in_base(scope, left_out).with_columns(
        unpriced=pl.col("amount_base").is_null().cast(pl.Int64)
    )
    sums = ("amount_base", "unpriced")
    return Facts(rows, ("rule",), sums, lambda found: found.sort("rule"), "lines")


@reduction("loaded_lines")
def loaded_lines(scope: Scope) -> pl.LazyFrame:
    """How many lines, and how much money, were loaded? One row, under the rule `loaded`."""
    lines = _in_base(scope, scope.book.table("billing_lines"))
    return lines.select(*_sums()).select(pl.lit("loaded").alias("rule"), pl.all())


def issued_by(scope: Scope) -> pl.Expr:
    """Whether a line had been issued by the as-of day."""
    return pl.col("issued_on") <= scope.as_of


def _rules(scope: Scope) -> dict[str, pl.Expr]:
    """The rules that can hold in this book at all, each as an expression that is never null."""
    book, rules = scope.book, {}
    if set(NOT_ISSUED) & set(book.lines.statuses):
        rules["draft_or_void"] = pl.col("status").is_in(NOT_ISSUED)
    if book.test_customers:
        rules["test_customer"] = pl.col("customer_id").is_in(book.test_customers)
    if book.lines.last_issued > scope.as_of:
        rules["after_as_of"] = ~issued_by(scope)
    if _may_cover(scope):
        rules["covered_refund"] = (pl.col("kind") == "refund") & (
            pl.max_horizontal(*_CREDITED).fill_null(-1) >= pl.col("amount").abs()
        )
    return rules


def _may_cover(scope: Scope) -> bool:
    return {"refund", "credit"} <= set(scope.book.lines.kinds)


def _with_credits(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """Beside each refund, the largest credit of the same original line or the same invoice."""
    if not _may_cover(scope):
        return lines
    credits_ = scope.book.table("billing_lines").filter(
        (pl.col("kind") == "credit") & ~pl.col("status").is_in(NOT_ISSUED) & issued_by(scope)
    )
    for column, name in zip(("original_line_id", "invoice_id"), _CREDITED, strict=True):
        largest = (
            credits_.filter(pl.col(column).is_not_null())
            .group_by(pl.col(column).alias("_key"))
            .agg(pl.col("amount").abs().max().alias(name))
        )
        # Only refunds get a key: the join costs next to nothing for all other lines.
        keyed = lines.with_columns(
            _key=pl.when(pl.col("kind") == "refund").then(pl.col(column)),
        )
        lines = keyed.join(largest, on="_key", how="left").drop("_key")
    return lines


def _in_base(scope: Scope, lines: pl.LazyFrame) -> pl.LazyFrame:
    """The month of issue and the amount in the base currency at the rate of that day."""
    book = scope.book
    dated = lines.with_columns(month=month_index(pl.col("issued_on")))
    if book.lines.currencies in {(), (book.currency,)}:
        return dated.with_columns(amount_base=pl.col("amount"))
    rated = dated.join(
        conversions(book).lazy(),
        left_on=["currency", "issued_on"],
        right_on=["currency", "day"],
        how="left",
    )
    return rated.with_columns(
        amount_base=pl.when(pl.col("currency") == book.currency)
        .then(pl.col("amount"))
        .otherwise(convert(pl.col("amount"), pl.col("multiplier"), pl.col("divisor")))
    ).drop("multiplier", "divisor")


def _sums() -> list[pl.Expr]:
    """Lines and their money; a line without a rate counts as 0 and is counted as unpriced."""
    amount = pl.col("amount_base")
    return [
        pl.len().cast(pl.Int64).alias("lines"),
        amount.cast(pl.Int128).sum().cast(pl.Int64),
        amount.null_count().cast(pl.Int64).alias("unpriced"),
    ]
