"""The measures of the split: every cent of the period in exactly one cell.

Lines that no rule can reach are summed inside the plan; the others, and credits, come back as rows and
are cut here. Report, groupings and line export are sums of
the same integer cells, so they agree to the cent.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from clv_cli.attribution.batches import all_bought, all_credits, all_held
from clv_cli.attribution.closed import split_restated
from clv_cli.attribution.components import FX, UNMATCHED
from clv_cli.attribution.concerned import CODED, concerns_all
from clv_cli.attribution.cs import NAMES
from clv_cli.attribution.frozen import split_frozen
from clv_cli.attribution.grouping import sums_by
from clv_cli.attribution.held import MONTHLY, billed, billed_here
from clv_cli.attribution.lines import ONE, history, in_period
from clv_cli.attribution.names import CELL, named, split_names
from clv_cli.attribution.reach import beside
from clv_cli.attribution.rounded import purchases, split_rounded, taken_back
from clv_cli.attribution.to_cut import sales
from clv_cli.attribution.unmatched import rest_of
from clv_cli.pipeline import Measure, Scope, derived, reduction

# What the ledger says of a line and no sum needs.
DOCUMENT = ("invoice_id", "customer_id", "source", "row")
ROW = (
    "line_id",
    "code",
    "issued_on",
    "month",
    "product_id",
    "part",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "original_evidence",
    "share_num",
    "share_den",
    "currency",
    "own",
    "amount",
)
# What the row of a credit has of its line.
OF_CREDIT = ("line_id", "code", "issued_on", "month", "product_id", "currency")
CREDIT_ROW = (*(name for name in ROW if name != "evidence"), "original")
# What is told in texts and added up by places.
TEXTS = (*NAMES, *CODED)
# Of the credits that take a purchase back: the evidence of its cell.
NO_ORIGINAL = pl.lit(None, pl.String).alias("original_evidence")
LINE_ORDER = (
    "issued_on",
    "line_id",
    "part",
    "bucket",
    "component",
    "rule_id",
    "evidence",
    "original_evidence",
    "amount",
)
GRAINS: dict[str, tuple[str, ...]] = {
    "rule": ("bucket", "component", "rule_id"),
    "month": ("bucket", "month"),
    "product": ("bucket", "product_id"),
    "customer": ("bucket", "code"),
    "currency": ("bucket", "month", "currency"),
}
# Sums of different currencies mean nothing, so only the last keeps them in the line's own.
OWN = ("currency",)


@derived("split_cells", split_rounded)
def split_cells(_: Scope, rounded: pl.DataFrame) -> pl.DataFrame:
    """The integer cells of reached purchases: `at`, the cell, `share_num, share_den, own, amount`."""
    return purchases(rounded).drop("credit")


@derived("split_credit_rows", all_bought, split_rounded, all_credits, split_names)
def split_credit_rows(
    _: Scope,
    bought: pl.DataFrame,
    rounded: pl.DataFrame,
    credits_: pl.DataFrame,
    names: pl.DataFrame,
) -> pl.DataFrame:
    """The rows of the credits of the period: cut like their originals, or sales.

    What a credit is worth at its own day's exchange rate, beyond what it takes back of its original,
    is no bucket's doing: it stands apart as `fx_rounding`.

    Returns:
        The columns `ROW`, but for `evidence`: `original`, the id of the line that is it.
    """
    now = credits_["reported"] & ~credits_["closed"]
    owed = (-credits_["amount"]).cast(pl.Int128)
    back = taken_back(rounded)
    back = back.filter(now.gather(back["credit"]))
    returned = np.zeros(len(now), np.int64)
    np.add.at(returned, back["credit"].to_numpy(), back["amount"].to_numpy())
    given = beside(back, credits_, *OF_CREDIT, at="credit").with_columns(
        -pl.col("own", "amount"),
        original=bought["line_id"].gather(back["at"]),
        original_evidence="evidence",
        share_den=pl.col("share_den") * owed.gather(back["credit"]),
    )
    heads = credits_.with_columns(
        owed=owed,
        drift=pl.col("amount_base") + pl.col("excess_base") + pl.Series(returned),
    ).filter(now)
    nothing = pl.lit(0, pl.Int64)
    apart = (
        _apart(heads.filter(pl.col("excess") > 0), UNMATCHED, "excess", "excess_base"),
        _apart(heads.filter(pl.col("drift") != 0), FX, nothing, -pl.col("drift")),
    )
    return pl.concat(
        [given.select(CREDIT_ROW), *(named(frame, names).select(CREDIT_ROW) for frame in apart)]
    )


def _apart(
    credits_: pl.DataFrame, component: str, own: str | pl.Expr, amount: str | pl.Expr
) -> pl.DataFrame:
    """What of credits goes to a component of sales that is no purchase's."""
    sizes = {"own": own, "amount": amount}
    rows = credits_.with_columns(
        **sales(component),
        **{
            name: -(pl.col(size) if isinstance(size, str) else size) for name, size in sizes.items()
        },
        original="original_line_id",
    )
    share = {"share_num": (-pl.col("own")).cast(pl.Int128), "share_den": pl.col("owed")}
    return rows.with_columns(NO_ORIGINAL, **share)


