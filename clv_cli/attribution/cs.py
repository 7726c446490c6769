"""CS: purchases after an at-risk intervention, and those that rescued customers brought.

An at-risk intervention is a touch by Success or Support on a customer already flagged as at risk,
at most `split.cs_window_days` before. A flag set after the touch is hindsight and no evidence.

    C1 at_risk     lines issued from the touch on, within the window: their retained and expanded
                   parts, with `split.cs_weight`; the latest such touch is the evidence
    C2 referral    lines of a referred customer within `split.referral_days` of its first one, with
                   the referral's weight, if its referrer had an at-risk intervention by then
    C3 no_gripes   the same lines of customers who bought because they heard no gripes; any referrer
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from clv_cli.attribution.cxm import MATCH
from clv_cli.attribution.tiers import BUCKET
from clv_cli.frames import WEIGHT_ONE
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

TABLES = ("risk_flags", "referrals")
# One integer key instead of `by=`: a customer's days lie far from the next customer's.
KEY_STEP = 2**20
MAX_DAYS = 2**19
NAMES = ("component", "rule_id", "evidence")
AT_RISK, REFERRAL, NO_GRIPES = "at_risk", "referral", "no_gripes"


def key(day: str) -> pl.Expr:
    """Customer and day as one sortable integer."""
    return pl.col("code").cast(pl.Int64) * KEY_STEP + pl.col(day).to_physical().cast(pl.Int64)


def window_days(scope: Scope) -> int:
    """The window of C1, never so long that it reaches another customer's days."""
    return min(scope.settings.split.cs_window_days, MAX_DAYS)


def cs_weight(scope: Scope) -> int:
    """`split.cs_weight` in parts per million: whole, for the setting has six digits at most."""
    return int(scope.settings.split.cs_weight * WEIGHT_ONE)


def _coded(scope: Scope, table: str, customer: str = "customer_id") -> pl.LazyFrame:
    codes = scope.book.codes.lazy().rename({"customer_id": customer})
    return scope.book.table(table).join(codes, on=customer)


def reached(scope: Scope) -> pl.LazyFrame:
    """The customers whom a CS rule may concern: ever flagged, or brought by others. `code`."""
    flagged, brought = _coded(scope, "risk_flags"), _coded(scope, "referrals", "referred_id")
    return pl.concat([flagged.select("code"), brought.select("code")]).unique()


@reduction("split_flags")
def split_flags(scope: Scope) -> pl.LazyFrame:
    """The days on which customers were flagged, sorted: `code, flagged_on, key`."""
    flags = _coded(scope, "risk_flags").filter(pl.col("flagged_on") <= scope.as_of)
    days = flags.select("code", "flagged_on").unique()
    return days.with_columns(key=key("flagged_on")).sort("key")


@reduction("split_touches")
def split_touches(scope: Scope) -> pl.LazyFrame:
    """The days on which flagged customers were helped: `code, happened_on, touch_id, rows, key`.

    Of several touches on one day, the one with the smallest id stands for all. Sorted by key.
    """
    flagged = _coded(scope, "risk_flags").select("customer_id").unique()
    touches = scope.book.table("touches").join(flagged, on="customer_id", how="semi")
    done = touches.filter(pl.col("happened_on") <= scope.as_of)
    coded = done.join(scope.book.codes.lazy(), on="customer_id")
    days = coded.group_by("code", "happened_on").agg(
        pl.col("touch_id").min(), rows=pl.len().cast(pl.Int64)
    )
    return days.with_columns(key=key("happened_on")).sort("key")


@reduction("split_referrals")
def split_referrals(scope: Scope) -> pl.LazyFrame:
    """The referrals of billing customers up to `as_of`, by id, with the `code` of the referred."""
    made = _coded(scope, "referrals", "referred_id").filter(pl.col("made_on") <= scope.as_of)
    return made.sort("referral_id")


@derived("split_interventions", split_touches, split_flags)
def split_interventions(scope: Scope, touches: pl.DataFrame, flags: pl.DataFrame) -> pl.DataFrame:
    """On which days was a customer at risk helped? `split_touches` with a flag before them."""
    return _flagged(touches, flags, "backward", window_days(scope))


@derived("split_hindsight", split_touches, split_flags, split_interventions)
def split_hindsight(
    scope: Scope, touches: pl.DataFrame, flags: pl.DataFrame, helped: pl.DataFrame
) -> pl.DataFrame:
    """Which touches were followed, not preceded, by a flag?"""
    others = touches.join(helped, on="key", how="anti", maintain_order="left")
    return _flagged(others, flags, "forward", window_days(scope))


