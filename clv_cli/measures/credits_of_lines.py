"""What a credit takes over from the line it names: whose subscription it is, and when it counts.

Billing systems write no subscription on a credit note, and write them for invoices that were never
paid. A credit for its own sake would then lower a subscription that nobody has, or take back what a
lapse has taken already: a customer below nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.past_due import lapses, paid_again

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

_KEYS = ["customer_id", "original_line_id"]
_LAPSE = ("line_stops", "line_resumes")


def with_their_lines(scope: Scope, credits_: pl.LazyFrame) -> pl.LazyFrame:
    """Credits with the subscription of the line they name, where they say none themselves.

    Returns:
        The columns given, and `line_stops`, `line_resumes`: the days between which the line does not
        count because it is unpaid beyond the grace; empty where it never lapses.
    """
    from_day, lapsed = lapses(scope)
    named = credits_.select(_KEYS).filter(pl.col("original_line_id").is_not_null()).unique()
    lines = scope.book.table("billing_lines").with_columns(original_line_id="line_id")
    # Few lines are credited: they are picked out before anything is looked up among them.
    known = (
        lines.join(named, on=_KEYS, how="semi")
        .select(
            *_KEYS,
            "subscription_id",
            line_stops=pl.when(lapsed).then(from_day),
            line_resumes=pl.when(lapsed).then(paid_again()),
        )
        .group_by(_KEYS)
        .agg(pl.all().min())
    )
    joined = credits_.join(known, on=_KEYS, how="left", suffix="_of_line")
    own = pl.coalesce("subscription_id", "subscription_id_of_line")
    return joined.with_columns(subscription_id=own).drop("subscription_id_of_line")


def while_their_lines_count(credits_: pl.LazyFrame) -> pl.LazyFrame:
    """Active credits without the days on which their line lapsed; as given where none did.

    Args:
        credits_: those of `with_their_lines`, with `active_from` and `active_to`.
    """
    stops, resumes = (pl.col(name) for name in _LAPSE)
    again = (resumes < pl.col("active_to")).fill_null(value=False)
    # Parts of one row, not two selections: those would scan and join everything twice.
    parts = credits_.with_columns(_part=pl.int_ranges(0, again.cast(pl.Int64) + 1)).explode(
        "_part", empty_as_null=False
    )
    before = pl.col("_part") == 0
    until = pl.max_horizontal("active_from", pl.min_horizontal("active_to", stops))
    return parts.with_columns(
        active_from=pl.when(before)
        .then(pl.col("active_from"))
        .otherwise(pl.max_horizontal("active_from", resumes)),
        active_to=pl.when(before & stops.is_not_null()).then(until).otherwise(pl.col("active_to")),
    ).drop(*_LAPSE, "_part")
