"""Which purchases do credits take back?

A credit follows the purchase it names, of the same customer in the same currency. What names none, or
exceeds it, takes back the customer's latest purchases first (of the credit's product, where it has
one), issued on its day or before; of one day the largest first. Credits count in order of issue, of one
day the largest first, and never take back more than a purchase was worth, so no credit of a later day
moves an earlier one. Line ids decide between equals only: where the export gives none they are made of
the rows' places, and the order of the rows must not change who gets what.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.concerned import split_negatives, split_originals
from clv_cli.attribution.frozen import split_kept, split_kept_back
from clv_cli.attribution.in_reach import in_reach
from clv_cli.attribution.lines import FACETS, in_period
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

GROUP = ["code", "currency"]
# Amounts first: credits and purchases of a day stand largest first and largest on top.
WITHIN_DAY = ["amount", "product_id", *FACETS, "line_id"]
TAKING = {"line_id": pl.String, "original_line_id": pl.String, "taken": pl.Int64}
Taking = tuple[str, str, int]
# Line, product, amount, and the original that a credit names.
Event = tuple[str, str | None, int, str | None]


@derived("split_takings", split_negatives, split_originals, split_kept, split_kept_back)
def split_takings(
    _: Scope,
    negative: pl.DataFrame,
    originals: pl.DataFrame,
    kept: pl.DataFrame,
    back: pl.DataFrame,
) -> pl.DataFrame:
    """How much does which credit take back of which purchase?

    Credits of closed months took what they took; the others take what those left.

    Returns:
        One row a credit x purchase, sorted by credit: `line_id, original_line_id, taken` (minor units
        of their currency, above 0), `nth`: its place among the takings of the purchase, and `closed`.
    """
    before = back.group_by("line_id", "original_line_id", "issued_on").agg(
        taken=0 - pl.col("own").sum()
    )
    left = _left(originals, kept, before)
    days = ["line_id", "issued_on"]
    open_ = _open_takings(negative.filter(~pl.col("closed")), left).join(
        negative.select(days), on="line_id"
    )
    both = pl.concat(
        [
            before.filter(pl.col("taken") > 0).select(*TAKING, "issued_on", closed=True),
            open_.select(*TAKING, "issued_on", closed=False),
        ]
    )
    order = ["issued_on", "taken", "line_id", "original_line_id"]
    nth = pl.int_range(pl.len(), dtype=pl.Int64).over("original_line_id")
    keys = ["original_line_id"]
    placed = _among_equals(both, keys, nth, pl.lit(0, pl.Int64), "nth", order)
    return placed.sort("issued_on", "line_id", "original_line_id").drop("issued_on")


def _among_equals(  # noqa: PLR0913, PLR0917 - a window function in parts
    rows: pl.DataFrame,
    keys: Sequence[str],
    window: pl.Expr,
    alone: pl.Expr,
    name: str,
    order: Sequence[str] = (),
) -> pl.DataFrame:
    """A window function by keys that few rows share: computed for those, in their order or in one."""
    shared = pl.struct(keys).is_duplicated() if len(keys) > 1 else pl.col(keys[0]).is_duplicated()
    several = rows.select(shared).to_series()
    told = rows.filter(several)
    both = [
        rows.filter(~several).with_columns(alone.alias(name)),
        (told.sort(order) if order else told).with_columns(window.alias(name)),
    ]
    return pl.concat(both)


def _left(originals: pl.DataFrame, kept: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The purchases with what of their `amount` credits of closed months left."""
    worth = kept.group_by("line_id").agg(kept=pl.col("own").sum())
    gone = before.group_by(line_id="original_line_id").agg(gone=pl.col("taken").sum())
    both = originals.join(worth, on="line_id", how="left").join(gone, on="line_id", how="left")
    at_closing = pl.when("closed").then(pl.col("kept").fill_null(0)).otherwise("amount")
    left = (at_closing - pl.col("gone").fill_null(0)).clip(lower_bound=0)
    return both.with_columns(amount=left).drop("kept", "gone")


