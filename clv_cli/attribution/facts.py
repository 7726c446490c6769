"""The measures of the split: every cent of the period in exactly one cell.

Lines that go wholly into one bucket are summed inside the plan; only lines that several rules share,
and credits on them, come back as rows and are cut here. Report, groupings and line export are sums of
the same integer cells, so they agree to the cent.
"""

from __future__ import annotations

import polars as pl

from clv_cli.attribution.allocation import ORDER, give_back, largest_remainder, with_shares
from clv_cli.attribution.lines import ONE, split_credits
from clv_cli.attribution.motion import PART
from clv_cli.attribution.reach import plain, split_bought
from clv_cli.attribution.unmatched import rest_of
from clv_cli.attribution.waterfall import BUCKET, REST, UNMATCHED, split_shares
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
CELL = ("part", "bucket", "component", "rule_id", "evidence")
GRAINS: dict[str, tuple[str, ...]] = {
    "rule": ("bucket", "component", "rule_id"),
    "month": ("bucket", "month"),
    "product": ("bucket", "product_id"),
    "customer": ("bucket", "code"),
}


def _is_whole() -> pl.Expr:
    return (pl.col("part_num") == pl.col("part_den")) & (pl.col("tier_num") == pl.col("tier_den"))


def _sales(component: str | pl.Expr) -> dict[str, pl.Expr]:
    name = pl.lit(component) if isinstance(component, str) else component
    return {
        "part": pl.lit("whole", PART),
        "bucket": pl.lit("sales", BUCKET),
        "component": name,
        "rule_id": name,
    }


