"""The journal export balances, by our own count and by hledger's."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli.attribution import split_by_table
from clv_cli.errors import UsageError
from clv_cli.render import as_parquet
from clv_cli.render.journal import render, require_style
from clv_cli.render.layout import View
from clv_cli.results import Report, collect
from clv_cli.settings.journal import Journal
from tests.attribution.asking import asked, flag, initiative, touch
from tests.books import line, rate

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.results import Result

ACCOUNTS = {name: str(value) for name, value in Journal()}


def ledger() -> Result:
    rates = [rate(code, f"2025-0{month}-01", value) for month, value in ((3, "1.1"), (5, "1.2"))
             for code in ("JPY", "KWD")]  # fmt: skip
    lines = [
        line("A", "2025-03-01", 1001, currency="JPY", line_id="yen"),
        line("A", "2025-05-01", -1001, kind="credit", currency="JPY", original_line_id="yen"),
        line("B", "2025-03-01", "10.001", currency="KWD", line_id='dinar "1"; x'),
        line("C", "2025-03-01", 5, line_id="plain"),
    ]
    scope = asked(
        lines,
        rates=rates,
        customers=[{"customer_id": name, "prior_supplier": "R"} for name in "AB"],
        initiatives=[initiative(weight_switched=333_333)],
        risk_flags=[flag("C", "2025-01-01")],
        touches=[touch("C", "2025-01-02")],
        split__cs_weight="0.1",
    )
    return collect([split_by_table(scope, "line")], scope)[0]


def transactions(text: str) -> list[list[tuple[str, Decimal, str]]]:
    """Postings of each transaction, read as an accountant would: account, amount, currency."""
    found = []
    for block in text.split("\n\n")[1:]:
        postings = []
        for row in block.splitlines()[1:]:
            words = row.split(";")[0].split()
            if len(words) == 3 and ":" in words[0] and not words[0].endswith(":"):
                postings.append((words[0], Decimal(words[1]), words[2]))
        found.append(postings)
    return found


@pytest.mark.parametrize("style", ["hledger", "beancount"])
def test_every_transaction_balances_in_its_currency(style: str) -> None:
    found = transactions(render(ledger(), style, ACCOUNTS, "USD"))
    assert len(found) == 4
    for postings in found:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for _, amount, currency in postings:
            sums[currency] += amount
        assert len(postings) >= 2
        assert set(sums.values()) == {Decimal(0)}


def test_a_credit_reverses_its_original_posting_by_posting() -> None:
    entries = transactions(render(ledger(), "hledger", ACCOUNTS, "USD"))
    bought, credit = ({p[0]: p[1] for p in e} for e in entries if e[0][2] == "JPY")
    assert bought == {
        "Assets:Receivable": 1001,
        "Income:CXM:Switched": -334,
        "Income:Sales:Rest": -667,
    }
    assert credit == {account: -amount for account, amount in bought.items()}


@pytest.mark.parametrize(
    ("style", "program", "arguments"),
    [("hledger", "hledger", ["check", "-f"]), ("beancount", "bean-check", [])],
)
def test_the_program_itself_finds_the_journal_balanced(
    style: str, program: str, arguments: list[str], tmp_path: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    file = tmp_path / f"split.{style}"
    file.write_text(render(ledger(), style, ACCOUNTS, "USD"), encoding="utf-8")
    done = subprocess.run([program, *arguments, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_journal_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="hledgr") as caught:
        require_style("hledgr")
    assert caught.value.hint == "did you mean hledger?"


@pytest.mark.parametrize("account", ["Sales", "income:sales", "Income: Sales", "Income:Sa;les"])
def test_an_account_that_a_journal_could_not_hold_is_refused(account: str) -> None:
    with pytest.raises(ValueError, match="write an account as Income:Sales"):
        Journal(sales=account)


# --- Parquet


def report(result: Any) -> Report:  # noqa: ANN401
    return Report("split", None, None, "USD", "", (result,))


def test_parquet_holds_the_ledger_with_exact_decimals_and_typed_days() -> None:
    result = ledger()
    frame = pl.read_parquet(io.BytesIO(as_parquet.render(report(result), View())))
    yen = frame.filter(pl.col("line_id") == "yen").sort("minor")
    # Yen have no digits and dinars three: one column holds both exactly.
    assert yen["own"].to_list() == [Decimal("334.000"), Decimal("667.000")]
    assert yen["minor"].to_list() == [334, 667]
    assert frame.schema["issued_on"] == pl.Date
    assert frame["amount"].dtype == pl.Decimal(38, 2)
    assert frame["exact_share"].str.contains(r"^\d+/\d+$").all()


def test_parquet_of_the_same_rows_is_the_same_bytes() -> None:
    result = ledger()
    assert as_parquet.render(report(result), View()) == as_parquet.render(report(result), View())
