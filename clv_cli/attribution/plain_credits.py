"""Customers whose credits need no walk: each fits into the purchase that it would look at first.

That is the purchase it names, or else the latest one before it (of its product, where it has one). Where
all that a customer's credits would take of a purchase together is no more than it is worth, none of them
ever finds it spent, so each takes all that it asks for there, whatever the others do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.grouping import end_of

if TYPE_CHECKING:
    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool]]

# Sums below this, as floats say, 64 bits hold.
ROOM = 2.0**62


def plain(events: pl.DataFrame) -> tuple[pl.Series, Ints]:
    """Which events are of such customers, and from which event does each credit of theirs take?

    Args:
        events: see `matching.taken_in_order`.

    Returns:
        A mask, and for each credit the place of the purchase that it looks at first; -1 where there is none.
    """
    group, amount = events["group"].to_numpy().astype(np.int64), events["amount"].to_numpy()
    product = (events["product_id"].to_physical().cast(pl.Int64) + 1).fill_null(0).to_numpy()
    bought, credit = amount > 0, np.flatnonzero(amount <= 0)
    of_product = group * (product.max(initial=0) + 1) + product
    top = np.where(product > 0, _latest(of_product, bought), _latest(group, bought))
    named = _named(events, bought)
    top = np.where(named < 0, top, named)
    asked, owed = top[credit], -amount[credit]
    lost = asked < 0
    sums = np.zeros(len(amount), np.int64)
    np.add.at(sums, asked[~lost], owed[~lost])
    near = np.bincount(asked[~lost], owed[~lost].astype(np.float64), len(amount))
    over = (sums > np.where(bought, amount, 0)) | (near >= ROOM)
    walked = np.zeros(int(group.max(initial=-1)) + 1, np.bool)
    walked[group[over]] = True
    walked[group[credit[lost]]] = True
    return pl.Series(~walked[group]), top


def _latest(stack: Ints, bought: Bools) -> Ints:
    """The place of the latest purchase of the same stack up to each event; -1 where there is none."""
    order = np.argsort(stack, kind="stable")
    stacked = stack[order]
    place = np.maximum.accumulate(np.where(bought[order], np.arange(len(stack)), -1))
    found = np.empty(len(stack), np.int64)
    found[order] = np.where((place >= 0) & (stacked[place] == stacked), order[place], -1)
    return found


def _named(events: pl.DataFrame, bought: Bools) -> Ints:
    """The place of the purchase that each credit names; -1 where it names none that is here."""
    named = events["original"]
    asked = named.is_not_null().to_numpy()
    found = np.full(len(bought), -1, np.int64)
    line, original = events["line"], named.drop_nulls()
    table = np.full(end_of(line.filter(bought), original), -1, np.int64)
    table[line.filter(bought).to_numpy()] = np.flatnonzero(bought)
    found[asked] = table[original.to_numpy()]
    return found
