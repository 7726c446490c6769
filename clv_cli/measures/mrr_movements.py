"""How MRR moved, customer by customer: new, expansion, contraction, churn, reactivation, fx.

    opening + new + expansion + contraction + churn + reactivation + fx = closing

A customer is one, over all its subscriptions and currencies; what moves is the difference of two
month-end snapshots, in the rates of the later one.
"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.fx import at_month_end, convert
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.pipeline import Scope, derived

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation", "fx")
_STRIDE = 2**20  # no month reaches it


@derived("mrr_balances", mrr_spans)
def mrr_balances(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """What did each customer pay at the opening and at the closing of the months in which it moved?

    Returns:
        `code, month`, sorted; `opening` (at the opening rate), `revalued` (the opening at the
        closing rate) and `closing`, Int64 MRR units of the base currency. Customers with a foreign
        currency have a row for every month, all others only where the level changes.
    """
    seen = visible(scope, spans)
    foreign = seen.filter(pl.col("currency") != scope.currency).select("code").unique()
    at_home = seen.join(foreign, on="code", how="anti")
    abroad = seen.join(foreign, on="code", how="semi")
    return pl.concat([_steps(scope, at_home), _revalued(scope, abroad)]).sort("code", "month")


@derived("mrr_movements", mrr_balances, mrr_spans)
def mrr_movements(scope: Scope, balances: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Whose MRR moved in which month, by how much and why?

    Nothing before and something now is new, or reactivation when the customer had paid before
    (unless more than `churn.reactivation_window_days` have passed); something before and nothing now
    is churn; anything else is expansion or contraction by its sign.

    Returns:
        `code, month`, sorted; `opening`, the six movements and `closing`, Int64 MRR units of the
        base currency. Only rows in which something moves.
    """
    paid = balances.filter(pl.col("closing") > 0)
    first = paid.group_by("code").agg(first=pl.col("month").min())
    rows = balances.join(first, on="code", how="left").join(
        _idle(spans), on=["code", "month"], how="left"
    )
    change = pl.col("closing") - pl.col("revalued")
    before, after = pl.col("opening") > 0, pl.col("closing") > 0
    window = scope.settings.churn.reactivation_window_days
    forgotten = pl.lit(value=False) if window is None else pl.col("idle").fill_null(0) > window
    fresh = (pl.col("month") == pl.col("first")) | forgotten
    stays = before == after
    cases = {
        "new": ~before & after & fresh,
        "expansion": stays & (change > 0),
        "contraction": stays & (change < 0),
        "churn": before & ~after,
        "reactivation": ~before & after & ~fresh,
    }
    moves = [pl.when(case).then(change).otherwise(0).alias(name) for name, case in cases.items()]
    return (
        rows.select(
            "code",
            "month",
            "opening",
            *moves,
            fx=pl.col("revalued") - pl.col("opening"),
            closing="closing",
        )
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in MOVEMENTS))
        .sort("code", "month")
    )


def visible(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """The spans that at least one snapshot up to the closing month sees."""
    return spans.filter(
        pl.col("from_month") < pl.col("to_month"), pl.col("from_month") <= scope.closing
    )


def steps(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans as changes by customer and month: `code, month, delta`, sorted; each sums to 0."""
    up = spans.select(code_month("from_month"), delta="mrr")
    down = spans.select(code_month("to_month"), delta=-pl.col("mrr"))
    summed = (
        pl.concat([up, down])
        .group_by("key")
        .agg(pl.col("delta").cast(pl.Int128).sum().cast(pl.Int64))
        .sort("key")
    )
    return summed.select(*from_code_month(), "delta")


def code_month(month: str) -> pl.Expr:
    """`code` and a month as one Int64 `key` that sorts like the two, and groups much faster."""
    return (pl.col("code").cast(pl.Int64) * _STRIDE + pl.col(month)).alias("key")


def from_code_month() -> list[pl.Expr]:
    """`code` and `month` of a `code_month`."""
    code, month = pl.col("key") // _STRIDE, pl.col("key") % _STRIDE
    return [code.cast(pl.Int32).alias("code"), month.cast(pl.Int32).alias("month")]


def by_month(spans: pl.DataFrame, end: int) -> pl.DataFrame:
    """Spans written out: `code, currency, month, mrr` for each month before `end`."""
    return (
        spans.with_columns(month=pl.int_ranges("from_month", pl.min_horizontal("to_month", end)))
        .explode("month", empty_as_null=False)
        .with_columns(pl.col("month").cast(pl.Int32))
        .group_by("code", "currency", "month")
        .agg(pl.col("mrr").sum())
    )


def _steps(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Balances of customers who only pay in the base currency, where they change."""
    level = pl.col("delta").cum_sum()
    return (
        steps(spans)
        .select("code", "month", opening=level - pl.col("delta"), closing=level)
        .filter(pl.col("opening") != pl.col("closing"), pl.col("month") <= scope.closing)
        .select("code", "month", "opening", revalued="opening", closing="closing")
    )


def _revalued(scope: Scope, spans: pl.DataFrame) -> pl.DataFrame:
    """Balances of customers with a foreign currency, in every month."""
    level = by_month(spans, scope.closing + 1)
    closing = in_base(scope, level)
    opening = closing.with_columns(pl.col("month") + 1).filter(pl.col("month") <= scope.closing)
    revalued = in_base(scope, opening.select("code", "currency", "month", "mrr"))
    parts = [(opening, "opening"), (revalued, "revalued"), (closing, "closing")]
    names = [name for _, name in parts]
    long = pl.concat(
        [part.select("code", "month", pl.col("value").alias(name)) for part, name in parts],
        how="diagonal",
    )
    return long.group_by("code", "month").agg(pl.col(names).sum()).select("code", "month", *names)


def in_base(scope: Scope, levels: pl.DataFrame) -> pl.DataFrame:
    """Levels of `currency` and `month` with their `value` in the base currency at month end."""
    return at_month_end(scope, levels).with_columns(
        value=convert(pl.col("mrr"), pl.col("multiplier"), pl.col("divisor"))
    )


def _idle(spans: pl.DataFrame) -> pl.DataFrame:
    """The longest silence before a customer's starts in a month, in days."""
    return (
        spans.filter(pl.col("mrr") > 0)
        .group_by("code", month="from_month")
        .agg(pl.col("idle").max())
    )
