"""The tables of the split: buckets and components, and the bucket sums."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.bounds import split_bounds, with_bounds
from clv_cli.attribution.components import FX, RESTATED, UNMATCHED
from clv_cli.attribution.declared import DECLARED
from clv_cli.attribution.methods import CLAIM_SOURCES, replaced, source_of
from clv_cli.attribution.stated import stated_findings
from clv_cli.attribution.unmatched import UNMATCHED_CUSTOMER
from clv_cli.attribution.worksheet import WORKSHEET
from clv_cli.buckets import BUCKETS, COMPONENTS
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.attribution.cells import Cells, Method
    from clv_cli.frames import Finding
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

# A method that claims by stratum runs through the same rules, waterfall and cells.
METHODS: dict[str, Method] = {
    "declared": DECLARED,
    "worksheet": WORKSHEET,
    **dict.fromkeys(CLAIM_SOURCES, DECLARED),
}
# The tables without which a component is not a zero but unknown.
EVIDENCE: dict[tuple[str, str], str] = {
    ("cxm", "switched"): "initiatives",
    ("cxm", "expanded"): "initiatives",
    ("cs", "retained"): "touches",
    ("cs", "expanded"): "touches",
    ("cs", "referral"): "referrals",
    ("cs", "no_gripes"): "referrals",
    ("sales", "rest"): "billing_lines",
    ("sales", UNMATCHED_CUSTOMER): "accounts",
}
BUCKET_LABELS = {**BUCKETS, "total": "All revenue"}
BUCKET = Column("bucket", Kind.TEXT, "Bucket", labels=BUCKET_LABELS)
COMPONENT = Column(
    "component",
    Kind.TEXT,
    "Component",
    labels={
        "rest": "all other",
        "no_gripes": "no gripes",
        UNMATCHED_CUSTOMER: "unmatched customers",
        UNMATCHED: "credits without purchase",
        FX: "exchange differences",
        RESTATED: "changes after closing",
    },
)
AMOUNT = Column("amount", Kind.MONEY, "Revenue")
# Of methods that claim with an interval.
ENDS_COLUMNS = (Column("low", Kind.MONEY, "Low"), Column("high", Kind.MONEY, "High"))
SHARE = Column("share", Kind.RATIO, "Share", bar=True)
NO_REVENUE = "no revenue in the period"


def method_of(scope: Scope) -> Method:
    """The method that the settings choose."""
    return METHODS[scope.settings.split.method]


def split_tables(scope: Scope) -> tuple[Table, Table]:
    """Who earned how much of all revenue: by bucket and component, and by bucket."""
    return split_table(scope), split_buckets_table(scope)


def split_table(scope: Scope) -> Table:
    """How is all revenue divided among the components of CXM, CS and sales?

    A component without its evidence table is left out, because nobody knows; with it, nothing is 0.
    """
    method, ranged = method_of(scope), source_of(scope) is not None

    def finish(frames: Frames) -> Rows:
        cells = method.cells(frames)
        rows = [
            (bucket, component, cells.of(bucket, component))
            for bucket, component in COMPONENTS
            if _shown(scope, cells, bucket, component)
        ]
        stated = stated_findings(scope.settings.split.stated, cells, scope.currency)
        schema = {"bucket": pl.String, "component": pl.String, "amount": pl.Int64}
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        if ranged:
            frame = with_bounds(frames, frame)
        return rows_with_shares(frame, cells, [*cells.findings, *stated])

    columns = (BUCKET, COMPONENT, AMOUNT, *(ENDS_COLUMNS if ranged else ()), SHARE)
    needs = (*method.needs, *((split_bounds,) if ranged else ()))
    title = "Revenue by CXM, CS and sales"
    return Table("split", title, columns, needs, finish, totals=("amount",))


def _shown(scope: Scope, cells: Cells, bucket: str, component: str) -> bool:
    here = any((cell.bucket, cell.component) == (bucket, component) for cell in cells.cells)
    table = EVIDENCE.get((bucket, component))
    if scope.settings.split.method == "worksheet" or (bucket, component) in replaced(scope):
        return here
    return here or (table is not None and scope.book.has(table))


def split_buckets_table(scope: Scope) -> Table:
    """How much of all revenue does each bucket earn, and what do they add up to?"""
    method = method_of(scope)

    def finish(frames: Frames) -> Rows:
        cells = method.cells(frames)
        rows = [(bucket, cells.of(bucket)) for bucket in BUCKETS] + [("total", cells.total)]
        schema = {"bucket": pl.String, "amount": pl.Int64}
        return rows_with_shares(pl.DataFrame(rows, schema=schema, orient="row"), cells, [])

    columns = (BUCKET, AMOUNT, SHARE)
    return Table("split_buckets", "Revenue by bucket", columns, method.needs, finish)


def rows_with_shares(frame: pl.DataFrame, cells: Cells, findings: list[Finding]) -> Rows:
    """Rows with each amount's share of the whole, and the check that the cells sum to it."""
    total = cells.total
    shares = [float(Fraction(amount, total)) if total else None for amount in frame["amount"]]
    reasons = [] if total else [(row, "share", NO_REVENUE) for row in range(frame.height)]
    shared = frame.with_columns(share=pl.Series(shares, dtype=pl.Float64))
    return Rows(shared, reasons=reasons, checks=(cells.check,), findings=tuple(findings))
