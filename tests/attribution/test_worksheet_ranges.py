"""A worksheet with low, mid and high: which estimate moves the split most."""

from __future__ import annotations

from typing import Any

import pytest

from clv_cli.attribution import split_claims_table, split_tornado_table
from clv_cli.errors import DataError
from clv_cli.results import collect
from tests.attribution.asking import asked

Row = dict[str, Any]


def estimate(bucket: str, component: str, amount: int, *ends: int) -> Row:
    low, high = ends or (None, None)
    money = {"amount": amount, "low": low, "high": high, "currency": "USD"}
    return {"bucket": bucket, "component": component, "item": f"{bucket} {component}", **money}


ROWS = [
    estimate("all", "total", 900, 880, 910),
    estimate("cxm", "switched", 150, 100, 160),
    estimate("cs", "retained", 160),
]


def tornado(rows: list[Row]) -> list[Row]:
    scope = asked([], worksheet=rows, split__method="worksheet")
    return collect([split_tornado_table(scope)], scope)[0].records()


def test_the_estimate_with_the_widest_swing_stands_first() -> None:
    assert [(row["item"], row["swing"]) for row in tornado(ROWS)] == [
        ("cxm switched", 60),
        ("all total", 30),
    ]


def test_a_claim_moves_sales_the_other_way_and_the_total_moves_them_along() -> None:
    rows = {row["item"]: row for row in tornado(ROWS)}
    # Sales are 590: 640 when CXM is at its low of 100, 580 at its high of 160.
    assert (rows["cxm switched"]["sales_low"], rows["cxm switched"]["sales_high"]) == (580, 640)
    assert (rows["all total"]["sales_low"], rows["all total"]["sales_high"]) == (570, 600)


def test_a_worksheet_without_ranges_has_no_tornado() -> None:
    assert tornado([estimate("all", "total", 900), estimate("cs", "retained", 160)]) == []


@pytest.mark.parametrize("ends", [(160, 170), (100, 140), (100, None), (-1, 160)])
def test_a_range_that_does_not_hold_its_estimate_is_refused(ends: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="an estimate"):
        tornado([estimate("all", "total", 900), estimate("cxm", "switched", 150, *ends)])


def test_a_figure_stated_for_sales_is_their_claim_and_makes_money_contested() -> None:
    rows = [estimate("all", "total", 900_00), estimate("cxm", "switched", 150_00)]
    scope = asked([], worksheet=rows, split__method="worksheet", split__stated={"sales": "800"})
    (result,) = collect([split_claims_table(scope)], scope)
    found = {row["bucket"]: (row["claimed"], row["least"], row["most"]) for row in result.records()}
    assert found["sales"] == (800_00, 750_00, 800_00)
    assert found["cxm"] == (150_00, 100_00, 150_00)
    assert result.rows.notes == (
        "Claimed 950.00 of 900.00 = 105.56 %; contested 50.00; granted 100.00 %.",
    )
