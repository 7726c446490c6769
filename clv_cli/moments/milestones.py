"""Milestones: the 50th purchase, the 10,000th dollar, the third year, the millionth call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.moment_kind import Aim, MomentKind, in_window, moment_rows, no_moments
from clv_cli.measures.mrr_terms import ONE
from clv_cli.measures.paying_now import of_paying, paying_now
from clv_cli.measures.purchases import purchases
from clv_cli.measures.usage_months import known_on, usage_days
from clv_cli.money import exponent
from clv_cli.periods import month_of

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.pipeline import Collected


def nth_purchase(frames: Collected, since: date) -> pl.DataFrame:
    """Whose Nth invoice came? Invoices of more than nothing count, in order of day and id."""
    wanted = list(frames.scope.settings.moments.milestones.purchases)
    bought = frames[purchases].filter(pl.col("amount") > 0)
    # Rows stand by customer: a running number less that of the customer's first row.
    place, opens = pl.int_range(1, pl.len() + 1), pl.col("code") != pl.col("code").shift(1)
    first = pl.when(opens.fill_null(value=True)).then(place).forward_fill()
    counted = bought.with_columns(n=place - first + 1)
    found = counted.filter(pl.col("n").is_in(wanted), in_window("day", since, frames.scope.as_of))
    return moment_rows(
        found,
        "nth_purchase",
        code="code",
        day="day",
        subject=pl.lit("purchases"),
        occurrence="n",
        fact=pl.format("purchase no. {}", "n"),
        source="source",
        row="row",
    )


def spend_reached(frames: Collected, since: date) -> pl.DataFrame:
    """Who has by now been billed 1,000, 10,000, 100,000, credits taken off? Each level once."""
    scope = frames.scope
    unit = 10 ** exponent(scope.currency)
    total = pl.col("amount").fill_null(0).cast(pl.Int128).cum_sum().over("code").cast(pl.Int64)
    every = frames[purchases]
    # Only customers with an invoice in the window can reach anything in it.
    now = every.filter(in_window("day", since, scope.as_of)).select("code").unique()
    most = (
        every.join(now, on="code", how="semi", maintain_order="left")
        .with_columns(total=total)
        .with_columns(
            # A credit does not make a level be reached twice.
            most=pl.col("total").cum_max().over("code")
        )
    )
    earlier = pl.col("most").shift(1).over("code").fill_null(0)
    marked = most.with_columns(earlier=earlier).filter(in_window("day", since, scope.as_of))
    parts = [
        _reached(marked, level, pl.col("earlier"), pl.col("most"), level * unit)
        for level in sorted(scope.settings.moments.milestones.spend)
    ]
    found = pl.concat(parts) if parts else _reached(marked.clear(), 0, pl.lit(0), pl.lit(0), 0)
    return moment_rows(
        found,
        "spend_reached",
        code="code",
        day="day",
        subject=pl.lit("spend"),
        occurrence=pl.format("{}", "level"),
        fact=pl.format(f"{{}} {scope.currency} billed to date", "reached"),
        source="source",
        row="row",
    )


def _reached(
    rows: pl.DataFrame, level: int, before: pl.Expr, now: pl.Expr, bound: int
) -> pl.DataFrame:
    """The rows that cross a level, which they then name."""
    return rows.filter(before < bound, now >= bound).with_columns(
        level=pl.lit(level, pl.Int64), reached=pl.lit(f"{level:,}")
    )


def tenure(frames: Collected, since: date) -> pl.DataFrame:
    """Who has been a customer for so many years today, and still pays? 29 February counts as 28."""
    return _years(frames, since, "tenure", listed=True)


def billing_anniversary(frames: Collected, since: date) -> pl.DataFrame:
    """Whose first invoice was a whole number of years ago, in the years that are no milestone?"""
    return _years(frames, since, "billing_anniversary", listed=False)


def _years(frames: Collected, since: date, kind: str, *, listed: bool) -> pl.DataFrame:
    scope = frames.scope
    # Rows stand by customer and day, so a customer's first is where the code changes.
    opens = (pl.col("code") != pl.col("code").shift(1)).fill_null(value=True)
    firsts = frames[purchases].filter(pl.col("amount") > 0).filter(opens)
    milestones = scope.settings.moments.milestones.tenure_years
    oldest = scope.as_of.year - scope.book.lines.first_issued.year
    # Only the years that can fall within the window are tried.
    years = [n for n in range(1, oldest + 1) if (n in milestones) == listed]
    parts = [
        firsts.with_columns(
            began="day", day=pl.col("day").dt.offset_by(f"{12 * n}mo"), n=pl.lit(n)
        ).filter(in_window("day", since, scope.as_of))
        for n in years
    ]
    if not parts:
        return no_moments()
    found = of_paying(pl.concat(parts), frames[paying_now]).sort("n", "code")
    return moment_rows(
        found,
        kind,
        code="code",
        day="day",
        subject=pl.lit("years"),
        occurrence="n",
        fact=pl.format("customer since {}", "began"),
        source="source",
        row="row",
    )


def usage_count(frames: Collected, since: date) -> pl.DataFrame:
    """Who has by now used so many units of a metric? Gauges such as seats are no count."""
    scope = frames.scope
    levels = sorted(scope.settings.moments.milestones.usage)
    days = frames[usage_days]
    if not levels or not days.height:
        return no_moments()
    crossing = _crossing(days, month_of(since), levels)
    # Days and names only of the few rows that cross.
    gauge = pl.col("metric").cast(pl.String).is_in(scope.settings.moments.gauges)
    found = (
        crossing.filter(~gauge)
        .with_columns(day=known_on(scope))
        .filter(in_window("day", since, scope.as_of))
    )
    return moment_rows(
        found,
        "usage_count",
        code="code",
        day="day",
        subject="metric",
        occurrence=pl.format("{}", "level"),
        fact=pl.format("{} {} used to date", "reached", "metric"),
        source="source",
        row="row",
    )


def _crossing(days: pl.DataFrame, first: int, levels: list[int]) -> pl.DataFrame:
    """The rows from a month on at which a unit's use to date reaches a level, which they name."""
    opens = (days["unit"] != days["unit"].shift(1)).fill_null(value=True)
    added = _added(days, opens)
    # Should the sum over all customers wrap, differences within one are still exact.
    total = added.cum_sum()
    units = _recent_rows(opens, days["month"] >= first)
    start = total.gather(units["opens"]) - added.gather(units["opens"])
    head, last = units["first"], units["last"]
    if bool((added >= 0).all()):
        # Use that only grows reaches a level between its first and last row, or not at all.
        ends = pl.DataFrame(
            {
                "before": total.gather(head) - added.gather(head) - start,
                "now": total.gather(last) - start,
            }
        )
        crosses = pl.any_horizontal(
            (pl.col("before") < level * ONE) & (pl.col("now") >= level * ONE) for level in levels
        )
        kept = ends.select(crosses).to_series()
        units, start = units.filter(kept), start.filter(kept)
    rows = units.select(start=start, at=pl.int_ranges("first", pl.col("last") + 1)).explode("at")
    now = total.gather(rows["at"]) - rows["start"]
    sums = rows.with_columns(now=now, before=now - added.gather(rows["at"]))
    # Whole rows only of what crosses.
    parts = [
        _reached(sums, level, pl.col("before"), pl.col("now"), level * ONE) for level in levels
    ]
    found = pl.concat(parts)
    return days[found["at"]].with_columns(found["level"], found["reached"])


