"""How each customer's use stands against what it used to be, its segment's season taken off.

    ratio    = use of the month / median of the half year that ended a quarter before
    adjusted = ratio / min(1, median ratio of the customers of its segment with the same metric)

The months between let a slow fall show: a customer that loses a tenth a month is never far below the
month before. Peers excuse a fall that all of them share (a holiday), and never make one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.dimensions import customer_facts
from clv_cli.measures.usage_months import usage_months
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from fractions import Fraction

_BLOCK = 2**14
_JUDGED = ("unit", "code", "metric", "month", "used", "alone", "day", "source", "row")


@derived("usage_trend", usage_months, customer_facts)
def usage_trend(scope: Scope, months: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """How far is the use of each complete month below what the customer used to use?

    A month counts only with all months of its baseline before it, none missing: new customers, and
    those whose use begins or pauses in between, are not judged.

    Returns:
        `unit, code, metric, month`, sorted by unit and month; `used` (Int64 millionths), `usual`
        (Float64 millionths, above 0), `ratio` and `adjusted` (Float64), `alone, day, source, row` of
        the month.
    """
    rules = scope.settings.moments.decline
    judged = _against_usual(months, rules.baseline_months, rules.apart_months)
    season = _seasons(judged, _segments(facts, judged["code"]), rules.min_peers)
    return judged.with_columns(adjusted=pl.col("ratio") / season).select(
        "unit",
        "code",
        "metric",
        "month",
        "used",
        "usual",
        "ratio",
        "adjusted",
        "alone",
        "day",
        "source",
        "row",
    )


def _seasons(judged: pl.DataFrame, segments: pl.Series, least: int) -> pl.Series:
    """What all of a row's segment, metric and month share: their median ratio, at most 1.

    The three are packed into one number: few groups of many rows are then found by place.
    """
    if not judged.height:
        return pl.Series(dtype=pl.Float64)
    metric = judged["metric"].to_physical().cast(pl.Int64)
    month = judged["month"].cast(pl.Int64) - judged["month"].min()
    metrics, months = int(metric.max()) + 1, int(month.max()) + 1  # type: ignore[arg-type]
    peers = (segments.to_physical().cast(pl.Int64) * metrics + metric) * months + month
    found = (
        judged.select("ratio", peers=peers)
        .group_by("peers")
        .agg(season=pl.col("ratio").median().clip(upper_bound=1), many=pl.len())
        .with_columns(pl.when(pl.col("many") >= least).then("season").fill_null(1.0))
        .sort("peers")
    )
    return found["season"].gather(found["peers"].search_sorted(peers))


def _segments(facts: pl.DataFrame, codes: pl.Series) -> pl.Series:
    """The segment of each code: facts stand in the order of codes, so a look-up by place will do."""
    return facts["segment"].cast(pl.Enum(facts["segment"].unique().sort())).gather(codes)


def _against_usual(months: pl.DataFrame, window: int, apart: int) -> pl.DataFrame:
    """The months that can be judged, with `usual` and `ratio`, in their order."""
    furthest = apart + window
    # The oldest month of the baseline is there, so none is missing since.
    whole = (
        (pl.col("unit").shift(furthest) == pl.col("unit"))
        & (pl.col("month").shift(furthest) == pl.col("month") - furthest)
        & pl.col("complete")
    )
    place = months.select(whole.arg_true()).to_series()
    usual = _medians(months["used"], place, range(apart + 1, furthest + 1))
    return (
        months.select(pl.col(_JUDGED).gather(place))
        .with_columns(usual=usual)
        .filter(pl.col("usual") > 0)
        .with_columns(ratio=pl.col("used") / pl.col("usual"))
    )


def _medians(values: pl.Series, places: pl.Series, back: range) -> pl.Series:
    """The median of the values that stand so many rows before each place.

    Sorted by swapping neighbours, a column at a time, in blocks that stay in the cache of a core: a
    third of the time of whole columns.
    """
    import numpy as np  # noqa: PLC0415 - only where use is judged

    known, at = values.cast(pl.Float64).to_numpy(), places.to_numpy().astype(np.int64)
    low, high = (len(back) - 1) // 2, len(back) // 2
    medians = np.empty(len(at))
    for start in range(0, len(at), _BLOCK):
        here = at[start : start + _BLOCK]
        columns = [known[here - n] for n in back]
        for end in range(len(columns) - 1, low - 1, -1):
            for left in range(end):
                pair = columns[left], columns[left + 1]
                columns[left], columns[left + 1] = np.minimum(*pair), np.maximum(*pair)
        medians[start : start + _BLOCK] = (columns[low] + columns[high]) / 2
    return pl.Series(medians, dtype=pl.Float64)


def is_below(share: Fraction) -> pl.Expr:
    """Whether a month is at least a share below what is usual, in floating point to nine digits."""
    return pl.col("adjusted").round(9) <= round(1 - float(share), 9)


def is_falling(scope: Scope, share: Fraction) -> pl.Expr:
    """Whether a month is a share below what is usual, and the month before was below it, too."""
    confirmed = is_below(scope.settings.moments.decline.confirmed)
    marked = pl.when(
        (pl.col("unit").shift(1) == pl.col("unit"))
        & (pl.col("month").shift(1) == pl.col("month") - 1)
    ).then(confirmed.shift(1))
    return is_below(share) & marked.fill_null(value=False)
