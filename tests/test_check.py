"""`clv check`: the account of every file, as people and machines read it; and of the machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.frames import Tally
from clv_cli.render import render
from clv_cli.run import environment, opening, reporting
from tests import program
from tests.sources.exports import LINE, csv, write

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.results import Report
    from tests.program import Finished

CONFIG = """
base_currency: USD
quarantine: {max_share: 1}
sources:
  - {path: "lines_*.csv", table: billing_lines, key: invoice_id, drop: {status: void}}
  - {path: customers.csv, table: customers}
  - {path: accounts.csv, table: accounts}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Two overlapping exports with something of everything, and a CRM that knows half of it."""
    old = [LINE, LINE.replace("I1", "I2"), LINE.replace("I1", "I3"), ""]
    new = [
        LINE.replace("100.00", "90.00"),
        LINE.replace("I1,C1", "I4,C2"),
        LINE.replace("I1", "I5").replace("paid", "open"),
        LINE.replace("I1", "I6").replace("paid", "void"),
        LINE.replace("I1", "I7").replace("100.00", "x"),
    ]
    write(tmp_path, "lines_2026-01.csv", csv(*old))
    write(tmp_path, "lines_2026-02.csv", csv(*new))
    header = "customer_id,name,email,domain"
    write(tmp_path, "customers.csv", csv("C1,One,,one.example", "C2,Zwei GmbH,,", header=header))
    accounts = csv("a1,One,one.example", "a2,Zwei AG,", header="account_id,name,domain")
    write(tmp_path, "accounts.csv", accounts)
    return write(tmp_path, "clv.yaml", CONFIG)


def checked(config: Path, **options: bool) -> Report:
    return reporting.check(opening.Request(config=config, cache=False), **options)


def rows(report: Report, table: str) -> list[dict[str, Any]]:
    (result,) = [item for item in report.results if item.table.name == table]
    return result.records()


def test_rows_skipped_are_told_by_rule_with_their_money(config: Path) -> None:
    found = [
        (row["source"], row["rule"], row["rows"], row["currency"], row["amount"])
        for row in rows(checked(config), "skipped")
    ]
    assert found == [
        ("lines_2026-01.csv", "blank line", 1, None, None),
        ("lines_2026-01.csv", "replaced by a newer export", 1, "USD", 10000),
        ("lines_2026-02.csv", "status: void", 1, "USD", 10000),
    ]


def test_the_rules_sum_to_what_was_skipped_in_rows_and_money(config: Path) -> None:
    with opening.opened(opening.Request(config=config, cache=False)) as scope:
        for item in scope.book.sources:
            whole = sum((tally for _, tally in item.rules), Tally())
            assert (whole.rows, whole.money) == (item.skipped.rows, item.skipped.money)
            assert item.read.rows == (item.loaded + item.quarantined + item.skipped).rows


def test_loaded_money_is_told_by_currency_and_status(config: Path) -> None:
    found = [(r["source"], r["status"], r["rows"], r["amount"]) for r in _lines(config, "statuses")]
    assert found == [
        ("lines_2026-01.csv", "paid", 2, 20000),
        ("lines_2026-02.csv", "open", 1, 10000),
        ("lines_2026-02.csv", "paid", 2, 19000),
    ]


def _lines(config: Path, table: str) -> list[dict[str, Any]]:
    return [row for row in rows(checked(config), table) if row["source"].startswith("lines")]


def test_how_a_file_was_read_is_told(config: Path) -> None:
    write(config.parent, "lines_2026-02.csv", csv(LINE).encode("utf-16"))
    found = _lines(config, "formats")
    assert found[0] == {
        "source": "lines_2026-01.csv",
        "preset": "table billing_lines",
        "recognised": "the config",
        "encoding": "utf-8",
        "header_row": 1,
    }
    assert found[1]["encoding"] == "utf-16"


def test_a_preset_recognised_by_its_header_says_so(tmp_path: Path) -> None:
    header = "id,Customer,Currency,Amount Due,Subtotal,Tax,Total,Status,Date (UTC)"
    write(tmp_path, "x.csv", csv("i,c,usd,1.00,1.00,0.00,1.00,paid,2026-01-05", header=header))
    config = write(tmp_path, "clv.yaml", "sources: [{path: x.csv, preset: auto}]\n")
    (row,) = rows(checked(config), "formats")
    assert (row["preset"], row["recognised"]) == ("stripe-invoices", "its header")


def test_replaced_amounts_stand_with_file_and_row_of_both(config: Path) -> None:
    assert rows(checked(config), "replaced") == [
        {
            "table": "billing_lines",
            "key": "I1",
            "source": "lines_2026-02.csv",
            "row": 2,
            "amount": 9000,
            "currency": "USD",
            "old_source": "lines_2026-01.csv",
            "old_row": 2,
            "old_amount": 10000,
        }
    ]


def test_the_match_rate_is_told_by_count_and_by_revenue(config: Path) -> None:
    report = checked(config)
    found = rows(report, "matching")
    assert [(row["method"], row["customers"], row["revenue"]) for row in found] == [
        ("domain", 1, 39000),
        ("unmatched", 1, 10000),
    ]
    assert found[0]["revenue_share"] == pytest.approx(39 / 49)
    assert [row["customer_id"] for row in rows(report, "unmatched")] == ["C2"]
    (finding,) = [item for item in report.findings if item.code == "match_rate"]
    assert "1 of 2 billed customers" in finding.message
    assert "79.6 % of billed revenue; 100.00 USD" in finding.message
    assert finding.severity == "warning"


def test_a_report_warns_of_a_low_match_rate_and_keeps_the_revenue_in_sales(config: Path) -> None:
    report = reporting.report(opening.Request(config=config, cache=False))
    assert "match_rate" in [item.code for item in report.findings]
    split = {(row["bucket"], row["component"]): row["amount"] for row in rows(report, "split")}
    assert split["sales", "rest"] == 39000
    assert split["sales", "unmatched"] == 10000
    assert all(check.ok for check in report.checks)


def test_names_are_compared_only_when_suggestions_are_asked_for(config: Path) -> None:
    names = [result.table.name for result in checked(config).results]
    assert "suggestions" not in names
    (row,) = rows(checked(config, suggest=True), "suggestions")
    assert (row["customer_id"], row["account_id"], row["score"]) == ("C2", "a2", 100)


def test_without_the_extra_the_suggestions_say_what_to_install(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clv_cli.sources.suggestions.find_spec", lambda _: None)
    report = checked(config, suggest=True)
    assert rows(report, "suggestions") == []
    (result,) = [item for item in report.results if item.table.name == "suggestions"]
    assert "clv-cli[match]" in result.rows.notes[0]


def test_long_lists_wait_to_be_asked_for(config: Path) -> None:
    process = clv("check", cwd=config.parent)
    assert "Rows skipped, by rule" in process.stdout
    assert "Customers matched to CRM accounts" in process.stdout
    for title in ("Billed customers without", "Amounts that newer exports changed"):
        assert title not in process.stdout
    asked = clv("check", "--table", "unmatched", "-f", "csv", cwd=config.parent)
    assert asked.stdout.splitlines()[1].startswith("C2,Zwei GmbH")
    machine = json.loads(clv("check", "-f", "json", cwd=config.parent).stdout)
    assert {"unmatched", "ambiguous", "replaced"} <= {table["name"] for table in machine["tables"]}


def clv(*arguments: str, cwd: Path) -> Finished:
    done = program.clv(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done


def test_the_environment_is_told_without_any_data(tmp_path: Path) -> None:
    """Even where the config cannot be read: that is when it is asked for."""
    write(tmp_path, "clv.yaml", "sources: [")
    text = clv("check", "--env", cwd=tmp_path).stdout
    for item in ("clv ", "Python ", "platform ", "polars ", "cache ", "encoding ", "locale "):
        assert f"\n{item}" in text
    for item in ("terminal ", "threads ", "zone of the machine ", "extra match "):
        assert f"\n{item}" in text
    found = json.loads(clv("check", "--env", "-f", "json", cwd=tmp_path).stdout)
    assert found["tables"][0]["name"] == "environment"


def test_every_format_shows_the_environment() -> None:
    from clv_cli.render.layout import View

    report = environment.environment(opening.Request(), "none")
    for name in ("table", "plain", "json", "csv", "md"):
        assert "polars" in render(report, name, View())
