"""Line attribution without an as-of join: what `attribution.cs.after` does, in terms every engine knows.

Touches and lines become one list of events by customer and day; each line then looks back to the last touch
above it by a forward fill. Days are only compared, never counted, for engines count them differently: a touch
carries the last day of its window.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from clv_cli.engines.portable import EXACT

COLUMNS = ("code", "day", "rank", "touch_id", "until", "line_id", "month", "amount")
FACT_KEYS = ("code", "month", "touched")


def latest_touch(lines: nw.LazyFrame[Any], touches: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The lines issued within the window of the customer's latest touch before them.

    Args:
        lines: `line_id, code, day, month, amount`.
        touches: `code, day, until, touch_id`, one a customer and day.

    Returns:
        `line_id, code, month, amount`, and `touch_id`, null where no window holds the line.
    """
    nothing = {"line_id": nw.String(), "month": nw.Int32(), "amount": nw.Int64()}
    above = touches.with_columns(
        rank=nw.lit(0), **{name: nw.lit(None, dtype) for name, dtype in nothing.items()}
    )
    # A touch of the same day comes first: it may have led to the line.
    below = lines.with_columns(
        rank=nw.lit(1), touch_id=nw.lit(None, nw.String()), until=nw.lit(None, nw.Date())
    )
    events = nw.concat([above.select(*COLUMNS), below.select(*COLUMNS)], how="vertical")
    filled = events.with_columns(
        nw.col("touch_id", "until")
        .fill_null(strategy="forward")
        .over("code", order_by=["day", "rank"])
    )
    own = filled.filter(~nw.col("line_id").is_null())
    inside = nw.when(nw.col("day") <= nw.col("until")).then(nw.col("touch_id"))
    return own.select("line_id", "code", "month", "amount", touch_id=inside)


def rescued_facts(lines: nw.LazyFrame[Any], touches: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """How much was billed by customer, month and whether a touch led to it: `lines, amount`."""
    touched = latest_touch(lines, touches).with_columns(
        touched=~nw.col("touch_id").is_null(), amount=nw.col("amount").cast(EXACT)
    )
    return touched.group_by(*FACT_KEYS).agg(nw.col("amount").sum(), lines=nw.len())
