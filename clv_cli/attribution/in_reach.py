"""Which purchases could a credit that names none take back at all?

Credits take the latest purchases first. All credits up to one together owe so much; where the purchases
between it and an older one are worth as much, it never gets down to the older one. So only the few
purchases within reach are walked one by one, however long a customer's history is.

Days are as fine as this looks: a purchase stands as high as its day, and a credit owes what its day's
credits owe. That errs towards keeping a purchase, and needs no order by text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool]]

# Above all days, of which some lie before 1970.
DAYS = 2**21
# What heights must stay below for 64 bits; a bit to spare for the float that says so.
ROOM = 2.0**62


def in_reach(events: pl.DataFrame) -> pl.DataFrame:
    """The credits, the purchases they name, and those that some credit could get down to.

    Args:
        events: `group` (customer and currency), `product_id` (an enumeration), `issued_on, line, amount,
            original` of purchases (0 or above) and credits (below 0), in any order.
    """
    product = pl.col("product_id").to_physical().cast(pl.Int64) + 1
    day = pl.col("issued_on").to_physical() + DAYS // 2
    group, day_, product_, amount = (
        events.select(column).to_series().cast(pl.Int64).to_numpy()
        for column in ("group", day, product.fill_null(0), "amount")
    )
    # Sums that 64 bits might not hold are made of Python's integers.
    if np.abs(amount.astype(np.float64)).sum() >= ROOM:
        amount = amount.astype(object)
    owed = _owed(group * DAYS + day_, group, amount)
    stacks = product_.max(initial=0) + 1
    kept = amount < 0
    for stack, asks in ((group, product_ == 0), (group * stacks + product_, product_ > 0)):
        kept |= _within(stack, stack * DAYS + day_, amount, owed, asks)
    named = pl.col("line").is_in(events["original"].drop_nulls().unique().implode())
    return events.filter(pl.Series(kept) | (named & (pl.col("amount") > 0)))


def _runs(keys: Ints) -> tuple[Ints, Ints]:
    """Of sorted keys, the first and the last place of each key's run."""
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    counts = np.diff(begins, append=len(keys))
    return np.repeat(begins, counts), np.repeat(begins + counts - 1, counts)


def _owed(when: Ints, group: Ints, amount: Ints) -> Ints:
    """What all credits of the group up to the end of the day owe, at each event."""
    order = np.argsort(when)
    running = np.cumsum(np.maximum(-amount[order], 0))
    nothing = np.zeros(1, running.dtype)
    before = np.concatenate([nothing, running])[_runs(group[order])[0]]
    owed = np.empty_like(running)
    owed[order] = running[_runs(when[order])[1]] - before
    return owed


def _within(stack: Ints, when: Ints, amount: Ints, owed: Ints, asks: Bools) -> Bools:
    """The purchases that a later credit of the same stack could get down to.

    Heights are worth summed over all stacks: a credit reaches down from the height at which it stands
    by what is owed by then, but not below the bottom of its own stack.
    """
    credit = amount < 0
    order = np.argsort(2 * when + credit)
    worth, stacked = np.maximum(amount[order], 0), stack[order]
    height = np.cumsum(worth)
    bottom = (height - worth)[_runs(stacked)[0]]
    depth = np.maximum(height - owed[order], bottom)
    never = height[-1:].max(initial=0) + 1
    asked = np.where((asks & credit)[order], depth, never)
    lowest = np.minimum.accumulate(asked[::-1])[::-1]
    kept = np.empty(len(amount), np.bool)
    kept[order] = (worth > 0) & (height[_runs(when[order])[1]] > lowest)
    return kept
