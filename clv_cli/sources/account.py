"""The account of one file: read = loaded + quarantined + skipped, in rows and in money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import SourceReport, Tally, Type
from clv_cli.sources.judging import BAD, LOADED, REPLACED, SKIPPED, skips
from clv_cli.sources.quarantine import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from clv_cli.sources.binding import Binding
    from clv_cli.sources.structure import Structure

GROUPS = ("kind", "status")
# What stands for the status of a row in the account of its file.
STATUSES = {
    "billing_lines": "status",
    "invoices": "status",
    "payments": "outcome",
    "deals": "outcome",
}
BLANK, NEWER = "blank line", "replaced by a newer export"
PASSED_OVER = "no row of the table, such as a total"


@dataclass(frozen=True, slots=True)
class Sums:
    """What a part holds by state, currency and, for lines, kind and status.

    Args:
        frame: `state, currency, kind, status, rows, money, size (sum of amounts without their
            sign), unreadable, first, last`.
    """

    frame: pl.DataFrame

    def tally(self, state: int | None = None) -> Tally:
        """Rows and money of one state, or of all. Skipped rows have a state for each rule."""
        rows = sum(count for at, count in self._pairs("rows") if state in {None, at})
        return Tally(rows, self._by_currency("money", state))

    def loaded(self) -> pl.DataFrame:
        """The rows of the frame that are about loaded rows."""
        return self.frame.filter(pl.col("state") == LOADED)

    def span(self) -> tuple[date | None, date | None]:
        """First and last day of the loaded rows."""
        days = self.loaded()
        return cast("date | None", days["first"].min()), cast("date | None", days["last"].max())

    def sizes(self, state: int | None = None) -> dict[str, int]:
        """Amounts without their sign by currency: credits must not hide what is set aside."""
        return self._by_currency("size", state)

    def _pairs(self, column: str) -> Iterator[tuple[int, int]]:
        return zip(self.frame["state"], self.frame[column], strict=True)

    def _by_currency(self, column: str, state: int | None) -> dict[str, int]:
        # The frame has a handful of rows: Python's integers add them exactly and at once.
        sums: dict[str, int] = {}
        pairs = zip(self.frame["currency"], self._pairs(column), strict=True)
        for currency, (at, amount) in pairs:
            if currency is not None and state in {None, at}:
                sums[currency] = sums.get(currency, 0) + amount
        return dict(sorted(sums.items()))


def day_column(binding: Binding) -> str | None:
    """The date that a file's first and last day are told by: the first required one, else any."""
    names = [*binding.columns, *binding.derived, *binding.enriched, *binding.spec.constants]
    days = [f for f in binding.spec.table.fields if f.type is Type.DATE and f.name in names]
    return next((f.name for f in sorted(days, key=lambda f: not f.required)), None)


def sums_of(part: pl.LazyFrame, binding: Binding) -> pl.LazyFrame:
    """One small frame with everything the account needs, in one pass over a part.

    Args:
        part: all typed rows with their state.
        binding: the file's columns.
    """
    names = part.collect_schema().names()
    table = binding.spec.table
    has_money = "amount" in names and any(
        f.name == "amount" and f.type is Type.MONEY for f in table.fields
    )
    day = day_column(binding)
    text = pl.lit(None, pl.String)
    base = pl.lit(binding.base_currency, pl.String)
    currency = (pl.col("currency") if "currency" in names else base) if has_money else text
    status = STATUSES.get(table.name, "")
    kept = part.select(
        "state",
        currency.alias("currency"),
        (pl.col("kind") if "kind" in names and table.name == "billing_lines" else text).alias(
            "kind"
        ),
        (pl.col(status) if status in names else text).alias("status"),
        (pl.col("amount") if has_money else pl.lit(0, pl.Int64)).cast(pl.Int128).alias("amount"),
        (pl.col(day) if day in names else pl.lit(None, pl.Date)).alias("day"),
    )
    return (
        kept.group_by("state", "currency", *GROUPS)
        .agg(
            pl.len().alias("rows"),
            pl.col("amount").sum().alias("money"),
            pl.col("amount").abs().sum().alias("size"),
            pl.col("amount").is_null().sum().alias("unreadable"),
            pl.col("day").min().alias("first"),
            pl.col("day").max().alias("last"),
        )
        .with_columns(pl.col("currency", *GROUPS).cast(pl.String))
    )


