"""A split that does not tie to the books that were given is not printed."""

from __future__ import annotations

from typing import Any

import pytest

from clv_cli.attribution import split_general_ledger_table
from clv_cli.errors import DataError, ExitCode
from clv_cli.results import collect
from tests.attribution.asking import asked
from tests.books import day, line, rate

LINES = [
    line("A", "2025-03-05", 100),
    line("A", "2025-03-20", -30, kind="credit"),
    line("B", "2025-04-01", 1000, currency="JPY"),
]
RATES = [rate("JPY", "2025-04-01", "0.0067")]


def booked(month: str, account: str, currency: str, minor: int) -> dict[str, Any]:
    return {
        "month": day(f"{month}-01"),
        "account": account,
        "currency": currency,
        "amount": minor,
    }


BOOKS = [
    booked("2025-03", "4000 Revenue", "USD", 100_00),
    booked("2025-03", "4900 Returns", "USD", -30_00),
    booked("2025-04", "4000 Revenue", "JPY", 1000),
]


def test_books_that_tie_are_noted_month_by_month_and_currency_by_currency() -> None:
    scope = asked(LINES, rates=RATES, general_ledger=BOOKS)
    result = collect([split_general_ledger_table(scope)], scope)[0]
    assert [row["difference"] for row in result.records()] == [0, 0]
    (finding,) = result.rows.findings
    assert finding.code == "general_ledger_ties"


def test_books_that_do_not_tie_stop_the_run_and_name_their_accounts() -> None:
    books = [BOOKS[0], {**BOOKS[1], "amount": -29_99}, BOOKS[2]]
    scope = asked(LINES, rates=RATES, general_ledger=books)
    with pytest.raises(DataError, match=r"in 1 of 2 months .* in 2025-03 by -0\.01 USD") as caught:
        collect([split_general_ledger_table(scope)], scope)
    where = "4000 Revenue (general_ledger.csv:2); 4900 Returns (general_ledger.csv:3)"
    assert caught.value.where == where
    assert caught.value.exit_code is ExitCode.DATA


def test_books_that_miss_a_currency_are_named_by_month_and_currency() -> None:
    scope = asked(LINES, rates=RATES, general_ledger=BOOKS[:2])
    with pytest.raises(DataError, match="in 2025-04 by 1000 JPY") as caught:
        collect([split_general_ledger_table(scope)], scope)
    assert caught.value.where == "no account of the books for 2025-04 in JPY"


def test_books_of_months_outside_the_period_are_not_looked_at() -> None:
    def rows(*more: dict[str, Any]) -> list[dict[str, Any]]:
        scope = asked(LINES, rates=RATES, general_ledger=[*BOOKS, *more])
        return collect([split_general_ledger_table(scope)], scope)[0].records()

    ends = [booked("2024-12", "4000", "USD", 1), booked("2026-01", "4000", "USD", -70_00)]
    assert [row["booked"] for row in rows()] == [70_00, 1000]
    assert rows(*ends) == rows()
    # The same money a month further in is looked at, and stops the run.
    for month in ("2025-01", "2025-12"):
        with pytest.raises(DataError, match=rf"first in {month} by -0\.01 USD"):
            rows(booked(month, "4000", "USD", 1))