@derived("split_cells", split_bought, split_shares)
def split_cells(scope: Scope, bought: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """The integer cells of reached purchases: `at`, the cell, `share_num, share_den, amount`."""
    money = bought.select("at", "amount_base", "code")
    rows = shares.join(money, on="at")
    whole, parted = rows.filter(_is_whole()), rows.filter(~_is_whole())
    undivided = {"share_num": ONE, "share_den": ONE, "amount": pl.col("amount_base")}
    # What no rule matches is not divided by motion: the whole line is sales.
    free = money.join(shares.select("at").unique(), on="at", how="anti").with_columns(
        **_sales(rest_of(scope)), evidence=pl.lit(None, pl.String)
    )
    cut = with_shares(parted)
    cells = largest_remainder(cut, "at", "amount_base", ("share_num", "share_den"))
    frames = [
        free.with_columns(**undivided),
        whole.with_columns(**undivided),
        cut.with_columns(amount=cells),
    ]
    columns = ("at", *CELL, "share_num", "share_den", "amount")
    return pl.concat(frame.select(columns) for frame in frames)


@derived("split_credit_rows", split_bought, split_cells, split_credits)
def split_credit_rows(
    scope: Scope, bought: pl.DataFrame, cells: pl.DataFrame, credits_: pl.DataFrame
) -> pl.DataFrame:
    """The rows of the credits of the period: cut like their originals, or sales."""
    taken = credits_.filter(pl.col("taken") > 0)
    originals = bought.join(
        taken.select(line_id="original_line_id").unique(), on="line_id", how="semi"
    )
    own = _own_currency(scope, originals, cells)
    given = give_back(own, taken.rename({"amount": "owed"})).filter("reported")
    given = given.with_columns(evidence=_original(), share_den=_owed("owed"))
    now = credits_.filter("reported")
    reached = originals.select(original_line_id="line_id")
    plain_ = now.filter(pl.col("taken") > 0).join(reached, on="original_line_id", how="anti")
    over = now.with_columns(excess=_owed("amount") - pl.col("taken")).filter(pl.col("excess") > 0)
    return pl.concat(
        [
            given.select(ROW),
            _credit_rows(plain_, rest_of(scope), "taken", "taken_base"),
            _credit_rows(over, UNMATCHED, "excess", "excess_base"),
        ]
    )


def _own_currency(scope: Scope, originals: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Cells of originals in minor units of their own currency, in which credits are written."""
    columns = originals.select("at", "currency", worth="amount", original_line_id="line_id")
    rows = cells.join(columns, on="at").sort("at", *ORDER)
    foreign = pl.col("currency") != scope.currency
    home, abroad = rows.filter(~foreign), rows.filter(foreign)
    own = largest_remainder(abroad, "at", "worth", ("share_num", "share_den"))
    return pl.concat([home.with_columns(own="amount"), abroad.with_columns(own=own)])


def _credit_rows(
    credits_: pl.DataFrame, component: str | pl.Expr, share: str, amount: str
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


def _sums(grain: str) -> Measure:
    keys = GRAINS[grain]
    of_line = [name for name in keys if name not in CELL]
    count, total = pl.len().cast(pl.Int64), pl.col("amount").cast(pl.Int128).sum()

    def plain_sums(scope: Scope) -> pl.LazyFrame:
        sums = {"lines": count, "amount": pl.col("amount_base").cast(pl.Int128).sum()}
        told_apart = scope.book.matches is not None and "component" in keys
        lines, by = plain(scope), [*of_line, *(["component"] if told_apart else [])]
        if told_apart:
            lines = lines.with_columns(component=rest_of(scope))
        summed = lines.group_by(by).agg(**sums) if by else lines.select(**sums)
        named = _sales(pl.col("component") if told_apart else REST)
        return summed.with_columns(**named).select(*keys, "lines", "amount")

    def add(
        _: Scope,
        rest: pl.DataFrame,
        bought: pl.DataFrame,
        cells: pl.DataFrame,
        credits_: pl.DataFrame,
    ) -> pl.DataFrame:
        lines = bought.filter("reported").select("at", *of_line)
        cut = cells.join(lines, on="at").group_by(keys).agg(lines=count, amount=total)
        back = credits_.group_by(keys).agg(lines=count, amount=total)
        both = pl.concat([rest.filter(pl.col("lines") > 0), cut, back]).group_by(keys)
        # The strict cast raises where a sum leaves 64 bits; Int64 sums would wrap silently.
        amount = pl.col("amount").sum().cast(pl.Int64)
        summed = both.agg(pl.col("lines").sum(), amount)
        texts = [pl.col(name).cast(pl.String) for name in keys if name in CELL]
        return summed.with_columns(texts).sort(keys, nulls_last=True)

    plain_measure = reduction(f"split_plain_{grain}")(plain_sums)
    needs = (plain_measure, split_bought, split_cells, split_credit_rows)
    return derived(f"split_by_{grain}", *needs)(add)


SPLIT_FACTS: dict[str, Measure] = {grain: _sums(grain) for grain in GRAINS}
split_facts: Measure = SPLIT_FACTS["rule"]


@reduction("split_plain")
def split_plain(scope: Scope) -> pl.LazyFrame:
    """The rows of the purchases of the period that no rule can reach."""
    nothing = pl.lit(None, pl.String)
    sales = _sales(rest_of(scope))
    rows = plain(scope).with_columns(**sales, evidence=nothing, share_num=ONE, share_den=ONE)
    return rows.with_columns(amount="amount_base").select(ROW)


@derived("split_lines", split_plain, split_bought, split_cells, split_credit_rows)
def split_lines(
    _: Scope,
    rest: pl.DataFrame,
    bought: pl.DataFrame,
    cells: pl.DataFrame,
    credits_: pl.DataFrame,
) -> pl.DataFrame:
    """One row a line x part x bucket x component x rule x evidence, sorted by day and line.

    `share_num / share_den` is its exact share of the line, `amount` the integer cell in minor units
    of the base currency; `part` is `whole` for lines that no rule could reach.
    """
    lines = bought.filter("reported").drop("amount")
    cut = cells.join(lines, on="at").select(ROW)
    rows = pl.concat([rest, cut, credits_]).sort(LINE_ORDER, nulls_last=True)
    return rows.with_columns(pl.col("part", "bucket").cast(pl.String))
