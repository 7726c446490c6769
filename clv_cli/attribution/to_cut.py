"""The cells of purchases before they are rounded: those that nobody shares, and those to be cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.allocation import with_shares
from clv_cli.attribution.lines import ONE
from clv_cli.attribution.motion import PART
from clv_cli.attribution.names import CELL, named, split_names
from clv_cli.attribution.reach import beside, split_bought
from clv_cli.attribution.tiers import BUCKET
from clv_cli.attribution.unmatched import rest_of
from clv_cli.attribution.waterfall import split_shares
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

COLUMNS = ("at", *CELL, "share_num", "share_den", "own", "amount")


def sales(component: str | pl.Expr) -> dict[str, pl.Expr]:
    """The cell of what no rule is granted, under the name of its component."""
    name = pl.lit(component) if isinstance(component, str) else component
    return {
        "part": pl.lit("whole", PART),
        "bucket": pl.lit("sales", BUCKET),
        "component": name,
        "rule_id": name,
    }


@derived("split_undivided", split_bought, split_shares, split_names)
def split_undivided(
    scope: Scope, bought: pl.DataFrame, shares: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """The cells of purchases that go wholly into one: nothing of them is cut.

    What no rule matches is not divided by motion either: the whole line is sales. Lines of closed months
    have their cells already.

    Returns:
        `COLUMNS`.
    """
    now = ~bought["closed"]
    money = bought.select("code", "at", own="amount", amount="amount_base")
    matched = np.zeros(bought.height, np.bool)
    matched[shares["at"].to_numpy()] = True
    free = money.filter(now & ~pl.Series(matched)).with_columns(
        **sales(rest_of(scope)), evidence=pl.lit(None, pl.String)
    )
    whole = shares.select(_is_whole()).to_series() & now.gather(shares["at"])
    undivided = shares.select("at", *CELL).filter(whole)
    cells = (named(free, names), beside(undivided, money, "own", "amount"))
    one = {"share_num": ONE, "share_den": ONE}
    return pl.concat(frame.with_columns(**one).select(COLUMNS) for frame in cells)


@derived("split_divided", split_bought, split_shares)
def split_divided(_: Scope, bought: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """The cells of purchases that several share.

    Returns:
        `at`, the cell, `share_num, share_den` (one denominator a purchase), in no order.
    """
    now = ~bought["closed"]
    several = ~shares.select(_is_whole()).to_series() & now.gather(shares["at"])
    return with_shares(shares.filter(several)).select("at", *CELL, "share_num", "share_den")


def _is_whole() -> pl.Expr:
    return (pl.col("part_num") == pl.col("part_den")) & (pl.col("tier_num") == pl.col("tier_den"))
