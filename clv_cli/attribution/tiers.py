"""What a tier claims of a part, from the weights of its rules: exact fractions.

    max          the largest weight
    capped_sum   the sum of the weights, at most 1
    noisy_or     1 - product of (1 - weight): as if each rule had its chance alone

All are symmetric, so the order of rules cannot matter. Weights are parts per million; products of them
have more digits, and keep every one: a claim is a numerator and a denominator of 128 bits, never cut.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, prod
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.rounding import LIMIT
from clv_cli.errors import DataError
from clv_cli.frames import WEIGHT_ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from clv_cli.pipeline import Scope

TIERS = ("cxm", "cs")
BUCKETS = (*TIERS, "sales")
BUCKET = pl.Enum(BUCKETS)
PART_KEYS = ("at", "part")
# More than there are parts.
PART_STEP = 8
# Combinations that stay in parts per million: of the list of weights, what they claim together.
COMBINE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "max": pl.Expr.max,
    "capped_sum": lambda weights: pl.min_horizontal(weights.sum(), WEIGHT_ONE),
}
_FRACTION = {"num": pl.Int128, "den": pl.Int128}


def part_key() -> pl.Expr:
    """Purchase and part as one integer: half as dear to look up as two columns."""
    return pl.col("at").cast(pl.Int64) * PART_STEP + pl.col("part").to_physical().cast(pl.Int64)


def places(keys: pl.Series, asked: pl.Series) -> pl.Series:
    """In which row of `keys` does each key asked for stand? Null where it stands in none.

    Keys of parts are dense, so that a table of all of them is faster than any join.
    """
    rows, wanted = keys.to_numpy(), asked.to_numpy()
    table = np.full(max(rows.max(initial=0), wanted.max(initial=0)) + 1, -1, np.int32)
    table[rows] = np.arange(len(rows), dtype=np.int32)
    found = pl.Series(table[wanted])
    return found.set(found < 0, None)


def noisy_or(weights: Iterable[int]) -> Fraction:
    """1 - product of (1 - w), exactly: what several weights (parts per million) claim together."""
    left = Fraction(1)
    for weight in weights:
        left *= 1 - Fraction(weight, WEIGHT_ONE)
    return 1 - left


def tiers(scope: Scope, claims: pl.DataFrame, unit: int) -> pl.DataFrame:
    """Each tier's combined claim on each part, and how it is divided among its rules.

    Args:
        scope: the setting `split.combine`.
        claims: see `waterfall.split_claims`.
        unit: see `unit_of`.

    Returns:
        `at, part` and, by tier, `num, den` (the claim), `k` (its rules) and `sum` (of their weights in
        units of `unit_of`; 1 where one rule has it all); Int128.

    Raises:
        DataError: a claim that 128 bits cannot hold.
    """
    combine = scope.settings.split.combine
    # Most parts are claimed by one rule, and nothing needs to be combined.
    key = claims.select(part_key()).to_series().to_numpy()
    alone = pl.Series(np.bincount(key)[key] == 1)
    several = claims.filter(~alone).group_by(PART_KEYS).agg(_combined(combine))
    found = pl.concat([claims.filter(alone).select(*PART_KEYS, *_single(combine)), several])
    for tier in TIERS:
        found = _ppm(found, tier, unit) if combine in COMBINE else _products(found, tier)
        shared = pl.when(pl.col(f"{tier}_k") > 1).then(pl.col(f"{tier}_sum") // unit).otherwise(1)
        found = found.with_columns(shared.cast(pl.Int128).alias(f"{tier}_sum"))
    _require_room(found, claims)
    return found


def _combined(combine: str) -> Iterator[pl.Expr]:
    """By tier: how many weights, their sum, and what they claim together (or their list)."""
    for tier in TIERS:
        weights = pl.col("weight").filter(pl.col("bucket") == tier)
        yield weights.count().alias(f"{tier}_k")
        yield weights.sum().alias(f"{tier}_sum")
        if combine in COMBINE:
            yield COMBINE[combine](weights).fill_null(0).alias(f"{tier}_ppm")
        else:
            texts = weights.sort().cast(pl.String).str.join("+")
            yield texts.alias(f"{tier}_list")


def _single(combine: str) -> Iterator[pl.Expr]:
    """The same of parts that one rule claims."""
    for tier in TIERS:
        mine, weight = pl.col("bucket") == tier, pl.col("weight")
        yield mine.cast(pl.UInt32).alias(f"{tier}_k")
        yield pl.when(mine).then(weight).otherwise(0).alias(f"{tier}_sum")
        if combine in COMBINE:
            yield pl.when(mine).then(weight).otherwise(0).alias(f"{tier}_ppm")
        else:
            text = pl.when(mine).then(weight.cast(pl.String)).otherwise(pl.lit(""))
            yield text.alias(f"{tier}_list")


def unit_of(*claims: pl.DataFrame) -> int:
    """The largest unit, in parts per million, of which every weight is a multiple.

    The fewer the digits of weights, the smaller all numbers from here on, and the further products
    stay within 128 bits.
    """
    return gcd(WEIGHT_ONE, *(weight for found in claims for weight in found["weight"].unique()))


def _ppm(found: pl.DataFrame, tier: str, unit: int) -> pl.DataFrame:
    ppm = pl.col(f"{tier}_ppm")
    # All or nothing needs no denominator at all.
    plain = (ppm == 0) | (ppm == WEIGHT_ONE)
    num = pl.when(plain).then(ppm // WEIGHT_ONE).otherwise(ppm // unit)
    den = pl.when(plain).then(1).otherwise(WEIGHT_ONE // unit)
    both = found.with_columns(
        num.cast(pl.Int128).alias(f"{tier}_num"), den.cast(pl.Int128).alias(f"{tier}_den")
    )
    return both.drop(f"{tier}_ppm")


def _products(found: pl.DataFrame, tier: str) -> pl.DataFrame:
    """Lists of weights are few, however many parts they claim: each is multiplied once."""
    name = f"{tier}_list"
    texts = sorted(found[name].fill_null("").unique())
    claims = [noisy_or(int(ppm) for ppm in text.split("+") if ppm) for text in texts]
    for text, claim in zip(texts, claims, strict=True):
        if claim.denominator > LIMIT:
            raise _too_fine(f"{text.count('+') + 1} weights of one purchase")
    rows = [
        (text, claim.numerator, claim.denominator)
        for text, claim in zip(texts, claims, strict=True)
    ]
    schema = {name: pl.String, **{f"{tier}_{key}": dtype for key, dtype in _FRACTION.items()}}
    known = pl.DataFrame(rows, schema=schema, orient="row")
    return found.with_columns(pl.col(name).fill_null("")).join(known, on=name).drop(name)


def _require_room(found: pl.DataFrame, claims: pl.DataFrame) -> None:
    """Stop unless the denominators of both tiers, multiplied, stay within 128 bits."""
    keys = [f"{tier}_{key}" for tier in TIERS for key in ("den", "sum")]
    # Where the largest of each fit together, so do those of every part.
    if prod(found.select(pl.col(keys).max().fill_null(1)).row(0)) <= LIMIT:
        return
    room = pl.lit(LIMIT, pl.Int128)
    for key in keys:
        room //= pl.col(key)
    narrow = found.filter(room == 0).select(PART_KEYS)
    if not narrow.is_empty():
        rules = claims.join(narrow.head(1), on=PART_KEYS, how="semi")["rule_id"].sort()
        raise _too_fine(f"rules {', '.join(rules)}")


def _too_fine(where: str) -> DataError:
    return DataError(
        "the weights of rules that share a purchase are finer than 128 bits can hold",
        where=where,
        hint="write the weights of the rules with fewer digits, or use split.combine: max",
    )