def _recent_rows(opens: pl.Series, recent: pl.Series) -> pl.DataFrame:
    """Of each unit with recent rows, which are its last: where it opens, and their `first, last`."""
    heads = opens.arg_true().alias("opens")
    lasts = (heads.cast(pl.Int64).shift(-1, fill_value=opens.len()) - 1).alias("last")
    firsts = (recent & (opens | ~recent.shift(1, fill_value=False))).arg_true().alias("first")
    seen = recent.gather(lasts)
    return pl.DataFrame([heads.filter(seen), firsts.cast(pl.Int64), lasts.filter(seen)])


def _added(days: pl.DataFrame, opens: pl.Series) -> pl.Series:
    """What each row adds: `used` restarts each month, so the difference within its month."""
    if bool(days["alone"].all()):
        return days["used"]
    same = ~pl.lit(opens) & (pl.col("month") == pl.col("month").shift(1))
    earlier = pl.when(same).then(pl.col("used").shift(1)).otherwise(0)
    return days.select(added=pl.col("used") - earlier).to_series()


_kind = partial(MomentKind, aim=Aim.THANK, owner="success", priority=4)
KINDS = (
    _kind(
        "nth_purchase",
        "Purchase milestone",
        play="thank them, with a small gift or coupon",
        needs=(purchases,),
        find=nth_purchase,
    ),
    _kind(
        "spend_reached",
        "Spend milestone",
        play="thank them; offer the terms of their size",
        needs=(purchases,),
        find=spend_reached,
    ),
    _kind(
        "tenure",
        "Years as a customer",
        play="thank them personally; ask for a reference",
        needs=(purchases, paying_now),
        find=tenure,
    ),
    _kind(
        "billing_anniversary",
        "Billing anniversary",
        play="send an upgrade offer or a discount on an additional service",
        needs=(purchases, paying_now),
        find=billing_anniversary,
    ),
    _kind(
        "usage_count",
        "Usage milestone",
        play="congratulate them and show what others do next",
        needs=(usage_days,),
        find=usage_count,
        requires=("usage",),
    ),
)
