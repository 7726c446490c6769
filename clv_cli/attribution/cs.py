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

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.cxm import CLAIM
from clv_cli.frames import WEIGHT_ONE
from clv_cli.pipeline import reduction

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

TABLES = ("touches", "referrals")
# One integer key instead of `by=`: a customer's days lie far from the next customer's.
KEY_STEP = 2**20
MAX_DAYS = 2**19
AT_RISK, REFERRAL, NO_GRIPES = "at_risk", "referral", "no_gripes"


def key(day: str) -> pl.Expr:
    """Customer and day as one sortable integer."""
    return pl.col("code").cast(pl.Int64) * KEY_STEP + pl.col(day).to_physical().cast(pl.Int64)


def window_days(scope: Scope) -> int:
    """The window of C1, never so long that it reaches another customer's days."""
    return min(scope.settings.split.cs_window_days, MAX_DAYS)


def cs_weight(scope: Scope) -> int:
    """`split.cs_weight` in whole parts per million, finer digits cut off."""
    return int(scope.settings.split.cs_weight * WEIGHT_ONE)


def _dated(scope: Scope, table: str, day: str, row_id: str) -> pl.LazyFrame:
    """One row a customer and day up to `as_of`, sorted by key: `code, key, day, id`."""
    rows = scope.book.table(table).filter(pl.col(day) <= scope.as_of)
    coded = rows.join(scope.book.codes.lazy(), on="customer_id")
    days = coded.group_by("code", day).agg(pl.col(row_id).min(), rows=pl.len())
    return days.with_columns(key=key(day)).sort("key")


def interventions(scope: Scope) -> pl.LazyFrame:
    """On which days was a customer at risk helped? `key, code, happened_on, touch_id`, sorted.

    Of several touches on one day, the one with the smallest id stands for all.
    """
    flags = _dated(scope, "risk_flags", "flagged_on", "flag_id").select("key", "flag_id")
    touches = _dated(scope, "touches", "happened_on", "touch_id")
    flagged = touches.join_asof(flags, on="key", tolerance=window_days(scope))
    return flagged.filter(pl.col("flag_id").is_not_null()).select(
        "key", "code", "happened_on", "touch_id"
    )


def hindsight(scope: Scope) -> pl.LazyFrame:
    """Which touches were followed, not preceded, by a flag? `key, code, touch_id, rows`, sorted."""
    flags = _dated(scope, "risk_flags", "flagged_on", "flag_id").select("key", "flag_id")
    touches = _dated(scope, "touches", "happened_on", "touch_id")
    days = window_days(scope)
    before = touches.join_asof(flags, on="key", tolerance=days)
    unflagged = before.filter(pl.col("flag_id").is_null()).drop("flag_id")
    after = unflagged.join_asof(flags, on="key", strategy="forward", tolerance=days)
    return after.filter(pl.col("flag_id").is_not_null()).select("key", "code", "touch_id", "rows")


def introductions(scope: Scope) -> pl.LazyFrame:
    """Which customers were brought by others, and with what weight?

    Returns:
        `code, component, rule_id, evidence, weight` of the referred customer.
    """
    codes = scope.book.codes.lazy()
    made = (
        scope.book.table("referrals")
        .filter(pl.col("made_on") <= scope.as_of)
        .join(codes, left_on="referred_id", right_on="customer_id")
    )
    helped = interventions(scope).group_by("code").agg(rescued_on=pl.col("happened_on").min())
    rescued = helped.join(codes, on="code").select("rescued_on", referrer_id="customer_id")
    silent = pl.col("kind") == NO_GRIPES
    spoken = (pl.col("rescued_on") <= pl.col("made_on")).fill_null(value=False)
    return (
        made.join(rescued, on="referrer_id", how="left")
        .filter(silent | spoken)
        .select(
            "code",
            component=pl.when(silent).then(pl.lit(NO_GRIPES)).otherwise(pl.lit(REFERRAL)),
            rule_id=pl.when(silent).then(pl.lit(NO_GRIPES)).otherwise(pl.lit(REFERRAL)),
            evidence=pl.lit("referrals:") + pl.col("referral_id"),
            weight=pl.col("weight").fill_null(WEIGHT_ONE),
        )
    )


def reached(scope: Scope) -> pl.LazyFrame:
    """The customers whom any CS rule can reach: `code`."""
    reach = [interventions(scope).select("code"), introductions(scope).select("code")]
    return pl.concat(reach).unique()


@reduction("split_interventions")
def split_interventions(scope: Scope) -> pl.LazyFrame:
    """See `interventions`."""
    return interventions(scope)


@reduction("split_introductions")
def split_introductions(scope: Scope) -> pl.LazyFrame:
    """See `introductions`."""
    return introductions(scope).sort("evidence")


@reduction("split_hindsight")
def split_hindsight(scope: Scope) -> pl.LazyFrame:
    """See `hindsight`."""
    return hindsight(scope)


def claims(
    scope: Scope, divided: pl.DataFrame, helped: pl.DataFrame, brought: pl.DataFrame
) -> pl.DataFrame:
    """What does CS claim of the parts of purchases, before the waterfall?

    Args:
        scope: its settings.
        divided: parts of purchases, see `motion.parts`.
        helped: see `interventions`.
        brought: see `introductions`.

    Returns:
        The parts with `bucket, component, rule_id, evidence, weight` (ppm), weights above 0 only.
    """
    both = [_at_risk(scope, divided, helped), _introduced(scope, divided, brought)]
    claimed = pl.concat(frame.select(*divided.columns, *CLAIM) for frame in both)
    return claimed.filter(pl.col("weight") > 0)


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


def _at_risk(scope: Scope, divided: pl.DataFrame, helped: pl.DataFrame) -> pl.DataFrame:
    stayed = divided.filter(pl.col("part") != "switched")
    own = stayed.join(helped.select("code").unique(), on="code", how="semi")
    return after(own, helped, window_days(scope)).with_columns(
        bucket=pl.lit("cs"),
        component=pl.col("part"),
        rule_id=pl.lit(AT_RISK),
        evidence=pl.lit("touches:") + pl.col("touch_id"),
        weight=pl.lit(cs_weight(scope), pl.Int64),
    )


def _introduced(scope: Scope, divided: pl.DataFrame, brought: pl.DataFrame) -> pl.DataFrame:
    since = (pl.col("issued_on") - pl.col("first_day")).dt.total_days()
    early = divided.filter(since <= scope.settings.split.referral_days)
    return early.join(brought, on="code").with_columns(bucket=pl.lit("cs"))
