"""Which purchases does any rule match? The others are sales, and only summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution import cs, cxm
from clv_cli.attribution.claims import claimed_lines
from clv_cli.attribution.concerned import COLUMNS, split_history
from clv_cli.attribution.cs import split_interventions, split_introductions
from clv_cli.attribution.cxm import MATCH, split_initiatives, split_segments
from clv_cli.attribution.expansion import split_spread
from clv_cli.attribution.grouping import among, end_of, enumerated
from clv_cli.attribution.lines import in_period
from clv_cli.attribution.matching import split_takings
from clv_cli.attribution.methods import reaches_everyone, source_of, split_method_claims
from clv_cli.attribution.names import named, split_names
from clv_cli.pipeline import derived, reduction
from clv_cli.ranges import picked

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

NEVER = 2**31 - 1
# What the split of a purchase is made of.
PICKED = tuple(name for name in COLUMNS if name not in {"touchpoint", "original_line_id"})
# What rules look at, of the many lines that they might claim.
LOOKED_AT = ("code", "issued_on", "product_id", "touchpoint", "amount_base")


@reduction("split_concerned")
def split_concerned(scope: Scope) -> pl.LazyFrame:
    """The customers whom a rule of CS may concern: `code`, sorted."""
    return cs.reached(scope).sort("code")


def reached(scope: Scope, initiatives: pl.DataFrame, concerned: pl.DataFrame) -> pl.Expr:
    """Whether any rule might claim a purchase. Errs towards true, cheaply.

    Args:
        scope: which tables there are.
        initiatives: aligned or not.
        concerned: see `cs.reached`.
    """
    found = pl.lit(value=reaches_everyone(scope))
    if any(scope.book.has(table) for table in cxm.TABLES):
        found |= cxm.reached(initiatives)
    if any(scope.book.has(table) for table in cs.TABLES):
        found |= pl.col("code").is_in(concerned["code"].implode())
    return found & (pl.col("amount") > 0)


@derived(
    "split_reached",
    split_history,
    split_initiatives,
    split_concerned,
    split_takings,
    split_segments,
)
def split_reached(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    lines: pl.DataFrame,
    initiatives: pl.DataFrame,
    concerned: pl.DataFrame,
    takings: pl.DataFrame,
    segments: pl.DataFrame,
) -> pl.DataFrame:
    """The purchases of the period that a rule might claim, and others that credits take back.

    Returns:
        `place` (the row in `split_history`), `LOOKED_AT, segment`; `taken` and `reported` (the others
        are not: they lie before the period, or no rule can reach them).
    """
    taken = among(lines.height, takings["original"].drop_nulls())
    marks = lines.select(
        reported=reached(scope, initiatives, concerned) & in_period(scope),
        taken=pl.Series(taken) & (pl.col("amount") > 0),
    )
    marked = lines.select(*LOOKED_AT, *marks).with_row_index("place")
    found = marked.filter(pl.col("reported") | pl.col("taken"))
    return found.with_columns(_segments(found["code"], segments))


def _segments(code: pl.Series, segments: pl.DataFrame) -> pl.Series:
    """The segment of each customer asked for: codes are dense, so it is looked up by its place."""
    named = enumerated(segments["segment"])
    place = np.full(end_of(code, segments["code"]), -1, np.int64)
    place[segments["code"].to_numpy()] = np.arange(segments.height)
    asked = pl.Series(place[code.to_numpy()])
    return named.gather(asked.set(asked < 0, None)).alias("segment")


@derived("split_first_days", split_spread)
def split_first_days(_: Scope, spread: pl.DataFrame) -> pl.DataFrame:
    """Each reached customer's first purchase day: `code, first_day`."""
    days = spread.filter("bought").select("code", day=pl.col("first_day").to_physical())
    code = days["code"].to_numpy()
    # Codes are dense, so that a table of all of them is faster than grouping.
    first = np.full(code.max(initial=-1) + 1, NEVER, np.int32)
    np.minimum.at(first, code, days["day"].to_numpy())
    found = pl.DataFrame({"code": np.arange(len(first), dtype=np.int32), "first_day": first})
    return found.filter(pl.col("first_day") < NEVER).with_columns(pl.col("first_day").cast(pl.Date))


@derived(
    "split_found",
    split_reached,
    split_first_days,
    split_initiatives,
    split_interventions,
    split_introductions,
    split_method_claims,
    split_names,
)
def split_found(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    reached: pl.DataFrame,
    first_days: pl.DataFrame,
    initiatives: pl.DataFrame,
    helped: pl.DataFrame,
    brought: pl.DataFrame,
    measured: pl.DataFrame,
    names: pl.DataFrame,
) -> pl.DataFrame:
    """Every rule that matches a purchase, with its weight on each part; see `cxm.MATCH`.

    `at` is the place in `split_reached`.
    """
    lines = reached.rename({"place": "at"})
    by_cs = cs.matches(scope, lines, first_days, helped, brought, names.schema)
    source = source_of(scope)
    if source is not None:
        by_cs = by_cs.filter(~pl.col("rule_id").is_in(sorted(source.replaces)))
    by_cxm = cxm.matches(lines, initiatives, names.schema)
    both = pl.concat([by_cxm, by_cs, named(_measured(lines, measured), names)])
    return both.filter(pl.max_horizontal("switched", "expanded", "retained") > 0)


def _measured(bought: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """The claims of a method by stratum, on every part alike."""
    found = claimed_lines(bought, claims)
    return found.select(
        *MATCH[:5], **dict.fromkeys(("switched", "expanded", "retained"), pl.col("rate"))
    )


@derived("split_bought", split_history, split_reached, split_found)
def split_bought(
    _: Scope, lines: pl.DataFrame, reached_: pl.DataFrame, found: pl.DataFrame
) -> pl.DataFrame:
    """The purchases that some rule matches or a credit takes back, by id, numbered (`at`).

    All others are sales as a whole, and only summed. `at` is the row.

    Returns:
        `at, place, reported`, and the columns `PICKED` of the line.
    """
    matched = among(lines.height, found["at"])[reached_["place"].to_numpy()]
    known = reached_.select("place", "reported").filter(pl.Series(matched) | reached_["taken"])
    ids = lines["line_id"].gather(known["place"])
    # Sorted are the ids alone: whole rows are picked once, in their order.
    ordered = known.select(pl.all().gather(ids.arg_sort()))
    return beside(ordered, lines, *PICKED, at="place").with_row_index("at")


@derived("split_matches", split_bought, split_found)
def split_matches(_: Scope, bought: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The rules of `split_found` by the purchases of `split_bought`."""
    return found.with_columns(at=numbers(bought, found["at"]))


def numbers(bought: pl.DataFrame, places: pl.Series) -> pl.Series:
    """Where in `split_bought` (`at`) do lines stand that are there, by their rows in `split_history`?"""
    rows = bought["place"].to_numpy()
    number = np.zeros(rows.max(initial=0) + 1, np.uint32)
    number[rows] = np.arange(len(rows), dtype=np.uint32)
    return pl.Series(number[places.to_numpy()])


def beside(rows: pl.DataFrame, bought: pl.DataFrame, *columns: str, at: str = "at") -> pl.DataFrame:
    """Rows with columns of their purchase (`at`): picked by place, which no join is as fast as."""
    return rows.with_columns(picked(bought[column], rows[at]) for column in columns)
