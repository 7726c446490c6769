"""Cut amounts into integer cells, all lines of a currency and month together.

The exact share of a purchase's cell is what the waterfall grants; that of a credit's cell is what
earlier credits left of the integer cells of the purchase it takes back, so that credits which add up
to the purchase leave every cell at exactly nothing, in the line's currency and in the base currency.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.grouping import end_of, enumerated, names_of
from clv_cli.attribution.names import CELL, order_of
from clv_cli.attribution.rounding import LIMIT, carried
from clv_cli.errors import DataError
from clv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clv_cli.attribution.rounding import Carry
    from clv_cli.pipeline import Scope

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

# Months are below this; a scope is a currency and a month in one number.
MONTHS = 2**17
LARGEST = 2**63
# What is rounded at once: whole scopes of about so many cells, several side by side.
CELLS = 2**16
Share = tuple[str, str, str]


def ordered(cells: pl.DataFrame, line: Ints) -> pl.DataFrame:
    """Cells in the order of their lines, those of a line in their total order (`names.order_of`).

    Args:
        cells: with the columns of `CELL`.
        line: of each, below 2^31.
    """
    order = order_of(cells).to_numpy()
    most = int(order.max(initial=0)) + 1
    if most * (int(line.max(initial=0)) + 1) >= LARGEST:
        # Where names are so many, those that cells bear are numbered.
        names, order = np.unique(order, return_inverse=True)
        most = len(names)
    # Line and order are one number, which is half as dear to sort.
    return cells.select(pl.all().gather(np.argsort(line * most + order)))


def with_shares(raw: pl.DataFrame) -> pl.DataFrame:
    """Each cell's exact share of its line, over one denominator a line.

    Args:
        raw: see `waterfall.split_shares`; all cells of a line, in no order.

    Returns:
        The rows with `share_num` and `share_den` (Int128).

    Raises:
        DataError: a share that 128 bits cannot hold.
    """
    both = raw.with_columns(_tier=raw["tier_den"].gather(_finest(raw)))
    _require_room(both)
    num = pl.col("part_num") * pl.col("tier_num") * (pl.col("_tier") // pl.col("tier_den"))
    return both.with_columns(share_num=num, share_den=pl.col("part_den") * pl.col("_tier")).drop(
        "_tier", "part_num", "part_den", "tier_num", "tier_den"
    )


def _require_room(cells: pl.DataFrame) -> None:
    # Where the largest of both fit together, so do those of every cell.
    if prod(cells.select(pl.col("part_den", "_tier").max().fill_null(1)).row(0)) <= LIMIT:
        return
    too_fine = cells.filter(pl.col("part_den") > LIMIT // pl.col("_tier"))
    if not too_fine.is_empty():
        raise DataError(
            "the weights of rules that share a purchase are finer than 128 bits can hold",
            where=f"rule {too_fine['rule_id'][0]}",
            hint="write the weights of the rules with fewer digits",
        )


def _finest(cells: pl.DataFrame) -> Ints:
    """For each cell, a row of its line whose tiers have the largest denominator.

    CS claims the same of all parts, so a part without CXM divides the denominator of one with it:
    unequal denominators are so far apart that floats tell them.
    """
    at, size = cells["at"].to_numpy(), cells["tier_den"].cast(pl.Float64).to_numpy()
    largest = np.zeros(end_of(cells["at"]))
    np.maximum.at(largest, at, size)
    most, found = np.flatnonzero(size == largest[at]), np.empty(len(largest), np.int64)
    found[at[most]] = most
    return np.asarray(found[at])


class Cutter:
    """Cuts batches of lines one after the other; what a batch leaves over the next makes good.

    Args:
        scope: the currencies, and which of them is the base.
    """

    def __init__(self, scope: Scope) -> None:
        self._codes = {name: code for code, name in enumerate(scope.book.lines.currencies)}
        self._home = self._codes.get(scope.currency)
        self._carries: dict[str, dict[int, Ints]] = {"own": {}, "base": {}}
        self._back = False

    def turn(self) -> None:
        """From here on cells are taken back."""
        self._back = True

    def scopes(self, lines: pl.DataFrame) -> Ints:
        """What is rounded together, of each line: its `currency` and `month` as one number."""
        currency = enumerated(lines["currency"])
        code = np.array([self._codes[name] for name in names_of(currency)], np.int64)
        return np.asarray(
            code[currency.to_physical().to_numpy()] * MONTHS + lines["month"].to_numpy()
        )

    def cut(self, cells: pl.DataFrame, own: Share, base: Share) -> Iterator[pl.Series]:
        """Integer cells in the line's currency and in the base currency.

        Args:
            cells: with `scope, line, bucket`, in the order of scopes, a line's cells together, in order.
            own: columns of the line's total in its own currency, of the share and its denominator.
            base: the same in the base currency; not looked at where that is the line's own.

        Yields:
            `own` and `amount` (Int64).
        """
        abroad = cells["scope"].to_numpy() // MONTHS != self._home
        pieces = [("own", piece) for piece in _pieces(cells, own)]
        pieces += [("base", piece) for piece in _pieces(cells.filter(abroad), base)]
        cut: dict[str, list[pl.Series]] = {"own": [], "base": []}
        # What is taken back makes totals smaller: what purchases left over counts the other way.
        sign = -1 if self._back else 1
        found = side_by_side(lambda piece: self._carried(*piece, sign), pieces)
        for (kind, _), (amounts, after) in zip(pieces, found, strict=True):
            cut[kind].append(amounts)
            self._carries[kind] |= {scope: sign * left for scope, left in after.items()}
        mine = pl.concat(cut["own"])
        amount = mine.to_numpy().copy()
        amount[abroad] = pl.concat(cut["base"]).to_numpy()
        yield mine.alias("own")
        yield pl.Series("amount", amount)

    def _carried(self, kind: str, piece: pl.DataFrame, sign: int) -> tuple[pl.Series, Carry]:
        carries, own = self._carries[kind], piece["scope"].unique()
        return carried(piece, {scope: sign * carries[scope] for scope in own if scope in carries})


def _pieces(cells: pl.DataFrame, share: Share) -> list[pl.DataFrame]:
    """Cells with the columns that `carried` reads, in pieces of whole scopes."""
    total, num, den = share
    bucket = pl.col("bucket").to_physical().cast(pl.Int64)
    wide = cells.select("scope", "line", bucket, total=total, num=num, den=den)
    return [wide[begin:end] for begin, end in _scopes_at_once(wide["scope"].to_numpy())]


def _scopes_at_once(scope: Ints) -> list[tuple[int, int]]:
    """Where pieces of whole scopes begin and end; at least one piece."""
    begins = np.flatnonzero(np.diff(scope, prepend=-1))
    wanted = np.searchsorted(begins, np.arange(CELLS, len(scope), CELLS))
    inner = np.unique(begins[wanted[wanted < len(begins)]]).tolist()
    return list(pairwise([0, *inner, len(scope)]))


def give_back(cutter: Cutter, cells: pl.DataFrame, takings: pl.DataFrame) -> pl.DataFrame:
    """Cut credits by the cells of the purchases they take back.

    Args:
        cutter: has cut the purchases.
        cells: of the purchases taken back: `at` (the purchase), the cell, `own, amount`.
        takings: `credit, at, nth, taken, currency, month`, in the order in which they are rounded.

    Returns:
        One row a taking x cell of its purchase that has something left: `credit, at`, the cell,
        `share_num, share_den` (its exact part of the credit's money), `own, amount` (Int64, not negative).
    """
    cutter.turn()
    held = ordered(cells, cells["at"].to_numpy().astype(np.int64))
    # Where the cells of each purchase begin, purchase by purchase.
    count = np.bincount(held["at"].to_numpy(), minlength=end_of(takings["at"]))
    first = np.cumsum(count) - count
    left = held.select(pl.col("own", "amount").cast(pl.Int64)).to_numpy(order="fortran").T.copy()
    scope, line = cutter.scopes(takings), np.arange(takings.height, dtype=np.int64)
    order = np.argsort((scope << 32) + line)
    lines = takings.select(pl.all().gather(order)).with_columns(
        scope=pl.Series(scope[order]), line=pl.Series(line[order])
    )
    # A purchase's first credits, then its second ones: each is cut by what those before it left.
    turns = [
        lines.clear(),
        *(lines.filter(pl.col("nth") == n) for n in lines["nth"].unique().sort()),
    ]
    given = pl.concat(_one_round(cutter, held, (first, count), left, turn) for turn in turns)
    given = given.filter((pl.col("left_own") > 0) | (pl.col("amount") > 0))
    exact = pl.col("left_own").cast(pl.Int128) * pl.col("taken")
    return given.select(
        *(held[name].gather(given["cell"]) for name in ("at", *CELL)),
        "credit",
        "own",
        "amount",
        share_num=exact,
        share_den=pl.col("whole_own").cast(pl.Int128),
    )


def without(cells: pl.DataFrame, spent: pl.DataFrame) -> pl.DataFrame:
    """What is left of cells, less what credits took of them: both with `at`."""
    if spent.is_empty():
        return cells
    keys = ["at", *CELL]
    sums = spent.group_by(keys).agg(_own=pl.col("own").sum(), _amount=pl.col("amount").sum())
    return (
        cells.join(sums, on=keys, how="left", nulls_equal=True)
        .with_columns(
            pl.col("own") - pl.col("_own").fill_null(0),
            pl.col("amount") - pl.col("_amount").fill_null(0),
        )
        .drop("_own", "_amount")
    )


def _one_round(
    cutter: Cutter,
    held: pl.DataFrame,
    cells: tuple[Ints, Ints],
    left: Ints,
    takings: pl.DataFrame,
) -> pl.DataFrame:
    """At most one taking a purchase, cut by what is left of it.

    Args:
        cutter: see `give_back`.
        held: the cells by purchase, in order.
        cells: the first cell of each purchase, and how many it has.
        left: what is left of them, `own` and `amount`; what is cut here is taken off.
        takings: in the order of scopes and lines.
    """
    first, count = (numbers[takings["at"].to_numpy()] for numbers in cells)
    ends = np.cumsum(count)
    cell = np.arange(count.sum()) + np.repeat(first - (ends - count), count)
    there = left[:, cell]
    # Running sums may wrap at 2^64: only the differences of each purchase are read.
    sums = np.concatenate([np.zeros((2, 1), np.int64), np.cumsum(there, axis=1)], axis=1)
    whole = sums[:, ends] - sums[:, ends - count]
    wide = takings.with_columns(pl.Series("whole_own", whole[0]), pl.Series("den", whole[1]))
    # The share of the purchase taken back, of its money in the base currency; the last one takes all.
    twice = 2 * pl.col("den").cast(pl.Int128) * pl.col("taken") + pl.col("whole_own")
    wide = wide.with_columns(
        taken_base=(twice // (2 * pl.col("whole_own"))).cast(pl.Int64),
        den=pl.col("den").clip(lower_bound=1),
    )
    columns = ("scope", "line", "credit", "taken", "whole_own", "taken_base", "den")
    cut = wide.select(pl.col(columns).gather(np.repeat(np.arange(len(count)), count))).with_columns(
        held["bucket"].gather(cell), left_own=there[0], left_amount=there[1], cell=cell
    )
    own, amount = cutter.cut(
        cut, ("taken", "left_own", "whole_own"), ("taken_base", "left_amount", "den")
    )
    left[0][cell] -= own.to_numpy()
    left[1][cell] -= amount.to_numpy()
    return cut.select("cell", "credit", "taken", "left_own", "whole_own", own, amount)
