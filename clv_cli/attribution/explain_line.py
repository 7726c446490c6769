"""One line taken apart: its cells, and the rules that looked at it and lost, with why."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.attribution.components import FX, RESTATED, UNMATCHED
from clv_cli.attribution.cs import (
    split_flags,
    split_interventions,
    split_referrals,
    split_touches,
)
from clv_cli.attribution.cxm import split_initiatives
from clv_cli.attribution.expansion import split_spread
from clv_cli.attribution.facts import split_lines
from clv_cli.attribution.lost import split_purchases, why_lost
from clv_cli.attribution.motion import (
    split_switched_deals,
    split_switchers,
)
from clv_cli.attribution.reach import split_bought, split_first_days
from clv_cli.attribution.renewed import split_terms
from clv_cli.attribution.waterfall import split_claims, split_parts
from clv_cli.buckets import BUCKETS
from clv_cli.errors import DataError
from clv_cli.frames import WEIGHT_ONE
from clv_cli.glossary import Kind
from clv_cli.measures.billed_lines import billed_lines
from clv_cli.periods import Period, month_of
from clv_cli.pipeline import Measure
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

COLUMNS = (
    Column("part", Kind.TEXT, "Part"),
    Column("bucket", Kind.TEXT, "Bucket", labels=BUCKETS),
    Column("component", Kind.TEXT, "Component"),
    Column("rule", Kind.TEXT, "Rule"),
    Column("weight", Kind.RATIO, "Weight"),
    Column("evidence", Kind.TEXT, "Evidence"),
    Column("share", Kind.RATIO, "Share of the line"),
    Column("amount", Kind.MONEY, "Revenue"),
    Column("why", Kind.TEXT, "Why"),
)
SCHEMA = {
    **dict.fromkeys(("part", "bucket", "component", "rule"), pl.String),
    "weight": pl.Float64,
    "evidence": pl.String,
    "share": pl.Float64,
    "amount": pl.Int64,
    "why": pl.String,
}


def explain_line(scope: Scope, line_id: str) -> Table:
    """Which rule gave which share of a line to whom, on what evidence; and which rules lost, and why?

    Any billed line up to `as_of` can be asked about, in the period or before it.

    Raises:
        DataError: on collection, when there is no such billed line.
    """
    of_line = {
        measure.name: _narrowed(measure, line_id)
        for measure in (
            split_lines,
            split_purchases,
            split_bought,
            split_spread,
            split_terms,
            split_first_days,
            split_switchers,
            split_switched_deals,
            split_parts,
            split_claims,
            split_initiatives,
            split_flags,
            split_touches,
            split_interventions,
            split_referrals,
        )
    }

    def finish(frames: Frames) -> Rows:
        found = {name: frames[measure] for name, measure in of_line.items()}
        cells = found["split_lines"].filter(pl.col("line_id") == line_id)
        if cells.is_empty():
            raise DataError(
                f'there is no billed line "{line_id}" up to {scope.as_of.isoformat()}',
                where="clv explain split LINE",
                hint="clv split --by line lists the lines of the period with their ids",
            )
        weights = _weights(found, line_id)
        rows = [_won(cell, weights) for cell in cells.to_dicts()]
        rows += [_lost(*claim) for claim in why_lost(scope, found, line_id)]
        return Rows(pl.DataFrame(rows, schema=SCHEMA, orient="row"), notes=_notes(cells))

    title = f"How line {line_id} was split"
    return Table("split_line", title, COLUMNS, tuple(of_line.values()), finish)


def _narrowed(measure: Measure, line_id: str) -> Measure:
    """The same measure over the lines of the line's customer only, at any time up to `as_of`."""

    def plan(scope: Scope) -> pl.LazyFrame:
        return measure.plan(_own(scope, line_id)) if measure.plan else pl.LazyFrame()

    def compute(scope: Scope, *inputs: pl.DataFrame) -> pl.DataFrame:
        return measure.derive(_own(scope, line_id), *inputs)

    needs = tuple(_narrowed(need, line_id) for need in measure.needs)
    name, passing = f"{measure.name} of {line_id}", measure.passing
    if measure.plan:
        return Measure(name, plan=plan, passing=passing)
    return Measure(name, needs, None, compute)


def _own(scope: Scope, line_id: str) -> Scope:
    lines = billed_lines(scope)
    owner = lines.filter(pl.col("line_id") == line_id).select("customer_id")
    own = scope.book.table("billing_lines").join(owner, on="customer_id", how="semi")
    book = replace(scope.book, tables={**scope.book.tables, "billing_lines": own})
    period = Period(month_of(book.lines.first_issued), scope.closing + 1)
    return replace(scope, book=book, period=period)


def _weights(found: dict[str, pl.DataFrame], line_id: str) -> dict[tuple[str, ...], int]:
    at = found["split_bought"].filter(pl.col("line_id") == line_id).select("at")
    claims = found["split_claims"].join(at, on="at", how="semi")
    keys = claims.select("part", "rule_id", "evidence").iter_rows()
    return dict(zip(keys, claims["weight"], strict=True))


def _won(cell: dict[str, Any], weights: dict[tuple[str, ...], int]) -> tuple[object, ...]:
    key = (cell["part"], cell["rule_id"], cell["evidence"])
    weight = weights.get(key)
    return (
        cell["part"],
        cell["bucket"],
        cell["component"],
        cell["rule_id"],
        None if weight is None else weight / WEIGHT_ONE,
        cell["evidence"],
        float(Fraction(cell["share_num"], cell["share_den"])),
        cell["amount"],
        _why(cell, weight),
    )


def _why(cell: dict[str, Any], weight: int | None) -> str:
    if weight is not None:
        return "granted"
    if cell["component"] == UNMATCHED:
        return "finds no purchase of the customer to take back"
    if cell["component"] == RESTATED:
        return "what the line has changed by since its month was closed"
    if cell["component"] == FX:
        return "worth more or less at its own day's exchange rate"
    if (cell["evidence"] or "").startswith("billing_lines:"):
        return "shared as the purchase it takes back"
    return "claimed by no rule"


def _lost(bucket: str, rule: str, evidence: str | None, why: str) -> tuple[object, ...]:
    return (None, bucket, None, rule, None, evidence, None, None, why)


def _notes(cells: pl.DataFrame) -> tuple[str, ...]:
    line = cells.row(0, named=True)
    place = f"{line['source']}:{line['row']}"
    text = f"Line of customer {line['customer_id']}, issued on {line['issued_on']}, {place}."
    return (text,)
