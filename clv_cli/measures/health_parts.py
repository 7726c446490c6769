"""The six parts of the health score on any day, each 0 to 100, from what was known on that day.

Each takes frames of facts and a day, and looks at no fact that is younger; a part without data has
no row, and its weight goes to the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.periods import month_of

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.settings import Health

_MONTHS = 3
_YEAR = 365
FULL = 100.0


def usage(months: pl.DataFrame, day: date, rules: Health) -> pl.DataFrame:
    """Use of the last three complete months against the three before; of several metrics the worst.

    The same or more is 100, `usage_floor` of it or less is 0. All six months must be there.
    """
    end = month_of(day + timedelta(days=1))
    known = months.filter(pl.col("month").is_between(end - 2 * _MONTHS, end - 1))
    used = pl.col("used").cast(pl.Float64)
    late = pl.col("month") >= end - _MONTHS
    sums = known.group_by("unit", "code").agg(
        now=used.filter(late).sum(), then=used.filter(~late).sum(), n=pl.len()
    )
    floor = float(rules.usage_floor)
    share = ((pl.col("now") / pl.col("then") - floor) / (1 - floor)).clip(0, 1)
    whole = sums.filter(pl.col("n") == 2 * _MONTHS, pl.col("then") > 0)
    return whole.group_by("code").agg(usage=FULL * share.min())


def payment(attempts: pl.DataFrame, day: date, rules: Health) -> pl.DataFrame:
    """No failed payment in the window is 100, one made good is 50, a last attempt that failed is 0.

    Only customers with an attempt in the window: others pay in ways that are not in the file.
    """
    recent = attempts.filter(
        pl.col("day") <= day, pl.col("day") > day - timedelta(days=rules.window_days)
    ).sort("code", "day", "payment_id")
    last = pl.col("failed").last()
    state = pl.when(last).then(0.0).when(pl.col("failed").any()).then(FULL / 2)
    return recent.group_by("code").agg(payment=state.otherwise(FULL))


def support(tickets: pl.DataFrame, active: pl.DataFrame, day: date, rules: Health) -> pl.DataFrame:
    """No ticket in the window is 100, `worst_tickets` or more are 0. Where no ticket is known at all: none."""
    if not tickets.height:
        return pl.DataFrame(schema={"code": pl.Int32, "support": pl.Float64})
    recent = tickets.filter(
        pl.col("day") <= day, pl.col("day") > day - timedelta(days=rules.window_days)
    )
    counts = recent.group_by("code").agg(n=pl.len())
    share = 1 - pl.col("n").fill_null(0) / rules.worst_tickets
    joined = active.select("code").join(counts, on="code", how="left")
    return joined.select("code", support=FULL * share.clip(0, 1))


def sentiment(answers: pl.DataFrame, day: date, rules: Health) -> pl.DataFrame:
    """The latest recommendation score as a share of its scale, when it is young enough."""
    young = answers.filter(
        pl.col("day") <= day, pl.col("day") > day - timedelta(days=rules.sentiment_days)
    )
    latest = young.sort("code", "day").unique("code", keep="last", maintain_order=True)
    return latest.select("code", sentiment=FULL * pl.col("share"))


def engagement(contacts: pl.DataFrame, day: date, rules: Health) -> pl.DataFrame:
    """A contact within the window is 100, one a year ago or more is 0. Without any known: none."""
    past = contacts.filter(pl.col("day") <= day).group_by("code").agg(pl.col("day").max())
    age = (pl.lit(day) - pl.col("day")).dt.total_days()
    span = max(_YEAR - rules.window_days, 1)
    return past.select("code", engagement=FULL * (1 - (age - rules.window_days) / span).clip(0, 1))


def contract(terms: pl.DataFrame, cancels: pl.DataFrame, day: date) -> pl.DataFrame:
    """A year or more of the running term left is 100, none is 0, and a cancellation asked for is 0."""
    running = terms.filter(pl.col("period_start") <= day, pl.col("period_end") > day)
    asked = cancels.filter(pl.col("day") <= day)
    # A term that began after the cancellation was asked for overrides it.
    left = running.group_by("code").agg(
        end=pl.col("period_end").max(), start=pl.col("period_start").max()
    )
    gone = asked.group_by("code").agg(asked=pl.col("day").max())
    days = (pl.col("end") - pl.lit(day)).dt.total_days()
    share = pl.when(pl.col("asked") >= pl.col("start")).then(0.0).otherwise(days / _YEAR)
    joined = left.join(gone, on="code", how="left")
    return joined.select("code", contract=FULL * share.clip(0, 1))
