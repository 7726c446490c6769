"""What a reader is told about overlapping exports."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from clv_cli.frames import Finding, Severity
from clv_cli.money import to_text
from clv_cli.sources.judging import REPLACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from clv_cli.sources.part import Part

MAX_CHANGES = 10
# Here another amount is another revenue; a deal's amount is expected to change.
_BILLING = ("billing_lines", "invoices", "payments")


def findings_of(
    before: Sequence[Part], after: Sequence[Part], changes: pl.DataFrame
) -> list[Finding]:
    """A note for each file of which rows were replaced, and a warning for each changed amount.

    Args:
        before: the parts of one group.
        after: the same without replaced rows.
        changes: their documents whose amount changed.
    """
    found = [_replaced(part) for part, old in zip(after, before, strict=True) if part is not old]
    found += [_changed(row) for row in changes.head(MAX_CHANGES).iter_rows(named=True)]
    if changes.height > MAX_CHANGES:
        more = changes.height - MAX_CHANGES
        found.append(
            Finding(
                _severity(before[0].table),
                "replaced_changed",
                f"{more} more amounts changed between exports",
                remedy="see them all: clv check --table replaced -f csv",
            )
        )
    return [finding for finding in found if finding is not None]


def _replaced(part: Part) -> Finding | None:
    count = part.sums.tally(REPLACED).rows
    if not count:
        return None
    rows = "row was" if count == 1 else "rows were"
    return Finding(
        Severity.NOTE,
        "replaced",
        f"{count} {rows} replaced by the same documents in newer exports",
        source=part.name,
    )


def _changed(row: dict[str, object]) -> Finding:
    currency = str(row["currency"])
    new, old = int(str(row["amount"])), int(str(row["old_amount"]))
    return Finding(
        _severity(str(row["table"])),
        "replaced_changed",
        f"{row['key']} is {to_text(new, currency)} {currency} here and was "
        f"{to_text(old, currency)} in {row['old_source']}:{row['old_row']} "
        f"(difference {to_text(new - old, currency)}); the newer counts",
        source=str(row["source"]),
        row=int(str(row["row"])),
        column="amount",
        remedy="check that it was changed after the older export",
    )


def _severity(table: str) -> Severity:
    return Severity.WARNING if table in _BILLING else Severity.NOTE


def unknown_overlap(group: Sequence[Part]) -> list[Finding]:
    """A warning where files without ids cover the same days: what is in both counts twice.

    Args:
        group: parts of one preset that have no key.
    """
    spans = []
    for part in group:
        first, last = part.sums.span()
        if first is not None and last is not None:
            spans.append((first, last, part))
    spans.sort(key=lambda span: (span[0], span[2].name))
    found = []
    for (_, last, one), (first, _, other) in pairwise(spans):
        if first <= last:
            found.append(
                Finding(
                    Severity.WARNING,
                    "overlap_unknown",
                    f"it covers days of {one.name} too, and has no id by which rows in both could "
                    "be told: all of them count",
                    source=other.name,
                    remedy="export spans that do not overlap, or columns with ids; then set key",
                )
            )
    return found
