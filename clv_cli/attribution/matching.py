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

import numpy as np
import polars as pl

from clv_cli.attribution.concerned import places_of, split_history, split_negatives
from clv_cli.attribution.frozen import split_kept, split_kept_back
from clv_cli.attribution.in_reach import in_reach
from clv_cli.attribution.lines import FACETS, in_period
from clv_cli.attribution.plain_credits import plain
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Scope

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

GROUP = ["code", "currency"]
# Amounts first: credits and purchases of a day stand largest first and largest on top.
WITHIN_DAY = ["amount", "product_id", *FACETS, "line_id"]
SEEN = (*GROUP, "issued_on", "product_id")
# Rows of `split_negatives` and `split_history`.
TAKING = {"credit": pl.Int64, "original": pl.Int64, "taken": pl.Int64}
COLUMNS = (*TAKING, "line_id", "original_line_id", "issued_on", "closed")
NEVER = -(2**31)
Taking = tuple[int, int, int]
# Line, product, amount, and the original that a credit names.
Event = tuple[int, str | None, int, int | None]


@derived("split_takings", split_history, split_negatives, split_kept, split_kept_back)
def split_takings(
    _: Scope,
    lines: pl.DataFrame,
    negative: pl.DataFrame,
    kept: pl.DataFrame,
    back: pl.DataFrame,
) -> pl.DataFrame:
    """How much does which credit take back of which purchase?

    Credits of closed months took what they took; the others take what those left.

    Returns:
        One row a credit x purchase, in no order: `line_id, original_line_id, taken` (minor
        units of their currency, above 0), `nth`: its place among the takings of the purchase, `closed`,
        and the rows of both: `credit` in `split_negatives`, `original` in `split_history` (null where a
        closed month names what is no longer there).
    """
    before = _taken_before(lines, negative, back)
    found = _open_takings(lines, negative, _left(lines, kept, before))
    open_ = found.with_columns(
        negative[name].gather(found["credit"]) for name in ("line_id", "issued_on")
    ).with_columns(
        original_line_id=lines["line_id"].gather(found["original"]), closed=pl.lit(value=False)
    )
    both = pl.concat([before.filter(pl.col("taken") > 0).select(COLUMNS), open_.select(COLUMNS)])
    return _numbered(both).drop("issued_on")


