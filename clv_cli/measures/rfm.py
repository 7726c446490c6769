"""Recency, frequency and monetary value: what purchases tell about a customer.

Purchases of one customer on one calendar day are one purchase. The observation ends with `as_of`:
a customer's age is the days from the first purchase to `as_of`, so one who first bought on that day
has age 0.
"""

from __future__ import annotations

import polars as pl

from clv_cli.measures.billed_lines import billed_lines
from clv_cli.pipeline import Scope, derived, reduction

_STRIDE = 2**32
_DAY_ZERO = 2**30  # days before 1970 are negative
_CONTRACT = ("recurring", "proration")
_FREE_CHOICE = ("usage", "one_off")


@reduction("purchase_days")
def purchase_days(scope: Scope) -> pl.LazyFrame:
    """What was billed to each customer on each day, under contract and by free choice?

    A purchase is a billed line of a positive amount, or a one-off of any amount that is not negative
    (an order that cost nothing was placed all the same; usage of nothing was not). Prorations belong
    to the spend of their day. Credits, refunds and write-offs are no purchases: they are `credited`.

    Returns:
        `code` (Int32), `contract` (Boolean: recurring and proration lines), `day`, `bought` (whether
        it was a purchase), `spend` (of charges) and `credited` (not positive), both Int64 minor units
        of the base currency; sorted by the first three.
    """
    kind, amount = pl.col("kind"), pl.col("amount_base")
    charged = kind.is_in([*_CONTRACT, *_FREE_CHOICE])
    bought = (charged & (amount > 0)) | ((kind == "one_off") & (amount == 0))
    group = pl.col("code").cast(pl.Int64) * 2 + kind.is_in(_CONTRACT).cast(pl.Int64)
    takes_back = bool(set(scope.book.lines.kinds) - {*_CONTRACT, *_FREE_CHOICE, "trial"})
    spend = pl.when(charged).then(amount).otherwise(0) if takes_back else amount
    credited = [pl.when(charged).then(0).otherwise(amount).alias("credited")] * takes_back
    sums = ["spend", *(["credited"] * takes_back)]
    # One packed key groups and sorts three times as fast as its three parts.
    days = (
        billed_lines(scope)
        .filter(kind != "trial")
        .select(
            *credited,
            key=group * _STRIDE + pl.col("issued_on").to_physical() + _DAY_ZERO,
            bought=bought,
            spend=spend,
        )
        .group_by("key")
        .agg(pl.col("bought").any(), pl.col(sums).cast(pl.Int128).sum().cast(pl.Int64))
        .sort("key")
    )
    return days.select(
        (pl.col("key") // (2 * _STRIDE)).cast(pl.Int32).alias("code"),
        (pl.col("key") // _STRIDE % 2 == 1).alias("contract"),
        (pl.col("key") % _STRIDE - _DAY_ZERO).cast(pl.Int32).cast(pl.Date).alias("day"),
        "bought",
        "spend",
        pl.col("credited") if takes_back else pl.lit(0, pl.Int64).alias("credited"),
    )


@derived("rfm", purchase_days)
def rfm(scope: Scope, days: pl.DataFrame) -> pl.DataFrame:
    """How recently, how often and for how much did each customer buy, whatever it was?

    Returns:
        `code`, `frequency` (days with a purchase after the first), `recency` (days from the first to
        the last purchase), `age` (days from the first purchase to `as_of`), all Int32, `first_on`,
        `last_on`, `spend` (of all purchase days), `repeat_spend` (without the first), `credited` (of
        all days, not positive), Int64 minor units; one row a customer with a purchase, by `code`.
    """
    return by_customer(scope, days)


@derived("rfm_free_choice", purchase_days)
def rfm_free_choice(scope: Scope, days: pl.DataFrame) -> pl.DataFrame:
    """The same for usage and one-off purchases alone: what the buy-till-you-die models are for.

    Credits that name no kind of purchase count against free choice.
    """
    return by_customer(scope, days.filter(~pl.col("contract")))


def by_customer(scope: Scope, days: pl.DataFrame) -> pl.DataFrame:
    """The rows of `rfm` from some of the `purchase_days`."""
    bought = days.filter(pl.col("bought"))
    if bought["contract"].n_unique() > 1:  # else each day of a customer is one row already
        bought = (
            bought.group_by("code", "day")
            .agg(pl.col("spend").cast(pl.Int128).sum().cast(pl.Int64))
            .sort("code", "day")
        )
    return (
        _with_credits(_first_to_last(bought), days.filter(pl.col("credited") != 0))
        .select(
            "code",
            "frequency",
            recency=_days(pl.col("last_on") - pl.col("first_on")),
            age=_days(pl.lit(scope.as_of) - pl.col("first_on")),
            first_on="first_on",
            last_on="last_on",
            spend=pl.col("repeat_spend") + pl.col("first_spend"),
            repeat_spend="repeat_spend",
            credited="credited",
        )
        .sort("code")
    )


def _with_credits(customers: pl.DataFrame, credited: pl.DataFrame) -> pl.DataFrame:
    """Beside each customer what was credited to it; a book without credits pays for no join."""
    if credited.is_empty():
        return customers.with_columns(credited=pl.lit(0, pl.Int64))
    sums = credited.group_by("code").agg(pl.col("credited").cast(pl.Int128).sum().cast(pl.Int64))
    joined = customers.join(sums, on="code", how="left", maintain_order="left")
    return joined.with_columns(pl.col("credited").fill_null(0))


def _first_to_last(bought: pl.DataFrame) -> pl.DataFrame:
    """The first and the last row of each customer side by side, from rows sorted by customer and day.

    Customers' sums are differences of one running sum: a quarter of the time of a group-by. Should it
    ever wrap, the differences are still exact.
    """
    running = bought.with_columns(place=pl.int_range(pl.len()), sum=pl.col("spend").cum_sum())
    code = pl.col("code")
    first = running.filter((code != code.shift(1)).fill_null(value=True))
    last = running.filter((code != code.shift(-1)).fill_null(value=True))
    return pl.concat(
        [
            first.select("code", first_on="day", first_spend="spend", begin="place", before="sum"),
            last.select(last_on="day", end="place", after="sum"),
        ],
        how="horizontal",
    ).with_columns(
        pl.col("code").set_sorted(),
        frequency=(pl.col("end") - pl.col("begin")).cast(pl.Int32),
        repeat_spend=pl.col("after") - pl.col("before"),
    )


def _days(span: pl.Expr) -> pl.Expr:
    return span.dt.total_days().cast(pl.Int32)