def report(
    sums: Sums, loaded: Tally, structure: Structure, source: str, binding: Binding
) -> SourceReport:
    """The account of one file, held against what the structure scan counted.

    Args:
        sums: of the whole part.
        loaded: of the rows that the Book will see, summed on their own.
        structure: what the scan counted, bad and blank records that polars never saw included.
        source: the file.
        binding: its columns.

    Raises:
        DataError: it does not foot; no figure of this file can be trusted.
    """
    bad = sums.tally(BAD)
    quarantined = Tally(bad.rows + len(structure.bad), bad.money)
    rules = _rules(sums, structure, binding)
    left_out = sum((tally for _, tally in rules), Tally())
    read = Tally(structure.records, sums.tally().money)
    whole = loaded + quarantined + left_out
    if whole.rows != read.rows or _without_zero(whole) != _without_zero(read):
        raise DataError(
            f"the rows of this file do not add up: {read.rows} read, {loaded.rows} loaded, "
            f"{quarantined.rows} set aside, {left_out.rows} skipped",
            where=source,
            hint="this is a bug: please report it",
        )
    unreadable = sums.frame.filter((pl.col("state") == BAD) & pl.col("currency").is_null())
    lost = sums.frame.filter(pl.col("state") == BAD)["unreadable"].sum()
    has_money = any(f.name == "amount" for f in binding.spec.table.fields)
    first, last = sums.span()
    return SourceReport(
        source,
        binding.spec.table.name,
        binding.spec.preset,
        read,
        loaded,
        quarantined,
        left_out,
        unreadable=(len(structure.bad) + max(int(lost), int(unreadable["rows"].sum()))) * has_money,
        first_day=first,
        last_day=last,
        rules=rules,
        statuses=_statuses(sums.loaded()),
        headers=binding.header.cells,
    )


def _rules(sums: Sums, structure: Structure, binding: Binding) -> tuple[tuple[str, Tally], ...]:
    """Rows and money skipped by each rule that skipped any."""
    named = [(words, sums.tally(SKIPPED + at)) for at, (words, _) in enumerate(skips(binding))]
    # States beyond the rules: rows that a reader recognised as none by other means.
    others = {int(at) for at in sums.frame["state"] if at >= SKIPPED + len(named)}
    over = sum((sums.tally(at) for at in sorted(others)), Tally())
    newer = sums.tally(REPLACED)
    every = [(BLANK, Tally(len(structure.blank))), *named, (PASSED_OVER, over), (NEWER, newer)]
    return tuple((words, tally) for words, tally in every if tally.rows)


def _statuses(live: pl.DataFrame) -> tuple[tuple[str | None, str | None, int, int], ...]:
    """Loaded rows and their sum by currency and status."""
    whole = live.group_by("currency", "status").agg(pl.col("rows", "money").sum())
    return tuple(whole.sort("currency", "status", nulls_last=True).iter_rows())


def _without_zero(tally: Tally) -> dict[str, int]:
    return {currency: amount for currency, amount in tally.money.items() if amount}


def assert_bearable(
    account: SourceReport, sums: Sums, bad: pl.DataFrame, max_share: Decimal
) -> None:
    """Stop when more rows or money were set aside than the config bears.

    Money is compared without signs and per currency, so that credits cannot hide invoices.

    Args:
        account: of the file.
        sums: of its part.
        bad: its quarantined rows.
        max_share: `quarantine.max_share`.

    Raises:
        DataError: with the first three examples.
    """
    rows, aside = account.read.rows, account.quarantined.rows
    shares = [("rows", aside, rows)]
    whole, lost = sums.sizes(), sums.sizes(BAD)
    shares += [(f"money in {c}", lost.get(c, 0), total) for c, total in sorted(whole.items())]
    for what, part, total in shares:
        if total and part > max_share * total:
            raise DataError(
                f"{aside} of {rows} rows were set aside, "
                f"{100 * part / total:.1f} % of the {what}: more than quarantine.max_share bears",
                where=examples(bad),
                hint="correct the rows at their source, or raise quarantine.max_share",
            )
