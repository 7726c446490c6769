"""By how much a purchase goes beyond what the customer bought before.

    expanded share of a line = max(0, rate - base) / rate

`rate` is the monthly revenue of the customer x product in the month of issue: the sum of
amount / months of its term over the lines issued in it, credits included. `base` is the mean of the
months before, terms spread evenly from the later of issue and start of service, so neither
billing in arrears nor in advance looks like growth. Its window ends with the last month covered: a
late renewal finds the term before it, not a month of zeros. Where a renewal says what the term before
was worth, that is the base instead (`renewed`). Both are kept in 1/55,440 of a minor
unit (`money.MRR_UNITS`) of the line's own currency, because a better exchange rate is no expansion.
An add-on billed while a plan of another month runs is weighed against the whole base, so at worst
too little is called expansion, never too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from clv_cli.attribution.concerned import has_evidence, split_history
from clv_cli.attribution.grouping import among, end_of, numbered
from clv_cli.attribution.renewed import with_terms
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.settings.split import Split

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Bools = np.ndarray[tuple[int, ...], np.dtype[np.bool]]

GROUP = ["code", "product"]
# Groups lie this many months apart in a key, so that a running figure never mixes two of them.
MONTHS = 2**20
# 55,440 = 4,620 x 12: what terms of 1-4, 6 and 12 months leave over. Others stay exact all the same.
FACTORS = (4620, 12)
# A mask of so many groups is cheap to make, whoever they are.
DENSE = 2**24
# What the units of any window must stay below for 64 bits; a bit to spare for floats that say so.
ROOM = 2.0**62


@derived("split_spread", split_history)
def split_spread(scope: Scope, lines: pl.DataFrame) -> pl.DataFrame:
    """The past of customers with evidence: monthly units by group, month of issue and term.

    Returns:
        `code, product` (an enumeration), `month, begins` (first month of the term), `months` (its length),
        `units` (Int64 or Int128, a month), `bought` (a purchase is among them), `first_day` (of purchases).
    """
    amount = pl.col("amount")
    past = grouped(scope, lines).select(
        *GROUP, "month", "begins", "months", "amount", bought=amount > 0, issued_on="issued_on"
    )
    past = past.with_columns(first_day=pl.when("bought").then("issued_on")).drop("issued_on")
    if not has_evidence(scope):
        past = past.clear()
    # A term that divides the unit divides every sum, so its lines need not be summed first.
    divides = MRR_UNITS % pl.col("months") == 0
    columns = (*GROUP, "month", "begins", "months", "units", "bought", "first_day")
    # At most 10^14 minor units of 55,440 each: 64 bits hold one line.
    exact = amount * (MRR_UNITS // pl.col("months").cast(pl.Int64))
    whole, rest = past.with_columns(units=exact).filter(divides), past.filter(~divides)
    if rest.is_empty():
        return whole.select(columns)
    summed = rest.group_by(*GROUP, "month", "begins", "months").agg(
        amount.cast(pl.Int128).sum(), pl.col("bought").any(), pl.col("first_day").min()
    )
    units = amount.cast(pl.Int128) * MRR_UNITS // pl.col("months")
    wide = (whole.with_columns(pl.col("units").cast(pl.Int128)), summed.with_columns(units=units))
    return pl.concat(frame.select(columns) for frame in wide)


def expansion(
    scope: Scope, spread: pl.DataFrame, terms: pl.DataFrame, bought: pl.DataFrame
) -> pl.DataFrame:
    """By which share does the month of each purchase exceed its base?

    Args:
        scope: settings `split.base_months` and `split.base_min_months`.
        spread: see `split_spread`.
        terms: see `renewed.split_terms`.
        bought: purchases, numbered.

    Returns:
        `at` (the purchase), `num` and `den` (Int128), `known`.
    """
    products = cast("pl.Enum", spread.schema["product"])
    lines = grouped(scope, bought, products).select("at", *GROUP, "month", pair=_pair(products))
    lines = lines.filter(pl.col("pair").is_not_null())
    keys = (lines["pair"] * MONTHS + lines["month"]).to_numpy()
    # Several lines of one month have one base.
    asked, of_line = np.unique(keys, return_inverse=True)
    theirs = _of_groups(spread.with_columns(pair=_pair(products)), lines["pair"])
    split = scope.settings.split
    num, den, known = _grown(asked, _past(theirs, split.base_months), split)
    shares = pl.DataFrame({"key": asked, "known": known}).with_columns(_wide(num=num, den=den))
    if not terms.is_empty():
        shares = shares.with_columns(group=pl.col("key") // MONTHS * MONTHS)
        groups = lines.unique("pair").select(
            *GROUP[:1], pl.col("product").cast(pl.String), group=pl.col("pair") * MONTHS
        )
        named = spread.with_columns(pl.col("product").cast(pl.String))
        shares = _reduced(with_terms(shares, groups, named, terms).sort("key"))
    return lines.select("at", *(shares[name].gather(of_line) for name in ("num", "den", "known")))


def _of_groups(spread: pl.DataFrame, pairs: pl.Series) -> pl.DataFrame:
    """The past of some groups; their numbers are dense unless customers and products are very many."""
    every, end = spread["pair"], end_of(spread["pair"], pairs)
    if end > DENSE:
        return spread.filter(every.is_in(pairs.unique().implode()))
    return spread.filter(among(end, pairs)[every.to_numpy()])


def _wide(**values: Ints) -> list[pl.Series]:
    """Whole numbers as columns of 128 bits."""
    return [
        pl.Series(name, found.tolist() if found.dtype == object else found, dtype=pl.Int128)
        for name, found in values.items()
    ]


def _reduced(shares: pl.DataFrame) -> pl.DataFrame:
    """The same fractions in smaller numbers, so that products of them fit 128 bits."""
    for factor in FACTORS:
        both = (pl.col("num") % factor == 0) & (pl.col("den") % factor == 0)
        divisor = pl.when(both).then(factor).otherwise(1).cast(pl.Int128)
        shares = shares.with_columns(pl.col("num") // divisor, pl.col("den") // divisor)
    return shares


def grouped(scope: Scope, lines: pl.DataFrame, products: pl.Enum | None = None) -> pl.DataFrame:
    """Lines with the `product` key of their group: product, and currency where there are several.

    Args:
        scope: the currencies.
        lines: with `product_id, currency`, as texts or in enumerations.
        products: the enumeration of all keys; None: that of these lines.
    """
    kinds = ["product_id", *(["currency"] if len(scope.book.lines.currencies) > 1 else [])]
    # Combinations are few however many lines there are: each is named once.
    number, first = numbered(lines, kinds)
    texts = lines.select(pl.col(kinds).gather(first).cast(pl.String).fill_null(""))
    named = texts.select(pl.concat_str(pl.all(), separator="|")).to_series()
    # A line whose product has no past has no share of it either: its key is null.
    kind = products or pl.Enum(named.unique().sort())
    keys = named.cast(kind, strict=False)
    return lines.with_columns(keys.gather(number).alias("product"))


def _pair(products: pl.Enum) -> pl.Expr:
    """Customer and product as one integer, half as dear to look up as two columns."""
    count = len(products.categories)
    code, product = (pl.col(name).to_physical().cast(pl.Int64) for name in GROUP)
    return code * count + product


@dataclass(frozen=True, slots=True)
class _Past:
    """The past of some groups in the order of `key`: what was billed in which month for which term.

    Args:
        key: group and month of issue as one integer, as are the others.
        begins: the first month of the term.
        ends: the month after it.
        units: a month; 64 bits, or Python's integers where those might not hold a base.
        bought: whether it is a purchase.
    """

    key: Ints
    begins: Ints
    ends: Ints
    units: Ints
    bought: Bools


def _past(rows: pl.DataFrame, longest: int) -> _Past:
    pair, month, begins, months = (
        rows[name].cast(pl.Int64).to_numpy() for name in ("pair", "month", "begins", "months")
    )
    zero = pair * MONTHS
    order = np.argsort(zero + month)
    key, first = (zero + month)[order], (zero + begins)[order]
    size = rows["units"].cast(pl.Float64).abs().to_numpy()[order]
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    most = np.add.reduceat(size, starts).max() if len(starts) else 0.0
    # Running sums may wrap at 2^64: only differences within a group are read, and those fit.
    narrow = most * max(longest, 1) < ROOM
    units = rows["units"]
    exact = units.cast(pl.Int64).to_numpy() if narrow else np.array(units.to_list(), object)
    return _Past(key, first, first + months[order], exact[order], rows["bought"].to_numpy()[order])


def _grown(asked: Ints, past: _Past, split: Split) -> tuple[Ints, Ints, Bools]:
    """The share by which months exceed their base, reduced: numerators, denominators, `known`.

    Args:
        asked: group and month, sorted, all of them in the past.
        past: of their groups.
        split: how many months make a base, and from how many on there is one.
    """
    first, upto = _first_months(asked, past), _covered(asked, past)
    since = np.maximum(first, upto - split.base_months)
    known = (asked - first >= split.base_min_months) & (upto > since)
    billed = np.concatenate([np.zeros(1, past.units.dtype), np.cumsum(past.units)])
    ends = [np.searchsorted(past.key, asked, side) for side in ("left", "right")]
    rate, window = billed[ends[1]] - billed[ends[0]], upto - since
    # Windows are looked at only where something was billed and there is a base to hold it against.
    near = np.flatnonzero(known & (rate > 0))
    whole = rate[near] * window[near]
    excess = whole - np.maximum(_revenue_between(past, since[near], upto[near]), 0)
    grown = excess > 0
    near, excess, whole = near[grown], excess[grown], whole[grown]
    for factor in FACTORS:
        both = (excess % factor == 0) & (whole % factor == 0)
        divisor = np.where(both, factor, 1)
        excess, whole = excess // divisor, whole // divisor
    num, den = np.zeros(len(asked), rate.dtype), np.ones(len(asked), rate.dtype)
    num[near], den[near] = excess, whole
    return num, den, np.asarray(known)


def _first_months(asked: Ints, past: _Past) -> Ints:
    """The first month that any purchase of the group covers."""
    begins, group = past.begins[past.bought], past.key[past.bought] // MONTHS
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    first = np.minimum.reduceat(begins, starts) if len(starts) else begins
    return np.asarray(first[np.searchsorted(group[starts], asked // MONTHS)])


def _covered(asked: Ints, past: _Past) -> Ints:
    """The month after the last one covered by purchases of months before, the month itself at most.

    A running maximum of keys never reaches into the next group, whose keys are all larger.
    """
    ends = np.maximum.accumulate(past.ends[past.bought])
    place = np.searchsorted(past.key[past.bought], asked) - 1
    return np.asarray(np.where(place >= 0, np.minimum(asked, ends[place]), asked))


def _revenue_between(past: _Past, since: Ints, upto: Ints) -> Ints:
    """Spread revenue of each window, as a difference of running totals at its two ends.

    A line adds `units` a month from `begins` on and takes them away after its term, so the revenue
    before month t is t x sum(step) - sum(step x month) over the steps before t. Steps of whole
    groups cancel, so one running sum serves all groups at once.
    """
    found, nothing = np.zeros(len(since), past.units.dtype), np.zeros(1, past.units.dtype)
    for at, sign in ((past.begins, 1), (past.ends, -1)):
        # Most terms begin and end in the order in which they were billed, so that little is left to sort.
        order = np.argsort(at, kind="stable")
        steps, units = at[order], past.units[order]
        total = np.concatenate([nothing, np.cumsum(units)])
        moment = np.concatenate([nothing, np.cumsum(units * (steps % MONTHS))])
        for end, way in ((upto, sign), (since, -sign)):
            place = np.searchsorted(steps, end)
            found += way * (end % MONTHS * total[place] - moment[place])
    return found
