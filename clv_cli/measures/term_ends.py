"""The days on which customers' terms end: of their paid periods, or of the contracts in `renewals`."""

from __future__ import annotations

import polars as pl

from clv_cli.measures.moment_kind import is_sentinel
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.pipeline import Scope, derived, reduction

_MONTHS = {"day": 1 / 30, "week": 7 / 30, "month": 1, "quarter": 3, "year": 12}


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


@derived("term_ends_due", renewal_opportunities, contract_ends)
def term_ends_due(scope: Scope, asked: pl.DataFrame, contracts: pl.DataFrame) -> pl.DataFrame:
    """When does each customer's term end, where it is long enough to be talked about?

    Where a customer has contracts in `renewals`, those; otherwise the day on which all it paid for
    runs out. Terms shorter than `moments.renewal_min_months` renew by themselves.

    Returns:
        `code, due_on`, sorted; `subject` (the contract, or `term`), `months` (of the term), `open`
        (whether it had not been decided by as-of), `source, row` (of the contract; else null).
    """
    least = scope.settings.moments.renewal_min_months
    long = (pl.col("due_on") - pl.col("start")).dt.total_days() * 12 / 365.25
    signed = contracts.select(
        "code",
        "due_on",
        "source",
        "row",
        subject="contract_id",
        months=long.round(0).cast(pl.Int64),
        open=pl.col("due_on") >= scope.as_of,
    )
    months = pl.col("interval").replace_strict(_MONTHS, default=1.0) * pl.col("interval_count")
    paid = asked.join(contracts, on="code", how="anti").select(
        "code",
        "due_on",
        source=pl.lit(None, pl.String),
        row=pl.lit(None, pl.Int64),
        subject=pl.lit("term"),
        months=months.round(0).cast(pl.Int64),
        open=pl.col("outcome") == "pending",
    )
    every = pl.concat([signed, paid]).filter(pl.col("months") >= least)
    return every.sort("code", "due_on", "subject")
