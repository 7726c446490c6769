"""Cut amounts into integer cells, all lines of a currency and month together.

The exact share of a purchase's cell is what the waterfall grants; that of a credit's cell is what
earlier credits left of the integer cells of the purchase it takes back, so that credits which add up
to the purchase leave every cell at exactly nothing, in the line's currency and in the base currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.rounding import LIMIT, carried
from clv_cli.errors import DataError

if TYPE_CHECKING:
    from clv_cli.attribution.rounding import Carry
    from clv_cli.pipeline import Scope

# Buckets and parts are enumerations: their order is that of the waterfall and of `motion.PARTS`.
ORDER = ["bucket", "part", "component", "rule_id", "evidence"]
# Months are below this; a scope is a currency and a month in one number.
MONTHS = 2**17


def with_shares(raw: pl.DataFrame) -> pl.DataFrame:
    """Each cell's exact share of its line, over one denominator a line.

    Args:
        raw: see `waterfall.split_shares`.

    Returns:
        The rows in the order of cells, with `share_num` and `share_den` (Int128).

    Raises:
        DataError: a share that 128 bits cannot hold.
    """
    ordered = raw.sort("at", *ORDER)
    # CS claims the same of all parts, so a part without CXM divides the denominator of one with it.
    tier = pl.col("tier_den").max().over("at")
    ordered = ordered.with_columns(_tier=tier)
    too_fine = ordered.filter(pl.col("part_den") > LIMIT // pl.col("_tier"))
    if not too_fine.is_empty():
        raise DataError(
            "the weights of rules that share a purchase are finer than 128 bits can hold",
            where=f"rule {too_fine['rule_id'][0]}",
            hint="write the weights of the rules with fewer digits",
        )
    num = pl.col("part_num") * pl.col("tier_num") * (pl.col("_tier") // pl.col("tier_den"))
    return ordered.with_columns(share_num=num, share_den=pl.col("part_den") * pl.col("_tier")).drop(
        "_tier", "part_num", "part_den", "tier_num", "tier_den"
    )


class Cutter:
    """Cuts batches of lines one after the other; what a batch leaves over the next makes good.

    Args:
        scope: the currencies, and which of them is the base.
    """

    def __init__(self, scope: Scope) -> None:
        self._base = scope.currency
        self._codes = {name: code for code, name in enumerate(scope.book.lines.currencies)}
        self._carries: dict[str, Carry] = {"own": {}, "base": {}}
        self._back = False

    def turn(self) -> None:
        """From here on cells are taken back."""
        self._back = True

    def cut(
        self, cells: pl.DataFrame, own: tuple[str, str, str], base: tuple[str, str, str]
    ) -> pl.DataFrame:
        """Integer cells in the line's currency and in the base currency.

        Args:
            cells: with `line, bucket, currency, month`, a line's cells together, in order.
            own: columns of the line's total in its own currency, of the share and its denominator.
            base: the same in the base currency; not looked at where that is the line's own.

        Returns:
            The rows with `own` and `amount` (Int64).
        """
        numbered = cells.with_columns(
            scope=pl.col("currency").replace_strict(self._codes, return_dtype=pl.Int64) * MONTHS
            + pl.col("month")
        )
        mine = self._carried("own", numbered, own)
        cut = numbered.with_columns(mine.alias("own"))
        abroad = cut["currency"] != self._base
        amount = mine.to_numpy().copy()
        amount[abroad.to_numpy()] = self._carried("base", cut.filter(abroad), base).to_numpy()
        return cut.with_columns(pl.Series("amount", amount)).drop("scope")

    def _carried(self, kind: str, cells: pl.DataFrame, share: tuple[str, str, str]) -> pl.Series:
        total, num, den = (pl.col(name) for name in share)
        wide = cells.select(
            "scope",
            "line",
            pl.col("bucket").to_physical().cast(pl.Int64),
            total=total.cast(pl.Int64),
            num=num,
            den=den,
        )
        # What is taken back makes totals smaller: what purchases left over counts the other way.
        sign = -1 if self._back else 1
        before = {key: sign * left for key, left in self._carries[kind].items()}
        cut, after = carried(wide, before)
        self._carries[kind] = {key: sign * left for key, left in after.items()}
        return cut


def give_back(cutter: Cutter, cells: pl.DataFrame, takings: pl.DataFrame) -> pl.DataFrame:
    """Cut credits by the cells of the purchases they take back.

    Args:
        cutter: has cut the purchases.
        cells: of the purchases taken back: `original_line_id` (the id, or the place in the order of
            ids), the cell, `own, amount`.
        takings: `line_id, original_line_id, nth, taken, currency, month`.

    Returns:
        One row a taking x cell of its purchase that has something left: the taking, the cell's place,
        `share_num, share_den` (its exact part of the credit's money), `own, amount` (Int64, not negative).
    """
    cutter.turn()
    left = cells.select("original_line_id", *ORDER, "own", "amount")
    numbered = takings.sort("line_id", "original_line_id").with_row_index("line")
    rounds = [_one_round(cutter, left, numbered.clear())]
    for nth in numbered["nth"].unique().sort():
        given = _one_round(cutter, left, numbered.filter(pl.col("nth") == nth))
        rounds.append(given)
        # Few purchases are taken back from more than once; what is left of others is not asked.
        later = numbered.filter(pl.col("nth") > nth).select("original_line_id").unique()
        again = [frame.join(later, on="original_line_id", how="semi") for frame in (left, given)]
        left = without(*again)
    rows = pl.concat(rounds).filter((pl.col("share_num") > 0) | (pl.col("amount") > 0))
    return rows.drop("line", "nth")


def without(cells: pl.DataFrame, spent: pl.DataFrame) -> pl.DataFrame:
    """What is left of cells, less what credits took of them: both with `original_line_id`."""
    if spent.is_empty():
        return cells
    keys = ["original_line_id", *ORDER]
    sums = spent.group_by(keys).agg(_own=pl.col("own").sum(), _amount=pl.col("amount").sum())
    return (
        cells.join(sums, on=keys, how="left", nulls_equal=True)
        .with_columns(
            pl.col("own") - pl.col("_own").fill_null(0),
            pl.col("amount") - pl.col("_amount").fill_null(0),
        )
        .drop("_own", "_amount")
    )


def _one_round(cutter: Cutter, left: pl.DataFrame, takings: pl.DataFrame) -> pl.DataFrame:
    """At most one taking a purchase, cut by what is left of it."""
    wide = [pl.col(name).cast(pl.Int128).alias(f"left_{name}") for name in ("own", "amount")]
    cut = takings.join(left.select("original_line_id", *ORDER, *wide), on="original_line_id")
    cut = cut.sort("line", *ORDER).with_columns(
        whole_own=pl.col("left_own").sum().over("line"),
        whole_amount=pl.col("left_amount").sum().over("line"),
    )
    # The share of the purchase taken back, of its money in the base currency; the last one takes all.
    share = 2 * pl.col("whole_amount") * pl.col("taken") + pl.col("whole_own")
    cut = cut.with_columns(
        taken_base=(share // (2 * pl.col("whole_own"))).cast(pl.Int64),
        den=pl.max_horizontal("whole_amount", pl.lit(1, pl.Int128)),
    )
    given = cutter.cut(
        cut, ("taken", "left_own", "whole_own"), ("taken_base", "left_amount", "den")
    )
    exact = pl.col("left_own") * pl.col("taken")
    return given.with_columns(share_num=exact, share_den="whole_own").drop(
        "left_own", "left_amount", "whole_own", "whole_amount", "taken_base", "den"
    )
