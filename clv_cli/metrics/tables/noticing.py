"""Findings before numbers: what the data do not say, each with count, money, an example, a remedy."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.revenue_facts import revenue_months
from clv_cli.measures.suspect_customers import negative_customers, open_gaps, truncated_customers
from clv_cli.measures.suspect_lines import (
    basis_difference,
    overlapping_lines,
    suspect_lines,
    taxed_lines,
)
from clv_cli.money import mrr_to_minor, to_text
from clv_cli.periods import month_end, month_of, month_text
from clv_cli.results import Column, Frames, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.pipeline import Measure, Scope

LINE_FAULTS = {
    "no_service_period": (
        Severity.WARNING,
        "recurring lines without a service period, in no MRR: {n} ({money})",
        "give period_start and period_end, or another kind",
    ),
    "no_interval": (
        Severity.WARNING,
        "prorations that name no interval, in no MRR: {n} ({money})",
        "give interval, as on the subscription's other lines",
    ),
    "dated_one_off": (
        Severity.NOTE,
        "one-off lines with a service period, MRR only under mrr.one_off: dated: {n} ({money})",
        "if they recur, give them the kind recurring; or set mrr.one_off: dated",
    ),
    "unknown_discount": (
        Severity.WARNING,
        "discounts of unknown kind, taken off as ones for ever: {n} lines ({money})",
        "give discount_kind: once, repeating or forever",
    ),
}
# Months around an empty one must have so many lines each: then chance hardly leaves one without any.
BUSY = 5
OVERLAPS = (
    "lines that begin before an earlier line of their subscription has ended; both count: "
    "{n} ({money})"
)


def noticed(scope: Scope, *, thorough: bool = False) -> Table:
    """A table without rows, whose findings tell what to know before the figures are read.

    Args:
        scope: the Book, day and settings.
        thorough: also look for overlapping lines, which takes a sort of all of them.
    """
    needs = _needs(scope, thorough=thorough)

    def finish(frames: Frames) -> Rows:
        return Rows(pl.DataFrame(), findings=tuple(_all(frames, needs)))

    return Table("noticed", "", (), needs, finish)


def findings_table(scope: Scope) -> Table:
    """Everything noticed, in the files and in the ledger, thoroughly."""
    inner = noticed(scope, thorough=True)
    columns = (
        Column("severity", Kind.TEXT, "Severity"),
        Column("source", Kind.TEXT, "File"),
        Column("row", Kind.COUNT, "Row"),
        Column("message", Kind.TEXT, "Finding"),
        Column("remedy", Kind.TEXT, "What to do"),
    )
    types = {"row": pl.Int64}

    def finish(frames: Frames) -> Rows:
        found = [*frames.scope.book.findings, *inner.finish(frames).findings]
        rows = [{c.name: getattr(item, c.name) for c in columns} for item in found]
        schema = {c.name: types.get(c.name, pl.String) for c in columns}
        return Rows(pl.DataFrame(rows, schema=schema), findings=tuple(found))

    return Table("findings", "Findings", columns, inner.needs, finish)


def _needs(scope: Scope, *, thorough: bool) -> tuple[Measure, ...]:
    if not scope.book.lines.rows:
        return ()
    needs: list[Measure] = [suspect_lines, taxed_lines, mrr_months, revenue_months]
    needs += [negative_customers, open_gaps, truncated_customers]
    if thorough or scope.settings.mrr.overlaps == "fail":
        needs.append(overlapping_lines)
    if scope.settings.mrr.basis == "compare":
        needs.append(basis_difference)
    return tuple(needs)


def _all(frames: Frames, needs: tuple[Measure, ...]) -> Iterator[Finding]:
    if not needs:
        return
    yield from _negative(frames)
    if overlapping_lines in needs:
        yield from _overlaps(frames)
    yield from _faults(frames)
    yield from _missing(frames)
    yield from _truncated(frames)
    yield from _open(frames)
    yield from _censored(frames)
    yield from _untaxed(frames)
    if basis_difference in needs:
        yield from _bases(frames)


def _faults(frames: Frames) -> Iterator[Finding]:
    for fault, (severity, message, remedy) in LINE_FAULTS.items():
        rows = frames[suspect_lines].filter(pl.col("fault") == fault)
        if rows.height:
            yield _of_lines(severity, fault, message, rows, remedy)


def _overlaps(frames: Frames) -> Iterator[Finding]:
    rows = frames[overlapping_lines]
    if not rows.height:
        return
    remedy = "check the export for doubled or late lines; mrr.overlaps: fail stops instead"
    found = _of_lines(Severity.WARNING, "overlapping_lines", OVERLAPS, rows, remedy)
    if frames.scope.settings.mrr.overlaps == "fail":
        raise DataError(
            found.message,
            where=f"{found.source}:{found.row}",
            hint="correct the lines, or allow it with mrr.overlaps: allow",
        )
    yield found


def _negative(frames: Frames) -> Iterator[Finding]:
    rows = frames[negative_customers]
    if not rows.height:
        return
    lowest = rows.sort("mrr", "code").row(0, named=True)
    who = _customer(frames, lowest["code"])
    message = (
        f"{_many(rows.height, 'customer has', 'customers have')} MRR below 0 "
        f"({_money(frames, int(rows['mrr'].sum()))}), such as {who} in "
        f"{month_text(lowest['month'])}: it is not clipped"
    )
    remedy = "check the service periods of its credits; mrr.negative: fail stops instead"
    if frames.scope.settings.mrr.negative == "fail":
        raise DataError(
            message,
            where=f"customer {who}",
            hint="correct it, or allow it with mrr.negative: allow",
        )
    yield Finding(Severity.WARNING, "negative_customers", message, remedy=remedy)


def _missing(frames: Frames) -> Iterator[Finding]:
    """Months without any line between busy ones: more likely an export is missing than that nobody was billed."""
    lines = dict(frames[revenue_months].select("month", "lines").iter_rows())
    months = sorted(lines)
    gaps = [
        (before, after)
        for before, after in pairwise(months)
        if after - before > 1 and min(lines[before], lines[after]) >= BUSY
    ]
    if not gaps:
        return
    empty = [month_text(month) for before, after in gaps for month in range(before + 1, after)]
    before, after = gaps[0]
    message = (
        f"no line was issued in {', '.join(empty[:3])}{' …' if len(empty) > 3 else ''} "
        f"({_many(lines[before], 'line', 'lines')} in {month_text(before)}, {lines[after]:,} in "
        f"{month_text(after)}): whose service was billed then looks lost, and won back after it"
    )
    remedy = "add the export of that month; if nothing was billed, nothing is wrong"
    yield Finding(Severity.WARNING, "missing_months", message, remedy=remedy)


def _truncated(frames: Frames) -> Iterator[Finding]:
    rows = frames[truncated_customers]
    if not rows.height:
        return
    example = rows.sort("start", "code", nulls_last=True).row(0, named=True)
    first = month_text(month_of(frames.scope.book.lines.first_issued))
    message = (
        f"left truncation: {_many(rows.height, 'customer', 'customers')} "
        f"({_money(frames, int(rows['mrr'].sum()))} MRR) paid before the data begin in {first}, such "
        f"as {_customer(frames, example['code'])}, and look new then"
    )
    remedy = f"add older exports, or read new, tenure and cohorts from the month after {first} on"
    yield Finding(
        Severity.WARNING,
        "left_truncation",
        message,
        source=example["source"],
        row=example["row"],
        remedy=remedy,
    )


def _open(frames: Frames) -> Iterator[Finding]:
    rows, scope = frames[open_gaps], frames.scope
    if not rows.height:
        return
    days = scope.settings.churn.bridge_gap_days
    sums = rows.group_by("currency").agg(pl.col("mrr").sum()).sort("currency")
    money = ", ".join(_text(mrr, currency) for currency, mrr in sums.iter_rows())
    who = _customer(frames, rows["code"][0])
    message = (
        f"provisional: {_many(rows['unit'].n_unique(), 'customer', 'customers')} ({money} MRR), such "
        f"as {who}, ended service less than {days} days before {scope.as_of.isoformat()}; a renewal "
        f"would undo the churn of {month_text(scope.closing)}"
    )
    remedy = f"look again with lines of the {days} days after {scope.as_of.isoformat()}"
    yield Finding(Severity.NOTE, "provisional_churn", message, remedy=remedy)


def _censored(frames: Frames) -> Iterator[Finding]:
    """Silence after the last line is not the end of a customer: what runs out soon is not known."""
    scope = frames.scope
    rows = frames[mrr_months].filter(pl.col("month") == scope.closing)
    if rows.height and rows["customers_closing"][0]:
        row = rows.row(0, named=True)
        message = (
            f"right censoring: {_many(row['customers_closing'], 'customer', 'customers')} "
            f"({_money(frames, row['closing'])} MRR) still paying on {scope.as_of.isoformat()}: "
            "their lifetimes are not over, and averages of ended ones are too short"
        )
        remedy = "read lifetimes from churn rates and survival, not from customers who left"
        yield Finding(Severity.NOTE, "right_censoring", message, remedy=remedy)
    if scope.settings.churn.book == "service_end" and scope.settings.churn.grace_days:
        first = month_of(month_end(scope.closing)) - scope.settings.churn.grace_days // 28 - 1
        message = (
            f"provisional: unpaid churn is booked back to the day payment was due, so "
            f"{month_text(first)} and later may still change"
        )
        remedy = "churn.book: detection never changes a closed month"
        yield Finding(Severity.WARNING, "provisional_grace", message, remedy=remedy)


def _untaxed(frames: Frames) -> Iterator[Finding]:
    if int(frames[taxed_lines]["lines"][0]):
        return
    lines = frames.scope.book.lines.rows
    message = (
        f"tax basis unknown: none of {lines:,} lines tells its tax; amounts are taken as ex tax"
    )
    remedy = "map a tax column (0 counts), or export amounts without tax"
    yield Finding(Severity.NOTE, "tax_basis_unknown", message, remedy=remedy)


def _bases(frames: Frames) -> Iterator[Finding]:
    rows = frames[basis_difference]
    if not rows.height:
        return
    sums = rows.group_by("currency").agg(pl.col("difference").sum()).sort("currency")
    money = ", ".join(_text(mrr, currency) for currency, mrr in sums.iter_rows())
    message = (
        f"{_many(rows.height, 'subscription has', 'subscriptions have')} another MRR on the lines "
        f"than in the subscription table (lines less table: {money}), most of all "
        f"{rows['subscription_id'][0]}"
    )
    remedy = "the table knows only today's price; lines are counted (mrr.basis)"
    yield Finding(Severity.WARNING, "basis_difference", message, remedy=remedy)


def _of_lines(
    severity: Severity, code: str, message: str, rows: pl.DataFrame, remedy: str
) -> Finding:
    """A finding about lines: how many, how much by currency, and the first of them."""
    sums = rows.select("currency", "amount").sort("currency").iter_rows()
    money = ", ".join(f"{to_text(amount, currency)} {currency}" for currency, amount in sums)
    first = rows.sort("source", "row").row(0, named=True)
    text = message.format(n=f"{int(rows['lines'].sum()):,}", money=money)
    return Finding(severity, code, text, first["source"], first["row"], remedy=remedy)


def _customer(frames: Frames, code: int) -> str:
    codes = frames.scope.book.codes
    return str(codes.filter(pl.col("code") == code)["customer_id"][0])


def _money(frames: Frames, units: int) -> str:
    return _text(units, frames.scope.currency)


def _text(units: int, currency: str) -> str:
    return f"{to_text(mrr_to_minor(units), currency)} {currency}"


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
