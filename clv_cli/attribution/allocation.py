"""Cut amounts into integer cells by largest remainder, line by line.

The cells of a line always sum to the line. Their totals drift from the exact rational totals by at
most half a unit a fractional line and bucket where two cells share a line, below one unit where more
do; lines that go wholly into one bucket are not touched at all.
"""

from __future__ import annotations

import polars as pl

from clv_cli.errors import DataError
from clv_cli.money import allocate

LIMIT = 2**127 - 1
# Parts and buckets are enumerations: their order is that of `motion.PARTS` and the waterfall.
ORDER = ["part", "bucket", "component", "rule_id", "evidence"]


def largest_remainder(
    cells: pl.DataFrame, line: str, total: str, share: tuple[str, str]
) -> pl.Series:
    """Cut each line's total by its cells' shares, as `money.allocate` does.

    Args:
        cells: one row a cell, in the order in which ties are settled.
        line: column that tells lines apart.
        total: column of the line's amount, of either sign, the same on all its cells.
        share: columns of the cell's share, not negative, and of the sum of the line's, above 0.

    Returns:
        Int64 cells in the order of the rows. Exact at any size: what would not fit 128 bits is cut
        in unbounded integers.
    """
    wide = cells.select(
        line=pl.col(line),
        place=pl.int_range(pl.len()),
        total=pl.col(total).cast(pl.Int128),
        num=pl.col(share[0]).cast(pl.Int128),
        den=pl.col(share[1]).cast(pl.Int128),
    )
    fits = pl.col("total").abs() <= LIMIT // pl.col("den")
    both = [_fast(wide.filter(fits)), _slow(wide.filter(~fits))]
    return pl.concat(both).sort("place")["cell"]


def _fast(wide: pl.DataFrame) -> pl.DataFrame:
    whole = pl.col("total").abs() * pl.col("num")
    floors = wide.with_columns(cell=whole // pl.col("den"), over=whole % pl.col("den"))
    left = pl.col("total").abs() - pl.col("cell").sum().over("line")
    ranked = (
        floors.with_columns(left=left)
        .sort("line", "over", "place", descending=[False, True, False])
        .with_columns(rank=pl.int_range(pl.len()).over("line"))
    )
    up = (pl.col("rank") < pl.col("left")).cast(pl.Int128)
    cell = (pl.col("cell") + up) * pl.col("total").sign()
    return ranked.select("place", cell=cell.cast(pl.Int64))


def _slow(wide: pl.DataFrame) -> pl.DataFrame:
    cells: list[int] = []
    ordered = wide.sort("line", "place")
    for _, line in ordered.group_by("line", maintain_order=True):
        cells += allocate(line["total"][0], line["num"].to_list())
    return ordered.select("place", cell=pl.Series(cells, dtype=pl.Int64))


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


def give_back(cells: pl.DataFrame, credits_: pl.DataFrame) -> pl.DataFrame:
    """Cut credits by the cells of the purchases they take back.

    Each credit is cut by what earlier ones left of its original's cells, in the original's own
    currency, so that credits which add up to the purchase leave every cell at exactly 0; and no
    later credit changes an earlier one. The base amount follows those parts: for a purchase in the
    base currency it is the same figure.

    Args:
        cells: the cells of originals: `original_line_id`, and `own`, the cell in minor units of the
            line's currency.
        credits_: with `original_line_id, nth, taken, taken_base`.

    Returns:
        One row a credit x cell of its original: the columns of the credit, those of the cell's
        place, `share_num`, `share_den` (of the credit) and `amount` (Int64, not positive).
    """
    left = cells.select(*ORDER, "original_line_id", left="own")
    rounds = [_cut(credits_.clear(), left)]
    for nth in credits_["nth"].unique().sort():
        cut = _cut(credits_.filter((pl.col("nth") == nth) & (pl.col("taken") > 0)), left)
        rounds.append(cut)
        spent = cut.select("original_line_id", *ORDER, "given")
        left = (
            left.join(spent, on=["original_line_id", *ORDER], how="left", nulls_equal=True)
            .with_columns(pl.col("left") - pl.col("given").fill_null(0))
            .drop("given")
        )
    given = pl.concat(rounds).filter(pl.col("given") > 0)
    return given.with_columns(
        share_num=pl.col("given").cast(pl.Int128), share_den=pl.col("taken").cast(pl.Int128)
    ).drop("left", "whole", "given")


def _cut(credits_: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """At most one credit an original, cut by what is left of it."""
    cut = credits_.join(left, on="original_line_id").sort("line_id", *ORDER)
    cut = cut.with_columns(whole=pl.col("left").cast(pl.Int128).sum().over("line_id"))
    cut = cut.with_columns(given=largest_remainder(cut, "line_id", "taken", ("left", "whole")))
    base = largest_remainder(cut, "line_id", "taken_base", ("given", "taken"))
    return cut.with_columns(amount=0 - base)
