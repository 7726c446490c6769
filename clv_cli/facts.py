"""Reductions that are nothing but a group-by (`pipeline.Facts`): how polars plans them, and as measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.pipeline import Facts, Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.pipeline import Scope


def grouped(facts: Facts) -> pl.LazyFrame:
    """The group-by as polars plans it."""
    # Int64 sums wrap silently; Int128 ones cannot.
    sums = [pl.col(name).cast(pl.Int128).sum() for name in facts.sums]
    counts = {} if facts.count is None else {facts.count: pl.len()}
    mins = [pl.col(name).min() for name in facts.mins]
    return facts.rows.group_by(facts.keys).agg(*sums, *mins, **counts)


def typed(facts: Facts, found: pl.LazyFrame) -> pl.LazyFrame:
    """What any engine found, in the types that polars finds: keys as in the rows, Int64 beside.

    A sum that 64 bits cannot hold raises: the casts are strict.
    """
    rows = facts.rows.collect_schema()
    keys = [pl.col(name).cast(rows[name]) for name in facts.keys]
    counts = [] if facts.count is None else [pl.col(facts.count).cast(pl.Int64)]
    # A group of nulls sums to nothing; SQL says null.
    sums = [pl.col(name).cast(pl.Int64).fill_null(0) for name in facts.sums]
    mins = [pl.col(name).cast(pl.Int64) for name in facts.mins]
    return found.select(*keys, *counts, *sums, *mins)


def planned(facts: Facts) -> pl.LazyFrame:
    """The whole reduction as polars plans it."""
    return facts.finish(typed(facts, grouped(facts)))


def by_code(found: pl.DataFrame, codes: pl.Series) -> pl.DataFrame:
    """Facts with the key `code`, with other codes of the customers (`Facts.recode`)."""
    return found.with_columns(pl.lit(codes).gather("code").cast(pl.Int32).alias("code"))


def fact_table(name: str) -> Callable[[Callable[[Scope], Facts]], Measure]:
    """Make facts a measure: a reduction that other engines can run, too."""

    def make(facts: Callable[[Scope], Facts]) -> Measure:
        return Measure(name, plan=lambda scope: planned(facts(scope)), facts=facts)

    return make
