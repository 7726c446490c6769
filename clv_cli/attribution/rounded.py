"""The integer cells of what rules reach: of purchases, and of what credits take back of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from clv_cli.attribution.allocation import Cutter, give_back, ordered, without
from clv_cli.attribution.batches import (
    all_bought,
    all_credits,
    all_divided,
    all_takings,
    all_undivided,
)
from clv_cli.attribution.concerned import places_of
from clv_cli.attribution.frozen import split_kept, split_kept_back
from clv_cli.attribution.grouping import among
from clv_cli.attribution.names import CELL, named, split_names
from clv_cli.attribution.reach import beside
from clv_cli.attribution.to_cut import COLUMNS
from clv_cli.pipeline import Scope, derived

# What credits look at of the purchases that they take back.
HELD = ("at", *CELL, "own", "amount")
# The row of a credit that is no longer among the lines.
GONE = -1


@derived(
    "split_rounded",
    all_bought,
    all_undivided,
    all_divided,
    all_takings,
    all_credits,
    split_kept,
    split_kept_back,
    split_names,
)
def split_rounded(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    bought: pl.DataFrame,
    undivided: pl.DataFrame,
    divided: pl.DataFrame,
    takings: pl.DataFrame,
    credits_: pl.DataFrame,
    kept: pl.DataFrame,
    gone: pl.DataFrame,
    names: pl.DataFrame,
) -> pl.DataFrame:
    """All integer cells of what rules reach: of purchases, and of what credits take back of them.

    Returns:
        Cells of purchases, then those that credits take back (`purchases`, `taken_back`): `at` (the
        purchase), the cell, `share_num, share_den`, `own` (in the line's currency) and
        `amount` (in the base currency), both not negative; `credit` for what one takes back: its row in
        `all_credits`, -1 where a closed month's credit is gone from the lines.
    """
    cutter = Cutter(scope)
    closed = _placed(kept, "line_id", bought, names)
    back = gone.with_columns(
        -pl.col("own", "amount"), credit=places_of(credits_, gone["line_id"]).fill_null(GONE)
    )
    spent = _placed(back, "original_line_id", bought, names)
    cut = _cut(cutter, bought, divided)
    cells = [frame.select(COLUMNS) for frame in (undivided, cut, closed)]
    now = takings.filter(~pl.col("closed")).sort("line_id", "original_line_id")
    taken = beside(
        now.select("credit", "at", "nth", "taken"), credits_, "currency", "month", at="credit"
    )
    credited = among(bought.height, taken["at"])
    held = (frame.select(HELD).filter(credited[frame["at"].to_numpy()]) for frame in cells)
    given = give_back(cutter, without(pl.concat(held), spent), taken)
    none = pl.lit(None, pl.Int64).alias("credit")
    taking = (frame.select(*COLUMNS, "credit") for frame in (spent, given))
    found: pl.DataFrame = pl.concat([*(frame.with_columns(none) for frame in cells), *taking])
    return found


def purchases(rounded: pl.DataFrame) -> pl.DataFrame:
    """The cells of purchases: those that stand first."""
    return rounded.head(rounded["credit"].null_count())


def taken_back(rounded: pl.DataFrame) -> pl.DataFrame:
    """The cells that credits take back; not of those that are gone from the lines."""
    rest = rounded.slice(rounded["credit"].null_count())
    gone = rest["credit"] == GONE
    return rest.filter(~gone) if gone.any() else rest


def _placed(
    rows: pl.DataFrame, name: str, bought: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """Frozen rows with the purchase (`at`) whose id stands in a column."""
    placed = rows.with_columns(at=places_of(bought, rows[name]).cast(pl.UInt32))
    return named(placed.drop_nulls("at"), names)


def _cut(cutter: Cutter, bought: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The cells of purchases that several share, by currency, month and id."""
    mine = np.flatnonzero(among(bought.height, cells["at"]))
    lines = bought.select(pl.col("line_id", "currency", "month").gather(mine))
    scope, by_id = cutter.scopes(lines), lines["line_id"].arg_sort().to_numpy()
    order = by_id[np.argsort(scope[by_id], kind="stable")]
    place = np.zeros(bought.height, np.int64)
    place[mine[order]] = np.arange(len(order))
    rows = ordered(cells, place[cells["at"].to_numpy()])
    line = place[rows["at"].to_numpy()]
    rows = rows.with_columns(line=pl.Series(line), scope=pl.Series(scope[order][line]))
    rows = beside(rows, bought.select(own="amount", amount="amount_base"), "own", "amount")
    share = ("share_num", "share_den")
    return rows.with_columns(cutter.cut(rows, ("own", *share), ("amount", *share)))
