"""What changed about customers' accounts: from a log of changes, and from snapshots held side by side."""

from __future__ import annotations

import polars as pl

from clv_cli.frames.tables import ACCOUNT_FIELDS
from clv_cli.pipeline import Scope, derived, reduction


@reduction("logged_changes")
def logged_changes(scope: Scope) -> pl.LazyFrame:
    """The log of changes up to the as-of day: `code, day, field, old, new, source, row`, sorted."""
    log = scope.book.table("account_changes").filter(pl.col("changed_on") <= scope.as_of)
    own = log.join(scope.book.codes.lazy(), on="customer_id")
    columns = ("code", "old", "new", "source", "row")
    return own.select(*columns, day="changed_on", field="kind").sort("code", "day", "source", "row")


@reduction("account_states")
def account_states(scope: Scope) -> pl.LazyFrame:
    """The snapshots up to the as-of day: `code, day`, every field, `source, row`; sorted."""
    taken = scope.book.table("account_snapshots").filter(pl.col("taken_on") <= scope.as_of)
    own = taken.join(scope.book.codes.lazy(), on="customer_id")
    columns = ("code", *ACCOUNT_FIELDS, "source", "row")
    return own.select(*columns, day="taken_on").sort("code", "day", "source", "row")


@derived("account_diffs", logged_changes, account_states)
def account_diffs(scope: Scope, log: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Which fields of which accounts changed when?

    A field that a snapshot leaves empty is unknown there: it neither changed nor is it compared. A
    change that the log and two snapshots both tell is told once, as the log has it.

    Returns:
        `code, day, field`, sorted; `old, new` (different, not both empty), `source, row`.
    """
    del scope
    parts = [log]
    for name in ACCOUNT_FIELDS:
        known = states.filter(pl.col(name).is_not_null())
        old = pl.when(pl.col("code") == pl.col("code").shift(1)).then(pl.col(name).shift(1))
        moved = known.with_columns(old=old).filter(pl.col("old") != pl.col(name))
        parts.append(
            moved.select(
                "code", "old", pl.col(name).alias("new"), "source", "row", "day", field=pl.lit(name)
            )
        )
    every = pl.concat(parts)
    changed = pl.col("old").ne_missing(pl.col("new"))
    # The log comes first in `every`, and a snapshot only says by when something had changed.
    return (
        every.filter(changed)
        .unique(["code", "field", "old", "new"], keep="first", maintain_order=True)
        .sort("code", "day", "field", "source", "row")
    )