def _flagged(
    touches: pl.DataFrame, flags: pl.DataFrame, strategy: Literal["backward", "forward"], days: int
) -> pl.DataFrame:
    near = flags.select("key", "flagged_on")
    matched = touches.join_asof(near, on="key", strategy=strategy, tolerance=days)
    return matched.filter(pl.col("flagged_on").is_not_null()).drop("flagged_on")


@derived("split_introductions", split_referrals, split_interventions)
def split_introductions(scope: Scope, made: pl.DataFrame, helped: pl.DataFrame) -> pl.DataFrame:
    """Which customers were brought by others, and with what weight?

    Returns:
        `code` of the referred customer, `component, rule_id, evidence, weight`.
    """
    first = helped.group_by("code").agg(rescued_on=pl.col("happened_on").min())
    named = scope.book.codes.rename({"customer_id": "referrer_id"})
    rescued = first.join(named, on="code").drop("code")
    silent = pl.col("kind") == NO_GRIPES
    spoken = (pl.col("rescued_on") <= pl.col("made_on")).fill_null(value=False)
    rule = pl.when(silent).then(pl.lit(NO_GRIPES)).otherwise(pl.lit(REFERRAL))
    backed = made.join(rescued, on="referrer_id", how="left").filter(silent | spoken)
    return backed.select(
        "code",
        component=rule,
        rule_id=rule,
        evidence=pl.lit("referrals:") + pl.col("referral_id"),
        weight=pl.col("weight").fill_null(WEIGHT_ONE),
    )


def matches(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    first_days: pl.DataFrame,
    helped: pl.DataFrame,
    brought: pl.DataFrame,
    names: pl.Schema,
) -> pl.DataFrame:
    """Which purchases follow a rescue or a referral, and what does CS claim of each part?

    Args:
        scope: its settings.
        bought: see `reach.split_bought`.
        first_days: see `motion.split_first_days`.
        helped: see `split_interventions`.
        brought: see `split_introductions`.
        names: the enumerations of `names.split_names`.

    Returns:
        The columns of `cxm.MATCH`.
    """
    lines = bought.select("at", "code", "issued_on")
    both = [
        _at_risk(scope, lines, helped, names),
        _introduced(scope, lines, first_days, brought.cast({n: names[n] for n in NAMES})),
    ]
    return pl.concat(frame.select(MATCH) for frame in both)


def after(lines: pl.DataFrame, touches: pl.DataFrame, days: int) -> pl.DataFrame:
    """The lines issued on the day of one of the customer's touches or so many days after.

    Args:
        lines: with `code, issued_on`.
        touches: sorted, with `key, touch_id`.
        days: the window.

    Returns:
        Those lines with the `touch_id` of the latest touch.
    """
    keyed = lines.with_columns(key=key("issued_on")).sort("key")
    touched = keyed.join_asof(touches.select("key", "touch_id"), on="key", tolerance=days)
    return touched.filter(pl.col("touch_id").is_not_null()).drop("key")


def _at_risk(
    scope: Scope, lines: pl.DataFrame, helped: pl.DataFrame, names: pl.Schema
) -> pl.DataFrame:
    own = lines.join(helped.select("code").unique(), on="code", how="semi")
    weight = pl.lit(cs_weight(scope), pl.Int64)
    # Touches are named before they are matched: they are fewer than the lines that follow them.
    touch = (pl.lit("touches:") + pl.col("touch_id")).cast(names["evidence"])
    return after(own, helped.with_columns(touch_id=touch), window_days(scope)).with_columns(
        bucket=pl.lit("cs", names["bucket"]),
        component=pl.lit(None, names["component"]),
        rule_id=pl.lit(AT_RISK, names["rule_id"]),
        evidence="touch_id",
        switched=pl.lit(0, pl.Int64),
        expanded=weight,
        retained=weight,
    )


def _introduced(
    scope: Scope, lines: pl.DataFrame, first_days: pl.DataFrame, brought: pl.DataFrame
) -> pl.DataFrame:
    since = (pl.col("issued_on") - pl.col("first_day")).dt.total_days()
    own = lines.join(brought, on="code").join(first_days, on="code")
    early = own.filter(since <= scope.settings.split.referral_days)
    weights = {part: pl.col("weight") for part in ("switched", "expanded", "retained")}
    return early.with_columns(bucket=pl.lit("cs", BUCKET), **weights)