def _open_takings(negative: pl.DataFrame, originals: pl.DataFrame) -> pl.DataFrame:
    """What credits of open months take back: `line_id, original_line_id, taken`."""
    worth = originals.select(*GROUP, original_line_id="line_id", worth="amount")
    keys = [*GROUP, "original_line_id"]
    ordered = negative.sort("issued_on", *WITHIN_DAY).join(
        worth, on=keys, how="left", maintain_order="left"
    )
    owed = -pl.col("amount")
    # Only credits that share an original add up; none of them has none.
    asked = _among_equals(ordered, ["original_line_id"], owed.cum_sum().over(keys), owed, "asked")
    covered = (pl.col("asked") <= pl.col("worth")).fill_null(value=False)
    adrift = asked.filter(~covered).select(GROUP).unique()
    direct = ordered.join(adrift, on=GROUP, how="anti").select(
        "line_id", "original_line_id", taken=owed
    )
    stacked = pl.DataFrame(_stacked(originals, ordered, adrift), schema=TAKING, orient="row")
    return pl.concat([direct, stacked])


def _stacked(originals: pl.DataFrame, credits_: pl.DataFrame, adrift: pl.DataFrame) -> list[Taking]:
    """The takings of customers with a credit that its original does not cover, last in first out."""
    columns = [*GROUP, "issued_on", *WITHIN_DAY]
    none = pl.lit(None, pl.String)
    events = pl.concat(
        frame.join(adrift, on=GROUP, how="semi").select(*columns, name)
        for frame, name in (
            (originals, none.alias("original_line_id")),
            (credits_, "original_line_id"),
        )
    )
    # Purchases before credits of the same day: what was bought that day can be taken back.
    ordered = events.sort(*GROUP, "issued_on", pl.col("amount") < 0, *WITHIN_DAY)
    within = in_reach(ordered)
    event = ("line_id", "product_id", "amount", "original_line_id")
    walked = list(zip(*(within[name].to_list() for name in event), strict=True))
    end, found = 0, []
    for count in within.select(pl.struct(GROUP).rle().struct.field("len")).to_series():
        begin, end = end, end + count
        found += _one_customer(walked[begin:end])
    return found


def _one_customer(events: Sequence[Event]) -> list[Taking]:
    left = {line: amount for line, _, amount, _ in events if amount > 0}
    stacks: dict[str | None, list[str]] = defaultdict(list)
    every, found = stacks[None], []
    for line, product, amount, named in events:
        if amount > 0:
            every.append(line)
            # Every purchase can be taken back by a credit without a product, too.
            if product is not None:
                stacks[product].append(line)
            continue
        owed, stack = -amount, stacks[product]
        # What it names first, then the latest; what is spent already leaves the stack.
        original = named if named in left else None
        while owed and (original is not None or stack):
            top = stack[-1] if original is None else original
            taken = min(owed, left[top])
            if taken:
                left[top] -= taken
                owed -= taken
                found.append((line, top, taken))
            if original is None and not left[top]:
                stack.pop()
            original = None
    return found


@derived("split_credits", split_negatives, split_takings)
def split_credits(scope: Scope, negative: pl.DataFrame, takings: pl.DataFrame) -> pl.DataFrame:
    """What is left of each credit when it has taken back what it could?

    Returns:
        The credits with `excess` and `excess_base` (Int64, not negative) and `reported`.
    """
    sums = takings.group_by("line_id").agg(pl.col("taken").sum())
    owed = -pl.col("amount")
    joined = negative.join(sums, on="line_id", how="left").sort("line_id")
    excess = joined.with_columns(excess=owed - pl.col("taken").fill_null(0))
    base = (-pl.col("amount_base")).cast(pl.Int128) * pl.col("excess") // owed
    return excess.with_columns(excess_base=base.cast(pl.Int64), reported=in_period(scope)).drop(
        "taken"
    )
