"""The measures of the split: every cent of the period in exactly one cell.

Lines that go wholly into one bucket are summed inside the plan; only lines that several rules share,
and credits on them, come back as rows and are cut here. Report, groupings and line export are sums of
the same integer cells, so they agree to the cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.allocation import give_back, largest_remainder, with_shares
from clv_cli.attribution.lines import ONE, split_credits
from clv_cli.attribution.reach import plain
from clv_cli.attribution.waterfall import REST, UNMATCHED, WHOLE, split_shares
from clv_cli.pipeline import Measure, Scope, derived, reduction

ROW = (
    "line_id",
    "invoice_id",
    "customer_id",
    "code",
    "issued_on",
    "month",
    "product_id",
    "source",
    "row",
    "part",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "share_num",
    "share_den",
    "amount",
)
LINE_ORDER = (
    "issued_on",
    "line_id",
    "part",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "amount",
)
PLAIN = ("part", "bucket", "component", "rule_id")
GRAINS: dict[str, tuple[str, ...]] = {
    "rule": ("bucket", "component", "rule_id"),
    "month": ("bucket", "month"),
    "product": ("bucket", "product_id"),
    "customer": ("bucket", "code"),
}


def _is_whole() -> pl.Expr:
    return (pl.col("part_num") == pl.col("part_den")) & (pl.col("tier_num") == pl.col("tier_den"))


def _sales(component: str) -> dict[str, pl.Expr]:
    literals = {"part": WHOLE, "bucket": "sales", "component": component, "rule_id": component}
    return {name: pl.lit(value) for name, value in literals.items()}


def cut_rows(scope: Scope, shared: pl.DataFrame, credits_: pl.DataFrame) -> pl.DataFrame:
    """Integer cells of reached purchases, and of all credits of the period.

    Args:
        scope: its currency.
        shared: see `waterfall.split_shares`.
        credits_: see `lines.split_credits`.
    """
    whole, parted = shared.filter(_is_whole()), shared.filter(~_is_whole())
    fractions = ("part_num", "part_den", "tier_num", "tier_den")
    single = whole.with_columns(cell="amount_base", share_num=ONE, share_den=ONE).drop(fractions)
    cut = with_shares(parted)
    cut = cut.with_columns(cell=largest_remainder(cut, "amount_base", "share_num", "share_den"))
    cells = pl.concat([single, cut.select(single.columns)])
    bought = cells.filter("reported").with_columns(amount="cell")
    return pl.concat([bought.select(ROW), *_credits(scope, cells, credits_)])


def _credits(scope: Scope, cells: pl.DataFrame, credits_: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of credits: cut like their originals, or sales."""
    taken = credits_.filter(pl.col("taken") > 0)
    credited = taken.select(line_id="original_line_id").unique()
    own = _own_currency(scope, cells.join(credited, on="line_id", how="semi"))
    given = give_back(own, taken.rename({"amount": "owed"})).filter("reported")
    given = given.with_columns(evidence=_original(), share_den=_owed("owed"))
    now = credits_.filter("reported")
    split = own.select(original_line_id="line_id").unique()
    plain_ = now.filter(pl.col("taken") > 0).join(split, on="original_line_id", how="anti")
    over = now.with_columns(excess=_owed("amount") - pl.col("taken")).filter(pl.col("excess") > 0)
    return [
        given.select(ROW),
        _credit_rows(plain_, REST, "taken", "taken_base"),
        _credit_rows(over, UNMATCHED, "excess", "excess_base"),
    ]


def _credit_rows(
    credits_: pl.DataFrame, component: str, share: str, amount: str
) -> pl.DataFrame:
    """Credits that go to sales, as far as one of their two amounts goes."""
    return credits_.with_columns(
        **_sales(component),
        evidence=_original(),
        share_num=pl.col(share).cast(pl.Int128),
        share_den=_owed("amount"),
    ).select(*(name for name in ROW if name != "amount"), amount=-pl.col(amount))


def _owed(amount: str) -> pl.Expr:
    return (-pl.col(amount)).cast(pl.Int128)


def _original() -> pl.Expr:
    return pl.lit("billing_lines:") + pl.col("original_line_id")


def _own_currency(scope: Scope, cells: pl.DataFrame) -> pl.DataFrame:
    """Cells in minor units of the line's own currency, in which its credits are written."""
    foreign = pl.col("currency") != scope.currency
    home, abroad = cells.filter(~foreign), cells.filter(foreign)
    own = largest_remainder(abroad, "amount", "share_num", "share_den")
    return pl.concat([home.with_columns(own="cell"), abroad.with_columns(own=own)])


split_cut: Measure = derived("split_cut", split_shares, split_credits)(cut_rows)


def _sums(grain: str) -> Measure:
    keys = [name for name in GRAINS[grain] if name not in PLAIN]
    total = pl.col("amount").cast(pl.Int128).sum()
    count = pl.len().cast(pl.Int64)

    def plain_sums(scope: Scope) -> pl.LazyFrame:
        lines = plain(scope)
        grouped = lines.group_by(keys) if keys else lines.group_by(pl.lit(0).alias("all"))
        summed = grouped.agg(lines=count, amount=pl.col("amount_base").cast(pl.Int128).sum())
        return summed.with_columns(**_sales(REST)).select(*GRAINS[grain], "lines", "amount")

    def add(_: Scope, rest: pl.DataFrame, cut: pl.DataFrame) -> pl.DataFrame:
        parted = cut.group_by(GRAINS[grain]).agg(lines=count, amount=total)
        both = pl.concat([rest, parted.select(rest.columns)]).group_by(GRAINS[grain])
        # The strict cast raises where a sum leaves 64 bits; Int64 sums would wrap silently.
        summed = both.agg(pl.col("lines", "amount").sum()).with_columns(pl.col("amount").cast(pl.Int64))
        return summed.sort(GRAINS[grain], nulls_last=True)

    return derived(f"split_by_{grain}", reduction(f"split_plain_{grain}")(plain_sums), split_cut)(add)


SPLIT_FACTS: dict[str, Measure] = {grain: _sums(grain) for grain in GRAINS}
split_facts: Measure = SPLIT_FACTS["rule"]


@reduction("split_plain")
def split_plain(scope: Scope) -> pl.LazyFrame:
    """The rows of the purchases of the period that no rule can reach."""
    nothing = pl.lit(None, pl.String)
    rows = plain(scope).with_columns(**_sales(REST), evidence=nothing, share_num=ONE, share_den=ONE)
    return rows.with_columns(amount="amount_base").select(ROW)


@derived("split_lines", split_plain, split_cut)
def split_lines(_: Scope, rest: pl.DataFrame, cut: pl.DataFrame) -> pl.DataFrame:
    """One row a line x part x bucket x component x rule x evidence, sorted by day and line.

    `share_num / share_den` is its exact share of the line, `amount` the integer cell in minor units
    of the base currency; `part` is `whole` for lines that no rule could reach.
    """
    return pl.concat([rest, cut]).sort(LINE_ORDER, nulls_last=True)
