"""The rules that looked at a line and got nothing, each with its first reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.attribution.cs import AT_RISK, NO_GRIPES, REFERRAL, cs_weight, window_days
from clv_cli.attribution.cxm import FACETS, segments
from clv_cli.attribution.lines import FACETS as FACTS
from clv_cli.attribution.lines import LINE, history
from clv_cli.attribution.motion import parts
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from clv_cli.pipeline import Scope

Lost = tuple[str, str, str | None, str]
Row = dict[str, Any]
Found = dict[str, pl.DataFrame]


@reduction("split_purchases")
def split_purchases(scope: Scope) -> pl.LazyFrame:
    """All purchases with what rules look at; asked for one customer only."""
    bought = history(scope).filter(pl.col("amount") > 0).select(*LINE, *FACTS)
    return bought.join(segments(scope), on="code", how="left").sort("line_id")


def why_lost(scope: Scope, found: Found, line_id: str) -> Iterator[Lost]:
    """Bucket, rule, evidence and reason of every rule that had no claim on a line.

    Args:
        scope: its settings.
        found: the measures of the line's customer, by name.
        line_id: the line; credits follow their original, so no rule looks at them.
    """
    purchases = found["split_purchases"]
    asked = purchases.filter(pl.col("line_id") == line_id).with_row_index("at")
    if asked.is_empty():
        return
    came_from = (found["split_switchers"], found["split_switched_deals"])
    past = (found["split_spread"], found["split_terms"], found["split_first_days"])
    divided = parts(scope, asked, *past, came_from)
    line = asked.row(0, named=True)
    line |= {"parts": set(divided["part"]), "first_day": purchases["issued_on"].min()}
    at = found["split_bought"].filter(pl.col("line_id") == line_id).select("at")
    claims = found["split_claims"].join(at, on="at", how="semi")
    winners = set(claims["evidence"])
    for initiative in found["split_initiatives"].to_dicts():
        evidence = f"initiatives:{initiative['initiative_id']}"
        if evidence not in winners:
            yield "cxm", initiative["initiative_id"], evidence, _initiative_lost(initiative, line)
    if AT_RISK not in set(claims["rule_id"]) and scope.book.has("touches"):
        yield "cs", AT_RISK, None, _at_risk_lost(scope, found, line)
    for referral in found["split_referrals"].filter(pl.col("code") == line["code"]).to_dicts():
        evidence = f"referrals:{referral['referral_id']}"
        if evidence not in winners:
            rule = NO_GRIPES if referral["kind"] == NO_GRIPES else REFERRAL
            yield "cs", rule, evidence, _referral_lost(scope, referral, line)


def _initiative_lost(initiative: Row, line: Row) -> str:
    day, start, end = line["issued_on"], initiative["effective_from"], initiative["effective_to"]
    if not initiative["aligned"]:
        return "not aligned: no customer insight was its basis"
    if day < start or (end is not None and day >= end):
        return f"not in force on {day}: from {start}" + (f" to before {end}" if end else "")
    for facet, column in FACETS.items():
        if initiative[facet] and line[column] not in initiative[facet]:
            return f"its {facet} do not include {line[column] or 'a line without one'}"
    if line["parts"] == {"retained"}:
        return "nothing of the line was switched or expanded"
    return "its weight for this part is 0"


def _at_risk_lost(scope: Scope, found: Found, line: Row) -> str:
    day: date = line["issued_on"]
    if line["parts"] == {"switched"}:
        return "a first purchase from a competitor cannot have been rescued"
    if cs_weight(scope) == 0:
        return "split.cs_weight is 0"
    days = window_days(scope)
    touches = found["split_touches"].filter(
        (pl.col("code") == line["code"]) & (pl.col("happened_on") <= day)
    )
    recent = [on for on in touches["happened_on"] if (day - on).days <= days]
    flags = found["split_flags"].filter(pl.col("code") == line["code"])["flagged_on"]
    if flags.is_empty():
        return "the customer was never flagged as at risk"
    if not recent:
        return f"no touch in the {days} days up to {day}"
    last = max(recent)
    if any(flag > last for flag in flags):
        return f"flagged only after the touch of {last}: hindsight is no evidence"
    return f"no risk flag in the {days} days up to the touch of {last}"


def _referral_lost(scope: Scope, referral: Row, line: Row) -> str:
    days = scope.settings.split.referral_days
    if (line["issued_on"] - line["first_day"]).days > days:
        return f"issued more than {days} days after the first purchase of {line['first_day']}"
    if referral["weight"] == 0:
        return "its weight is 0"
    return f"its referrer had no at-risk intervention by {referral['made_on']}"
