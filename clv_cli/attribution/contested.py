"""Claims before the waterfall: who claims how much, what is contested, and what another order would give.

Of a part of a purchase with claims x (CXM) and y (CS), sales claims all of it where a won deal stands
behind the line (z = 1), and otherwise the rest, (1 - x)(1 - y). Every cent is claimed at least once, so

    claimed = all revenue + contested

An order of precedence grants each bucket its claim on what those before it left; what nobody claims is
sales. The split is the order CXM, CS, sales; the six orders bound what the choice of order can move.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.batches import all_bought, all_credits, all_tiers
from clv_cli.attribution.cells import Claimed
from clv_cli.attribution.grouping import sums_by
from clv_cli.attribution.rounded import purchases, split_rounded, taken_back
from clv_cli.attribution.tiers import TIERS, part_key, places
from clv_cli.buckets import BUCKETS
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.attribution.cells import Cells
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

ORDERS = tuple(permutations(BUCKETS))
Money = dict[str, Fraction]
CLAIMS = [f"{tier}_{part}" for tier in TIERS for part in ("num", "den")]


@reduction("split_won_deals")
def split_won_deals(scope: Scope) -> pl.LazyFrame:
    """The deals that sales won: `deal_id`."""
    won = scope.book.table("deals").filter(pl.col("outcome") == "won")
    return won.select("deal_id").unique().sort("deal_id")


@derived("split_contest", all_bought, all_tiers, split_rounded, all_credits, split_won_deals)
def split_contest(
    _: Scope,
    bought: pl.DataFrame,
    combined: pl.DataFrame,
    rounded: pl.DataFrame,
    credits_: pl.DataFrame,
    won: pl.DataFrame,
) -> pl.DataFrame:
    """How much money of the period is claimed with which weights?

    Returns:
        `cxm_num, cxm_den, cs_num, cs_den` (the claims), `sales` (1 where sales claim it all) and
        `amount` (Int128, in the base currency, net of credits), one row a combination, sorted.
    """
    deals = bought["deal_id"].is_in(won["deal_id"].implode()).fill_null(value=False)
    sales = deals.gather(combined["at"]).cast(pl.Int32).alias("sales")
    keys = [*CLAIMS, "sales"]
    # Combinations are few: money is summed by their number.
    weights = combined.select(*CLAIMS, sales, key=part_key())
    numbered = weights.group_by(keys).agg("key").sort(keys).with_row_index("number")
    parts = numbered.select("number", "key").explode("key")
    money = _net_cells(bought, rounded, credits_)
    at = places(parts["key"], money.select(part_key()).to_series())
    told = money.select("amount", number=parts["number"].gather(at)).drop_nulls()
    amounts = sums_by(told, ["number"], ["amount"]).drop("lines")
    return numbered.join(amounts, on="number").sort("number").select(*keys, "amount")


def net_money(bought: pl.DataFrame, rounded: pl.DataFrame, credits_: pl.DataFrame) -> pl.DataFrame:
    """The money of the period by purchase and part, less what credits of the period take back of it.

    Returns:
        `at, part, amount` (Int64, of the base currency).
    """
    cells = _net_cells(bought, rounded, credits_)
    return cells.group_by("at", "part").agg(pl.col("amount").sum())


def _net_cells(bought: pl.DataFrame, rounded: pl.DataFrame, credits_: pl.DataFrame) -> pl.DataFrame:
    """The cells of the period, those that credits of the period take back below 0."""
    columns = ("at", "part", "amount")
    bought_, taking = purchases(rounded).select(columns), taken_back(rounded)
    back = taking.filter(credits_["reported"].gather(taking["credit"])).select(columns)
    cells = bought_.filter(bought["reported"].gather(bought_["at"]))
    return pl.concat([cells, back.with_columns(-pl.col("amount"))])


def claimed(frames: Frames, cells: Cells) -> Claimed:
    """The claims of all buckets on the revenue of the period, and their range over the six orders."""
    rows = [
        ({"cxm": Fraction(*row[:2]), "cs": Fraction(*row[2:4]), "sales": Fraction(row[4])}, row[5])
        for row in frames[split_contest].iter_rows()
    ]
    unclaimed = cells.total - sum(amount for _, amount in rows)
    claims = _sums(rows, unclaimed, _claims)
    orders = [_sums(rows, unclaimed, granting(order)) for order in ORDERS]
    # Every order is rounded once; the split itself is cut by period and currency, and is one of them.
    ranges = {
        bucket: [round(order[bucket]) for order in orders] + [cells.of(bucket)]
        for bucket in BUCKETS
    }
    return Claimed(
        # Whoever is granted a cent claims it, however the cents of months were rounded.
        {bucket: max(round(claims[bucket]), cells.of(bucket)) for bucket in BUCKETS},
        {bucket: (min(found), max(found)) for bucket, found in ranges.items()},
    )


def _sums(
    rows: Sequence[tuple[Money, int]], unclaimed: int, share: Callable[[Money], Money]
) -> Money:
    sums = dict.fromkeys(BUCKETS, Fraction(0)) | {"sales": Fraction(unclaimed)}
    for weights, amount in rows:
        for bucket, part in share(weights).items():
            sums[bucket] += amount * part
    return sums


def _claims(weights: Money) -> Money:
    rest = (1 - weights["cxm"]) * (1 - weights["cs"])
    return weights | {"sales": max(weights["sales"], rest)}


def granting(order: Sequence[str]) -> Callable[[Money], Money]:
    """What each bucket is granted of a part, given the claims on it, in an order of precedence."""

    def granted(weights: Money) -> Money:
        left, shares = Fraction(1), dict.fromkeys(BUCKETS, Fraction(0))
        for bucket in order:
            shares[bucket] = weights[bucket] * left
            left -= shares[bucket]
        shares["sales"] += left
        return shares

    return granted