@derived("split_kept_rows", split_frozen, split_restated, split_names)
def split_kept_rows(
    _: Scope, rows: pl.DataFrame, restated: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """The rows of closed months of the period: as they were closed, and what has changed since."""
    kept = rows.filter("reported")
    return pl.concat(named(frame.select(*ROW, *DOCUMENT), names) for frame in (kept, restated))


@reduction("split_documents")
def split_documents(scope: Scope) -> pl.LazyFrame:
    """Where each line stands: `line_id, code, invoice_id, customer_id, source, row`."""
    return history(scope).select("line_id", "code", *DOCUMENT)


def _billed_sums(*of_line: str, named: bool = False) -> Measure:
    """Sums of all purchases to be cut now, as if no rule reached any; `named`: by component."""

    def plan(scope: Scope) -> pl.LazyFrame:
        told = named and scope.book.matches is not None
        lines = history(scope, coded=told or "code" in of_line)
        # Where all lines come by already, they are summed there.
        whole = of_line == MONTHLY and concerns_all(scope)
        return billed(scope, lines.clear() if whole else lines, of_line, told=told)

    return reduction(f"split_billed_{'_'.join(of_line)}")(plan)


# One pass over the lines serves three of the groupings.
BILLED: dict[tuple[str, ...], Measure] = {
    of_line: _billed_sums(*of_line, named=of_line == MONTHLY)
    for of_line in (MONTHLY, ("product_id",), ("code",))
}


def _summed(of_line: tuple[str, ...]) -> Measure:
    """Every cent of the period by cell and columns of the line: `lines, amount, own` (Int128)."""
    keys = ["bucket", *(("component", "rule_id") if of_line == MONTHLY else ()), *of_line]

    def add(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
        scope: Scope,
        scanned: pl.DataFrame,
        held: pl.DataFrame,
        bought: pl.DataFrame,
        rounded: pl.DataFrame,
        credits_: pl.DataFrame,
        kept: pl.DataFrame,
    ) -> pl.DataFrame:
        now = pl.col("reported") & ~pl.col("closed")
        told = of_line == MONTHLY and scope.book.matches is not None
        whole = held if of_line == MONTHLY and concerns_all(scope) else scanned
        reached = billed_here(scope, bought.filter("reported"), of_line, told=told)
        # What rules reach is cut, so it is no longer among what is summed whole.
        less = reached.with_columns(pl.col("lines", "amount", "own") * -1)
        cells = purchases(rounded).select("at", *CELL, "amount", "own")
        cells = cells.filter(bought.select(now).to_series().gather(cells["at"]))
        cut = [beside(cells, bought, *of_line), credits_, kept]
        sums = [sums_by(frame, keys, ("amount", "own")) for frame in cut]
        # Rules are added up by their places, and named afterwards.
        texts = [pl.col(name).cast(pl.String) for name in keys if name in TEXTS]
        columns = (*keys, "lines", "amount", "own")
        both = pl.concat(
            frame.select(columns).with_columns(texts) for frame in (whole, less, *sums)
        )
        found = both.group_by(keys).agg(pl.col("lines", "amount", "own").sum())
        return found.filter(pl.col("lines") > 0)

    needs = (
        BILLED[of_line],
        all_held,
        all_bought,
        split_rounded,
        split_credit_rows,
        split_kept_rows,
    )
    return derived(f"split_summed_{'_'.join(of_line)}", *needs)(add)


SUMMED = {of_line: _summed(of_line) for of_line in BILLED}


def _sums(grain: str) -> Measure:
    keys = GRAINS[grain]
    of_line = tuple(name for name in keys if name not in CELL)
    money = ("amount", "own") if grain in OWN else ("amount",)

    def add(_: Scope, summed: pl.DataFrame) -> pl.DataFrame:
        both = summed.group_by(keys)
        # The strict cast raises where a sum leaves 64 bits; Int64 sums would wrap silently.
        sums = both.agg(pl.col("lines").sum(), *(pl.col(n).sum().cast(pl.Int64) for n in money))
        texts = [pl.col(name).cast(pl.String) for name in keys if name in CELL]
        return sums.with_columns(texts).sort(keys, nulls_last=True)

    return derived(f"split_by_{grain}", SUMMED.get(of_line, SUMMED[MONTHLY]))(add)


SPLIT_FACTS: dict[str, Measure] = {grain: _sums(grain) for grain in GRAINS}
split_facts: Measure = SPLIT_FACTS["rule"]


@reduction("split_plain")
def split_plain(scope: Scope) -> pl.LazyFrame:
    """The rows of all purchases to be cut now, as if no rule reached any."""
    nothing = pl.lit(None, pl.String)
    cell = sales(rest_of(scope))
    now = (pl.col("amount") >= 0) & in_period(scope) & ~pl.col("closed")
    rows = (
        history(scope)
        .filter(now)
        .with_columns(NO_ORIGINAL, **cell, evidence=nothing, share_num=ONE, share_den=ONE)
    )
    whole = rows.with_columns(own="amount").with_columns(amount="amount_base")
    return whole.select(*ROW, *DOCUMENT)


@derived(
    "split_lines",
    split_documents,
    split_plain,
    all_bought,
    split_cells,
    split_credit_rows,
    split_kept_rows,
)
def split_lines(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    _: Scope,
    documents: pl.DataFrame,
    rest: pl.DataFrame,
    bought: pl.DataFrame,
    cells: pl.DataFrame,
    credits_: pl.DataFrame,
    kept: pl.DataFrame,
) -> pl.DataFrame:
    """One row a line x part x bucket x component x rule x evidence, sorted by day and line.

    `share_num / share_den` is its exact share of the line, `amount` the integer cell in minor units
    of the base currency; `part` is `whole` for lines that no rule could reach.
    """
    now = bought.filter(pl.col("reported") & ~pl.col("closed")).drop("amount")
    rest = rest.join(now.select("line_id"), on="line_id", how="anti")
    cut = cells.join(now, on="at").with_columns(NO_ORIGINAL)
    evidence = pl.lit("billing_lines:") + pl.col("original")
    back = credits_.with_columns(evidence=evidence).with_columns(_texts(credits_))
    frames = [cut.with_columns(_texts(cut)).select(ROW), back.select(ROW)]
    found = pl.concat(frames).join(documents.drop("code"), on="line_id")
    rows = pl.concat([rest, found, kept.with_columns(_texts(kept))])
    ordered = rows.sort(LINE_ORDER, nulls_last=True)
    return ordered.with_columns(pl.col("part", "bucket").cast(pl.String))


def _texts(rows: pl.DataFrame) -> list[pl.Expr]:
    """The names of cells, products and currencies as texts again."""
    names = (*TEXTS, "original_evidence")
    return [pl.col(name).cast(pl.String) for name in names if name in rows.columns]
