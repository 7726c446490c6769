"""Claims of several rules combine exactly: no digit of a product of weights is cut."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clv_cli.attribution import split_by_table
from clv_cli.attribution.motion import PART
from clv_cli.attribution.tiers import noisy_or, tiers, unit_of
from clv_cli.errors import DataError
from clv_cli.results import collect
from tests.attribution.asking import asked, initiative
from tests.books import line, settings

CLAIM: dict[str, Any] = {
    "at": pl.UInt32,
    "part": PART,
    "bucket": pl.String,
    "rule_id": pl.String,
    "weight": pl.Int64,
}
WEIGHTS = st.lists(st.sampled_from([1, 250_000, 333_333, 500_000, 999_999, 1_000_000]), max_size=3)


def claimed(cxm: list[int], cs: list[int], combine: str) -> dict[str, Any]:
    rows = [
        (0, "expanded", bucket, f"{bucket}{number}", weight)
        for bucket, weights in (("cxm", cxm), ("cs", cs))
        for number, weight in enumerate(weights)
    ]
    claims = pl.DataFrame(rows, schema=CLAIM, orient="row")
    of = asked([line("A", "2025-01-01", 1)], split__combine=combine)
    return tiers(of, claims, unit_of(claims)).row(0, named=True)


def exactly(weights: list[int], combine: str) -> Fraction:
    shares = [Fraction(weight, 10**6) for weight in weights]
    if combine == "max":
        return max(shares, default=Fraction(0))
    return (
        min(Fraction(1), sum(shares, Fraction(0))) if combine == "capped_sum" else noisy_or(weights)
    )


@given(WEIGHTS, WEIGHTS.filter(bool), st.sampled_from(["max", "capped_sum", "noisy_or"]))
def test_each_tier_claims_the_exact_fraction(cxm: list[int], cs: list[int], combine: str) -> None:
    try:
        found = claimed(cxm, cs, combine)
    except DataError:
        # Only products can be finer than 128 bits.
        assert combine == "noisy_or"
        return
    for tier, weights in (("cxm", cxm), ("cs", cs)):
        claim = Fraction(found[f"{tier}_num"], found[f"{tier}_den"])
        assert claim == exactly(weights, combine)


def test_two_thirds_written_with_six_digits_keep_all_twelve_of_their_product() -> None:
    # 1 - 0.666667 x 0.666667 = 0.555555111111, which parts per million would cut to 0.555555.
    third = [initiative(name, weight_switched=333_333) for name in ("I", "J")]
    of = asked(
        [line("A", "2025-03-01", 10)],
        initiatives=third,
        customers=[{"customer_id": "A", "prior_supplier": "R"}],
        split__combine="noisy_or",
    )
    rows = collect([split_by_table(of, "line")], of)[0].records()
    shares = {row["rule_id"]: Fraction(row["exact_share"]) for row in rows}
    assert shares["I"] + shares["J"] == Fraction(555_555_111_111, 10**12)
    assert shares["rest"] == Fraction(444_444_888_889, 10**12)


def test_products_that_128_bits_cannot_hold_are_refused_by_the_names_of_their_rules() -> None:
    # Six weights of six digits have 36 in their product; with their sum they leave no room.
    with pytest.raises(DataError, match="finer than 128 bits") as caught:
        claimed([333_333] * 6, [500_000], "noisy_or")
    assert caught.value.where == "rules cs0, cxm0, cxm1, cxm2, cxm3, cxm4, cxm5"
    assert claimed([333_333] * 6, [500_000], "capped_sum")["cxm_num"] == 1


def test_a_cs_weight_of_more_than_six_digits_is_refused() -> None:
    assert settings(**{"split.cs_weight": "0.333333"}).split.cs_weight * 3 < 1
    with pytest.raises(ValidationError, match="6 decimal places"):
        settings(**{"split.cs_weight": "0.3333333"})
