"""The days on which customers' terms end: of their paid periods, or of the contracts in `renewals`."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import counted_lines
from clv_cli.measures.moment_kind import is_sentinel
from clv_cli.measures.packed_order import in_order
from clv_cli.pipeline import Scope, derived, reduction


@reduction("contract_ends")
def contract_ends(scope: Scope) -> pl.LazyFrame:
    """The ends of contracts that are known: `code, contract_id, start, due_on, source, row`, sorted.

    Without the ends that only say that nobody knew one (9999-12-31).
    """
    terms = scope.book.table("renewals").filter(
        ~is_sentinel("term_end"), ~is_sentinel("term_start"), pl.col("term_start") <= scope.as_of
    )
    own = terms.join(scope.book.codes.lazy(), on="customer_id")
    columns = ("code", "contract_id", "source", "row")
    return own.select(*columns, start="term_start", due_on="term_end").sort(
        "code", "due_on", "contract_id"
    )


@reduction("terms_paid")
def terms_paid(scope: Scope) -> pl.LazyFrame:
    """The terms that were paid for and end today or later: `code, due_on, start, source, row`."""
    return (
        counted_lines(scope)
        .filter(
            pl.col("kind") == "recurring",
            pl.col("amount") > 0,
            pl.col("period_start") < pl.col("period_end"),
            pl.col("period_end") >= scope.as_of,
        )
        .select("code", "source", "row", due_on="period_end", start="period_start")
    )


@derived("running_terms", terms_paid)
def running_terms(scope: Scope, terms: pl.DataFrame) -> pl.DataFrame:
    """The day on which all that each customer has paid for runs out, today or later.

    Returns:
        `code`, sorted; `due_on`, `start` (of the term that ends then; of several the longest),
        `source, row` of its line.
    """
    del scope
    # One sort is cheaper than the first row of each of as many groups.
    then = ("start", "source", "row")
    ordered = in_order(terms, "due_on", *then, descending=["due_on"])
    firsts = ordered.filter(pl.col("code").ne_missing(pl.col("code").shift(1)))
    return firsts.select("code", "due_on", *then)


@derived("term_ends_due", running_terms, contract_ends)
def term_ends_due(scope: Scope, terms: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """When does each customer's running term end, where it is long enough to be talked about?

    Where a customer has contracts in `renewals`, those; otherwise the day on which all it paid for
    runs out. Terms shorter than `moments.renewal_min_months` renew by themselves.

    Returns:
        `code, due_on` (not before as-of), sorted; `subject` (the contract, or `term`), `months` (of
        the term), `source, row` (of the contract or the line).
    """
    columns = ("code", "due_on", "start", "source", "row", "subject")
    every = terms.with_columns(subject=pl.lit("term")).select(columns)
    # Terms stand in the order of codes, one each: only contracts among them ask for a sort.
    if contracts.height:
        signed = contracts.filter(pl.col("due_on") >= scope.as_of)
        paid = every.join(contracts, on="code", how="anti")
        both = [signed.with_columns(subject="contract_id").select(columns), paid]
        every = pl.concat(both).sort("code", "due_on", "subject")
    long = (pl.col("due_on") - pl.col("start")).dt.total_days() * 12 / 365.25
    least = scope.settings.moments.renewal_min_months
    return every.with_columns(months=long.round(0).cast(pl.Int64)).filter(pl.col("months") >= least)
