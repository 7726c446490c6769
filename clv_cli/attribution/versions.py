"""What a rule said when it was applied: a hash of its content, and where its evidence stands."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.attribution import cs
from clv_cli.attribution.batches import all_credits, all_takings
from clv_cli.attribution.components import FX, REST, RESTATED, UNMATCHED
from clv_cli.attribution.cxm import split_initiatives
from clv_cli.attribution.facts import split_documents
from clv_cli.attribution.methods import split_method_claims
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

DIGITS = 12
# What shapes every claim, whatever the rule.
POLICY = ("combine", "treat_new_as_switched", "base_months", "base_min_months")
CS_KEYS = {
    cs.AT_RISK: ("cs_weight", "cs_window_days"),
    cs.REFERRAL: ("referral_days", "cs_window_days"),
    cs.NO_GRIPES: ("referral_days",),
}
EVIDENCE = {"initiatives": "initiative_id", "touches": "touch_id", "referrals": "referral_id"}


@derived("split_rule_versions", split_initiatives, split_method_claims)
def split_rule_versions(
    scope: Scope, initiatives: pl.DataFrame, claims: pl.DataFrame
) -> pl.DataFrame:
    """Which content had each rule? `rule_id, rule_version`, one row a rule, sorted.

    The version is the start of the SHA-256 of the rule's own content and of the settings that shape its
    claims; where the file stands, or in which order, changes nothing.
    """
    split = scope.settings.split
    policy = {key: str(getattr(split, key)) for key in POLICY}
    content: dict[str, Any] = {REST: {}, UNMATCHED: {}, FX: {}, RESTATED: {}}
    for rule, keys in CS_KEYS.items():
        content[rule] = policy | {key: str(getattr(split, key)) for key in keys}
    for row in initiatives.drop("source", "row").to_dicts():
        content[row["initiative_id"]] = policy | row
    for (rule,), rows in claims.group_by("rule_id"):
        rates = rows.drop("code").unique().sort(pl.all())
        content[str(rule)] = policy | {"claims": rates.to_dicts()}
    versions = [(rule, _version(what)) for rule, what in sorted(content.items())]
    schema = {"rule_id": pl.String, "rule_version": pl.String}
    return pl.DataFrame(versions, schema=schema, orient="row")


def _version(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


@reduction("split_places")
def split_places(scope: Scope) -> pl.LazyFrame:
    """Where does each piece of evidence stand? `evidence, evidence_row` (file:row)."""
    book = scope.book
    flagged = book.table("risk_flags").select("customer_id").unique()
    tables = {name: book.table(name) for name in EVIDENCE}
    tables["touches"] = tables["touches"].join(flagged, on="customer_id", how="semi")
    found = [
        table.select(evidence=pl.lit(f"{name}:") + pl.col(EVIDENCE[name]), evidence_row=place())
        for name, table in tables.items()
    ]
    return pl.concat(found).group_by("evidence").agg(pl.col("evidence_row").min()).sort("evidence")


@derived("split_evidence_rows", split_places, all_credits, all_takings, split_documents)
def split_evidence_rows(
    _: Scope,
    places: pl.DataFrame,
    negative: pl.DataFrame,
    takings: pl.DataFrame,
    documents: pl.DataFrame,
) -> pl.DataFrame:
    """The same, with the lines that credits name or take back."""
    evidence = pl.lit("billing_lines:") + pl.col("line_id")
    named = [frame.select(line_id="original_line_id") for frame in (negative, takings)]
    standing = pl.concat(named).unique().join(documents, on="line_id")
    lines = standing.select(evidence=evidence, evidence_row=place())
    return pl.concat([places, lines])


def place() -> pl.Expr:
    """A source row as `file:row`."""
    return pl.concat_str("source", pl.lit(":"), "row")
