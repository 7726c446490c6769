"""The integer cells of what rules reach: of purchases, and of what credits take back of them."""

from __future__ import annotations

import numpy as np
import polars as pl

from clv_cli.attribution.allocation import Cutter, give_back, ordered, with_shares, without
from clv_cli.attribution.concerned import places_of, split_history, split_negatives
from clv_cli.attribution.frozen import split_kept, split_kept_back
from clv_cli.attribution.lines import ONE
from clv_cli.attribution.matching import split_takings
from clv_cli.attribution.motion import PART
from clv_cli.attribution.names import CELL, named, split_names
from clv_cli.attribution.reach import beside, numbers, split_bought
from clv_cli.attribution.tiers import BUCKET
from clv_cli.attribution.unmatched import rest_of
from clv_cli.attribution.waterfall import split_shares
from clv_cli.pipeline import Scope, derived

COLUMNS = ("at", *CELL, "share_num", "share_den", "own", "amount")
# The row of a credit that is no longer among the lines.
GONE = -1
# More than there are lines.
LINES = 2**31


def sales(component: str | pl.Expr) -> dict[str, pl.Expr]:
    """The cell of what no rule is granted, under the name of its component."""
    name = pl.lit(component) if isinstance(component, str) else component
    return {
        "part": pl.lit("whole", PART),
        "bucket": pl.lit("sales", BUCKET),
        "component": name,
        "rule_id": name,
    }


@derived(
    "split_rounded",
    split_history,
    split_bought,
    split_shares,
    split_takings,
    split_negatives,
    split_kept,
    split_kept_back,
    split_names,
)
def split_rounded(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    lines: pl.DataFrame,
    bought: pl.DataFrame,
    shares: pl.DataFrame,
    takings: pl.DataFrame,
    negative: pl.DataFrame,
    kept: pl.DataFrame,
    gone: pl.DataFrame,
    names: pl.DataFrame,
) -> pl.DataFrame:
    """All integer cells of what rules reach: of purchases, and of what credits take back of them.

    Returns:
        `at` (the purchase), the cell, `share_num, share_den`, `own` (in the line's currency) and
        `amount` (in the base currency), both not negative; `credit` for what one takes back: its row in
        `split_negatives`, -1 where a closed month's credit is gone from the lines.
    """
    cutter = Cutter(scope)
    closed = _placed(kept, "line_id", lines, bought, names)
    back = gone.with_columns(
        -pl.col("own", "amount"), credit=places_of(negative, gone["line_id"]).fill_null(GONE)
    )
    spent = _placed(back, "original_line_id", lines, bought, names)
    purchases = _purchases(cutter, bought, shares, rest_of(scope), names)
    cells = pl.concat([purchases, closed.select(COLUMNS)])
    now = takings.filter(~pl.col("closed")).select("credit", "original", "nth", "taken")
    placed = beside(now, negative, "currency", "month", at="credit")
    taken = placed.with_columns(at=numbers(bought, now["original"]))
    originals = cells.filter(pl.col("at").is_in(taken["at"].unique().implode()))
    given = give_back(cutter, without(originals, spent), taken)
    none = cells.with_columns(credit=pl.lit(None, pl.Int64))
    return pl.concat(frame.select(*COLUMNS, "credit") for frame in (none, spent, given))


def _placed(
    rows: pl.DataFrame, name: str, lines: pl.DataFrame, bought: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """Frozen rows with the purchase of `split_bought` (`at`) whose id stands in a column."""
    placed = rows.with_columns(place=places_of(lines, rows[name]))
    return named(placed, names).join(
        bought.select("at", pl.col("place").cast(pl.Int64)), on="place"
    )


def _purchases(
    cutter: Cutter, bought: pl.DataFrame, shares: pl.DataFrame, rest: pl.Expr, names: pl.DataFrame
) -> pl.DataFrame:
    """The cells of purchases; those that go wholly into one are not cut at all."""
    now, at = ~bought["closed"], shares["at"]
    here = now.gather(at)
    undivided = shares.select(_is_whole()).to_series()
    money = bought.select("code", "at", own="amount", amount="amount_base")
    # What no rule matches is not divided by motion: the whole line is sales.
    matched = np.zeros(bought.height, np.bool)
    matched[at.to_numpy()] = True
    free = money.filter(now & ~pl.Series(matched)).with_columns(
        **sales(rest), evidence=pl.lit(None, pl.String)
    )
    whole = beside(shares.filter(here & undivided), money, "own", "amount")
    one = {"share_num": ONE, "share_den": ONE}
    cut = _cut(cutter, bought, shares.filter(here & ~undivided))
    frames = [named(free, names).with_columns(**one), whole.with_columns(**one), cut]
    return pl.concat(frame.select(COLUMNS) for frame in frames)


def _cut(cutter: Cutter, bought: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """The cells of purchases that several share, by currency, month and place."""
    scope, at = cutter.scopes(bought), shares["at"].to_numpy()
    line = np.empty(len(scope), np.int64)
    line[np.argsort(scope * LINES + np.arange(len(scope)))] = np.arange(len(scope))
    cells = with_shares(ordered(shares, line[at]))
    of = cells["at"]
    rows = cells.with_columns(
        line=of,
        scope=pl.Series(scope).gather(of),
        own=bought["amount"].gather(of),
        amount=bought["amount_base"].gather(of),
    )
    share = ("share_num", "share_den")
    return rows.with_columns(cutter.cut(rows, ("own", *share), ("amount", *share)))


def _is_whole() -> pl.Expr:
    return (pl.col("part_num") == pl.col("part_den")) & (pl.col("tier_num") == pl.col("tier_den"))
