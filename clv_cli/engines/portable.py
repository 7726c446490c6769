"""The group-by of the lines, written once for every engine that narwhals knows.

It asks only what all of them share, and keeps sums exact: a 64-bit sum wraps in one engine and has another
type in the next, a decimal of 38 digits is the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

if TYPE_CHECKING:
    from clv_cli.pipeline import Facts

# 38 digits: a sum of 10^9 lines of 10^14 minor units has 23.
EXACT = nw.Decimal(38, 0)


def summed(rows: nw.LazyFrame[Any], facts: Facts) -> nw.LazyFrame[Any]:
    """The facts of some rows, grouped and summed, in any order.

    Args:
        rows: with the keys, sums and mins of the facts.
        facts: what is grouped and summed.
    """
    exact = rows.with_columns(nw.col(*facts.sums).cast(EXACT))
    counts = {} if facts.count is None else {facts.count: nw.len()}
    mins = [nw.col(name).min() for name in facts.mins]
    return exact.group_by(*facts.keys).agg(nw.col(*facts.sums).sum(), *mins, **counts)
