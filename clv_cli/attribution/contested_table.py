"""The table of claims: what each bucket claims, what it is granted, what another order would grant."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.split import NO_REVENUE, method_of
from clv_cli.buckets import BUCKETS
from clv_cli.glossary import Kind
from clv_cli.money import to_decimal
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

LABELS = {"cxm": "CXM", "cs": "CS", "sales": "Sales", "total": "All revenue"}
COLUMNS = (
    Column("bucket", Kind.TEXT, "Bucket", labels=LABELS),
    Column("claimed", Kind.MONEY, "Claimed"),
    Column("claimed_share", Kind.RATIO, "Share"),
    Column("granted", Kind.MONEY, "Granted"),
    Column("least", Kind.MONEY, "Least"),
    Column("most", Kind.MONEY, "Most"),
)
SCHEMA = {
    "bucket": pl.String,
    **dict.fromkeys(("claimed", "granted", "least", "most"), pl.Int64),
}


def split_claims_table(scope: Scope) -> Table:
    """Do the buckets claim more than there is, and how far could the order of precedence move them?"""
    method = method_of(scope)

    def finish(frames: Frames) -> Rows:
        cells = method.cells(frames)
        found = method.claimed(frames, cells)
        rows = [
            (bucket, found.claimed[bucket], cells.of(bucket), *found.ranges[bucket])
            for bucket in BUCKETS
        ]
        rows.append(("total", found.total, cells.total, cells.total, cells.total))
        frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
        whole = cells.total
        shares = [float(Fraction(row[1], whole)) if whole else None for row in rows]
        reasons = [] if whole else [(at, "claimed_share", NO_REVENUE) for at in range(len(rows))]
        shared = frame.with_columns(claimed_share=pl.Series(shares, dtype=pl.Float64))
        return Rows(
            shared,
            reasons=reasons,
            checks=(cells.check,),
            notes=(_sentence(found.total, whole, scope.currency),) if whole else (),
        )

    lead = (
        "Least and most: over the six orders in which the three could be granted their claims.",
    )
    needs = (*method.needs, *method.claim_needs)
    return Table("split_claims", "Claims before the waterfall", COLUMNS, needs, finish, lead=lead)


def _sentence(claimed: int, whole: int, currency: str) -> str:
    claims, all_, contested = (
        f"{to_decimal(minor, currency):,f}" for minor in (claimed, whole, claimed - whole)
    )
    share = round(Fraction(claimed * 100, whole), 2)
    return f"Claimed {claims} of {all_} = {float(share):.2f} %; contested {contested}; granted 100.00 %."