def _taken_before(lines: pl.DataFrame, negative: pl.DataFrame, back: pl.DataFrame) -> pl.DataFrame:
    """What credits of closed months took: `COLUMNS`."""
    sums = back.group_by("line_id", "original_line_id", "issued_on").agg(
        taken=0 - pl.col("own").sum()
    )
    return sums.with_columns(
        credit=places_of(negative, sums["line_id"]),
        original=places_of(lines, sums["original_line_id"]),
        closed=pl.lit(value=True),
    )


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Takings with `nth`: their place among those of their purchase, of which few have several."""
    # Several that name a purchase which is gone have none in common: their ids tell them apart below.
    several, nth = rows["original"].is_duplicated(), pl.int_range(pl.len(), dtype=pl.Int64)
    alone = rows.filter(~several).with_columns(nth=pl.lit(0, pl.Int64))
    told = rows.filter(several).sort("issued_on", "taken", "line_id", "original_line_id")
    return pl.concat([alone, told.with_columns(nth=nth.over("original_line_id"))])


def _left(lines: pl.DataFrame, kept: pl.DataFrame, before: pl.DataFrame) -> Ints:
    """What credits of closed months left of each line of `split_history`."""
    left = np.where(lines["closed"].to_numpy(), 0, lines["amount"].to_numpy())
    worth = kept.group_by("line_id").agg(pl.col("own").sum())
    worth = worth.with_columns(place=places_of(lines, worth["line_id"])).drop_nulls("place")
    left[worth["place"].to_numpy()] = worth["own"].to_numpy()
    gone = before.drop_nulls("original")
    np.subtract.at(left, gone["original"].to_numpy(), gone["taken"].to_numpy())
    return np.asarray(np.maximum(left, 0))


def _open_takings(lines: pl.DataFrame, negative: pl.DataFrame, left: Ints) -> pl.DataFrame:
    """What credits of open months take back: `TAKING`."""
    numbered = negative.with_columns(credit=pl.int_range(pl.len()))
    credits_ = numbered.filter(~pl.col("closed"))
    named = credits_.drop_nulls("original").group_by("original")
    sums = named.agg(owed=0 - pl.col("amount").cast(pl.Int128).sum())
    beyond = sums["owed"] > pl.Series(left[sums["original"].to_numpy()])
    covered = pl.col("original").is_in(sums.filter(~beyond)["original"].implode())
    # Of a customer with one credit that its original does not cover, all are looked at in order.
    adrift = credits_.filter(~covered.fill_null(value=False)).select(GROUP).unique()
    direct = credits_.join(adrift, on=GROUP, how="anti")
    stacked = _stacked(lines, left, credits_, adrift.with_row_index("group"))
    return pl.concat([direct.select("credit", "original", taken=-pl.col("amount")), stacked])


def _stacked(
    lines: pl.DataFrame, left: Ints, credits_: pl.DataFrame, adrift: pl.DataFrame
) -> pl.DataFrame:
    """The takings of customers with a credit that its original does not cover, last in first out."""
    columns = (*SEEN, "line", "original", "amount", "row")
    taking = credits_.with_row_index("row").join(adrift, on=GROUP, how="semi")
    bought = _purchases(lines, left, taking)
    events = pl.concat(
        frame.select(columns)
        for frame in (bought, taking.select(*SEEN, "original", "amount", "row", line="credit"))
    )
    within = in_reach(events.join(adrift, on=GROUP).drop(GROUP))
    # Purchases before credits of the same day: what was bought that day can be taken back.
    told = [
        frame.with_columns(of.select(pl.col(*FACETS, "line_id").gather(frame["row"])))
        for frame, of in (
            (within.filter(pl.col("amount") > 0), lines),
            (within.filter(pl.col("amount") < 0), credits_),
        )
    ]
    ordered = pl.concat(told).sort("group", "issued_on", pl.col("amount") < 0, *WITHIN_DAY)
    return taken_in_order(ordered)


def taken_in_order(events: pl.DataFrame) -> pl.DataFrame:
    """The takings of events that stand in their order, customer by customer: `TAKING`.

    Args:
        events: `group` (customer and currency), `line` (the row of the purchase, or of the credit), `amount`
            (below 0: a credit), `product_id` (an enumeration) and `original`, the row of what it names.
    """
    simple, top = plain(events)
    easy = events.filter(simple & (events["amount"] < 0))
    asked = pl.Series(top).filter(simple & (events["amount"] < 0))
    plain_ = easy.select(
        credit=pl.col("line").cast(pl.Int64),
        original=events["line"].gather(asked).cast(pl.Int64),
        taken=-pl.col("amount"),
    )
    rest = events.filter(~simple)
    event = [rest[name].to_list() for name in ("line", "product_id", "amount", "original")]
    end, found = 0, []
    for count in rest["group"].rle().struct.field("len").to_list():
        begin, end = end, end + count
        # One customer's events at a time: of all at once the garbage collector would look at each.
        found += _one_customer(list(zip(*(column[begin:end] for column in event), strict=True)))
    return pl.concat([plain_, pl.DataFrame(found, TAKING, orient="row")])


def _purchases(lines: pl.DataFrame, left: Ints, credits_: pl.DataFrame) -> pl.DataFrame:
    """What is left of the purchases up to the day of their customer's last credit, and of those named."""
    code, named = lines["code"].to_numpy(), credits_["original"].drop_nulls().to_numpy()
    last = np.full(code.max(initial=-1) + 1, NEVER, np.int32)
    days = credits_["issued_on"].to_physical().to_numpy()
    np.maximum.at(last, credits_["code"].to_numpy(), days)
    wanted = lines["issued_on"].to_physical().to_numpy() <= last[code]
    wanted[named] = True
    places = pl.Series(np.flatnonzero(wanted & (left > 0)))
    found = lines.select(pl.col(SEEN).gather(places))
    none, worth = pl.lit(None, pl.Int64), pl.Series(left).gather(places)
    row = places.cast(pl.UInt32)
    return found.with_columns(line=places, original=none, amount=worth, row=row)


def _one_customer(events: Sequence[Event]) -> list[Taking]:
    left = {line: amount for line, _, amount, _ in events if amount > 0}
    stacks: dict[str | None, list[int]] = defaultdict(list)
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
        The credits with `excess` and `excess_base` (Int64, not negative) and `reported`, by id.
    """
    known, owed = takings.drop_nulls("credit"), -pl.col("amount")
    taken = np.zeros(negative.height, np.int64)
    np.add.at(taken, known["credit"].to_numpy(), known["taken"].to_numpy())
    excess = negative.drop("original").with_columns(excess=owed - pl.Series(taken))
    base = (-pl.col("amount_base")).cast(pl.Int128) * pl.col("excess") // owed
    return excess.with_columns(excess_base=base.cast(pl.Int64), reported=in_period(scope))
