"""Credits that need no walk take what the walk would have them take, and no other is called plain."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given

from clv_cli.attribution.matching import _one_customer, taken_in_order
from clv_cli.attribution.plain_credits import plain
from tests.attribution.test_in_reach import SCHEMA, histories

ORDER = ("group", "issued_on", pl.col("amount") < 0, "amount", "product_id", "line")
EVENT = ("line", "product_id", "amount", "original")
NUMBERED = {"line": pl.Int64, "original": pl.Int64}


def _numbered(events: pl.DataFrame) -> pl.DataFrame:
    """Events in their order, with numbers for the texts that name lines."""
    names = {line: at for at, line in enumerate(events["line"].sort())}
    return events.sort(*ORDER).with_columns(
        pl.col(name).replace_strict(names, return_dtype=dtype) for name, dtype in NUMBERED.items()
    )


@given(histories())
def test_takings_are_those_of_a_walk_of_every_customer(history: pl.DataFrame) -> None:
    events = _numbered(history)
    walked = [
        taking
        for own in events.partition_by("group", maintain_order=True)
        for taking in _one_customer(own.select(EVENT).rows())
    ]
    assert sorted(taken_in_order(events).rows()) == sorted(walked)


def _events(*rows: tuple[int, str | None, int, int | None]) -> pl.DataFrame:
    """Of one customer and day, in this order: line, product, amount, the line named."""
    told = [(0, date(2025, 1, 1), *row) for row in rows]
    columns = ("group", "issued_on", *EVENT)
    return pl.DataFrame(told, {name: (SCHEMA | NUMBERED)[name] for name in columns}, orient="row")


CORE, API = (1, "core", 100, None), (2, "api", 100, None)


@pytest.mark.parametrize(
    ("credits_", "most"),
    [
        ([(3, "core", -100, None)], 4),  # all of its product's only purchase
        ([(3, None, -100, None), (4, "core", -100, None)], 4),  # the latest, and another
        ([(3, None, -60, None), (4, "api", -40, 2)], 4),  # two that fit into one together
        ([(3, None, -60, None), (4, "api", -41, 2)], 0),  # by 1 too much for it
        ([(3, "core", -101, None)], 0),  # more than its product was worth
        ([(3, None, -101, None)], 0),  # reaches down to the purchase before
    ],
)
def test_customers_are_plain_where_no_purchase_is_asked_for_more_than_it_is_worth(
    credits_: list[tuple[int, str | None, int, int | None]], most: int
) -> None:
    events = _events(CORE, API, *credits_)
    assert plain(events)[0].sum() == min(most, events.height)


def test_a_credit_before_any_purchase_is_not_plain_and_takes_nothing() -> None:
    events = _events((3, None, -5, None), CORE)
    assert not plain(events)[0].any()
    assert taken_in_order(events).is_empty()
