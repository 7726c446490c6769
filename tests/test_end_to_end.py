"""From files to figures through the program, against sums made with nothing but `csv` and `Decimal`."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from clv_cli.config_file import load_settings
from clv_cli.metrics import bridge_table
from clv_cli.results import collect
from clv_cli.run.opening import Request, opened
from clv_cli.settings import Settings
from tests import program

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data"
SMALL = ROOT / "tests/cases/report/small"


def clv(*arguments: str, cwd: Path = ROOT) -> str:
    """What a command prints; it must succeed."""
    return _printed(program.clv(*arguments, cwd=cwd))


def clv_process(*arguments: str, cwd: Path = ROOT) -> str:
    """What a process of its own prints."""
    return _printed(program.clv_process(*arguments, cwd=cwd))


def _printed(run: program.Finished) -> str:
    assert run.returncode == 0, run.stderr
    return run.stdout


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def to_usd(minor: int, currency: str, day: str, rates: dict[str, Decimal]) -> int:
    """Cents in USD at the rate of the day, rounded once, half to even."""
    if currency.upper() == "USD":
        return minor
    return int((minor * rates[day]).to_integral_value("ROUND_HALF_EVEN"))


def sample_billed() -> dict[tuple[str, str], int]:
    """Billed revenue of the sample by (line, day) in USD cents, from the raw files.

    Lines of drafts and voids, of the company's own test accounts, and refunds that a credit note
    covers do not count.
    """
    billing = SAMPLE / "billing"
    tests = {
        row["id"]
        for row in rows(billing / "stripe_customers.csv")
        if row["Email"].lower().endswith("@harbour-analytics.example")
    }
    rates = {row["day"]: Decimal(row["rate"]) for row in rows(SAMPLE / "finance/fx_rates.csv")}
    heads = {row["id"]: row for row in rows(billing / "stripe_invoices.csv")}
    billed: dict[tuple[str, str], int] = {}
    for line in rows(billing / "stripe_invoice_lines.csv"):
        head = heads[line["invoice_id"]]
        if head["Status"] in {"draft", "void"} or head["Customer"] in tests:
            continue
        day = head["Date (UTC)"][:10]
        minor = int(line["amount"]) - int(line["discount_amount"] or 0)
        billed[line["id"], day] = to_usd(minor, line["currency"], day, rates)
    for kind in ("credit_notes", "refunds"):
        for line in rows(billing / f"{kind}.csv"):
            if line["customer_id"] in tests or (kind == "refunds" and line["credit_note_id"]):
                continue
            key = line.get("line_id") or line["refund_id"]
            day = line.get("issued_on") or line["refunded_on"]
            minor = -int(Decimal(line["amount"]) * 100)
            billed[key, day] = to_usd(minor, line["currency"], day, rates)
    return billed


def table(document: dict[str, object], name: str) -> list[dict[str, object]]:
    tables = document["tables"]
    assert isinstance(tables, list)
    return next(t["rows"] for t in tables if t["name"] == name)


@pytest.fixture(scope="module")
def printed() -> str:
    """The report of the sample as JSON, printed by a process that begins with an empty cache."""
    return clv_process("report", "-c", "sample_data/clv.yaml", "-f", "json")


@pytest.fixture(scope="module")
def report(printed: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(printed)
    return document


def test_every_check_of_the_sample_ties(report: dict[str, object]) -> None:
    checks = report["checks"]
    assert isinstance(checks, list)
    assert checks
    assert all(check["ok"] and check["difference"] == "0.00" for check in checks)
    assert {"split_total", "billed_total"} <= {check["name"] for check in checks}


@pytest.mark.parametrize("config", ["config.example.yaml", "sample_data/clv.yaml"])
def test_the_example_config_and_the_sample_load_with_notes_and_no_warning(config: str) -> None:
    findings = json.loads(clv("check", "-c", config, "-f", "json"))["findings"]
    assert {finding["severity"] for finding in findings} == {"note"}
    # Two of the sample's files imitate exports of which no real one was ever seen; that is told.
    of_files = {(f["code"], Path(f["source"]).name) for f in findings if f["source"]}
    assert of_files == {
        ("preset_unverified", "stripe_invoice_lines.csv"),
        ("preset_unverified", "stripe_subscriptions.csv"),
    }
    (rate,) = (finding for finding in findings if finding["code"] == "match_rate")
    assert "94.5 % of billed revenue" in rate["message"]


def test_init_writes_a_config_of_the_sample_with_which_the_report_is_the_same(
    report: dict[str, object], tmp_path: Path
) -> None:
    """From nothing but the files: every figure, finding and account, to the byte.

    The company's name, which no file tells, stands in the heading alone and not in this document.
    """
    folder = tmp_path / "exports"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / "clv.yaml").unlink()
    clv("init", str(folder), "-q")
    proposed = clv("report", "-c", str(folder / "clv.yaml"), "-f", "json")
    assert json.loads(proposed) == report
    shipped = load_settings(SAMPLE / "clv.yaml")
    written = load_settings(folder / "clv.yaml")
    # Which answers of a survey name Success or Support is for the user to say; no figure of it here.
    told = {"company": shipped.company, "evidence": shipped.evidence, "sources": ()}
    assert written.model_copy(update=told) == shipped.model_copy(update={"sources": ()})
    assert {s.path for s in written.sources} == {s.path for s in shipped.sources}


def test_the_key_figures_of_the_contract_are_there(report: dict[str, object]) -> None:
    kpis = {row["metric"]: row for row in table(report, "kpis")}
    wanted = {"mrr", "arr", "nrr", "grr", "logo_churn", "cac", "clv", "customer_net_worth"}
    assert wanted <= set(kpis)
    for name in wanted:
        assert kpis[name]["value"] is not None, kpis[name]["reason"]
        assert len(kpis[name]["series"]) == 12  # type: ignore[arg-type]


def test_the_split_of_the_sample_is_its_billing_files_to_the_cent(
    report: dict[str, object],
) -> None:
    period = report["period"]
    assert isinstance(period, list)
    start, end = period
    billed = sum(cents for (_, day), cents in sample_billed().items() if start <= day < end)
    split = sum(Decimal(str(row["amount"])) for row in table(report, "split"))
    assert split == Decimal(billed) / 100


def test_all_billed_revenue_of_the_sample_is_its_billing_files_to_the_cent() -> None:
    document = json.loads(
        clv("metrics", "net_revenue", "-c", "sample_data/clv.yaml", "-p", "60m", "-f", "json")
    )
    by_month: dict[str, int] = defaultdict(int)
    for (_, day), cents in sample_billed().items():
        by_month[day[:7]] += cents
    printed = {row["month"]: Decimal(str(row["net_revenue"])) for row in table(document, "metrics")}
    assert printed == {month: Decimal(cents) / 100 for month, cents in by_month.items()}


def test_the_general_ledger_of_the_sample_ties_to_its_lines() -> None:
    """The planted ledger is in document currency: sum it against the raw lines by month."""
    ledger: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows(SAMPLE / "finance/general_ledger.csv"):
        ledger[row["month"][:7], row["currency"].upper()] += Decimal(row["amount"])
    usd = {month: amount for (month, currency), amount in ledger.items() if currency == "USD"}
    billing = SAMPLE / "billing"
    currency_of = {
        r["id"]: r["currency"].upper() for r in rows(billing / "stripe_invoice_lines.csv")
    }
    for name, key in (("credit_notes", "line_id"), ("refunds", "refund_id")):
        currency_of |= {r[key]: r["currency"].upper() for r in rows(billing / f"{name}.csv")}
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for (line, day), cents in sample_billed().items():
        if currency_of[line] == "USD":
            billed[day[:7]] += Decimal(cents) / 100
    assert usd == billed


MODES: list[dict[str, object]] = [
    {"fx": {"mode": "service_start"}},
    {"fx": {"mode": "per_currency"}},
    {"fx": {"mode": "constant", "constant_on": "2026-01-31"}},
    {"grain": "parent"},
    {"grain": "subscription"},
    {"movements": {"mode": "events"}},
    {"convention": "chartmogul"},
    {"mrr": {"discounts": "none", "tax": "include", "usage": "trailing_3m"}},
]


def test_the_bridge_of_the_sample_has_no_residual_in_any_mode() -> None:
    with opened(Request(config=SAMPLE / "clv.yaml", period="2m")) as scope:
        said = scope.settings.model_dump(exclude_unset=True)
        for mode in MODES:
            asked = replace(scope, settings=Settings.model_validate({**said, **mode}))
            (result,) = collect([bridge_table(asked)], asked)
            assert [row["residual"] for row in result.records()] == [0, 0], mode


LINE_FIELDS = [
    "line_id",
    "invoice_id",
    "customer_id",
    "issued_on",
    "kind",
    "product_id",
    "amount",
    "currency",
    "interval",
    "interval_count",
    "period_start",
    "period_end",
    "original_line_id",
    "status",
]


def random_ledger(seed: int, folder: Path) -> dict[str, tuple[str, str, int]]:
    """Write random lines with refunds, touches and initiatives; what counts: line -> (customer, month, cents)."""
    draw = random.Random(seed)
    lines: list[dict[str, object]] = []
    counted: dict[str, tuple[str, str, int]] = {}
    for number in range(draw.randint(40, 120)):
        customer, month = f"C{draw.randint(1, 12)}", draw.randint(1, 12)
        cents = draw.choice([1, 3, 99, 1999, draw.randint(1, 10**7)])
        status = draw.choices(["paid", "open", "void", "draft"], [80, 10, 5, 5])[0]
        line: dict[str, object] = {
            "line_id": f"L{number}",
            "invoice_id": f"I{number}",
            "customer_id": customer,
            "issued_on": f"2025-{month:02d}-{draw.randint(1, 28):02d}",
            "kind": draw.choice(["recurring", "usage", "one_off"]),
            "product_id": draw.choice(["core", "api", ""]),
            "amount": f"{Decimal(cents) / 100:.2f}",
            "currency": "USD",
            "status": status,
        }
        if line["kind"] == "recurring":
            line |= {"interval": "month", "interval_count": 1, "period_start": line["issued_on"]}
            line["period_end"] = str(line["issued_on"]).replace(
                f"2025-{month:02d}", f"{2025 + month // 12}-{month % 12 + 1:02d}"
            )
        lines.append(line)
        if status in {"paid", "open"}:
            counted[f"L{number}"] = (customer, f"2025-{month:02d}", cents)
    for number, (original, (customer, month_text, cents)) in enumerate(list(counted.items())):
        if draw.random() < 0.25:
            back = draw.randint(1, cents)
            later = min(int(month_text[5:]) + draw.randint(0, 3), 12)
            lines.append(
                {
                    "line_id": f"R{number}",
                    "invoice_id": f"N{number}",
                    "customer_id": customer,
                    "issued_on": f"2025-{later:02d}-28",
                    "kind": "credit",
                    "product_id": "",
                    "amount": f"-{Decimal(back) / 100:.2f}",
                    "currency": "USD",
                    "original_line_id": original,
                    "status": "paid",
                }
            )
            counted[f"R{number}"] = (customer, f"2025-{later:02d}", -back)
    lines.append(
        {
            **lines[0],
            "line_id": "LAST",
            "invoice_id": "LAST",
            "issued_on": "2025-12-31",
            "kind": "one_off",
            "amount": "0.01",
            "status": "paid",
            "interval": "",
            "interval_count": "",
            "period_start": "",
            "period_end": "",
        }
    )
    counted["LAST"] = (str(lines[0]["customer_id"]), "2025-12", 1)
    draw.shuffle(lines)
    with (folder / "lines.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, LINE_FIELDS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    (folder / "customers.csv").write_text(
        "customer_id,segment,prior_supplier\n"
        + "".join(
            f"C{i},{draw.choice(['smb', 'big'])},{draw.choice(['', 'Rival'])}\n"
            for i in range(1, 13)
        )
    )
    (folder / "risk_flags.csv").write_text(
        "flag_id,customer_id,flagged_on\n"
        + "".join(f"F{i},C{i},2025-0{i}-01\n" for i in range(1, 7))
    )
    (folder / "touches.csv").write_text(
        "touch_id,customer_id,happened_on,team\n"
        + "".join(f"T{i},C{i},2025-0{i}-15,success\n" for i in range(1, 7))
    )
    (folder / "initiatives.yaml").write_text(
        "initiatives:\n"
        '  - {initiative_id: X1, aligned: true, effective_from: 2025-03-01, products: [core], weight_switched: "0.3", weight_expanded: "0.7"}\n'
        '  - {initiative_id: X2, aligned: true, effective_from: 2025-05-01, segments: [smb], weight_switched: "1", weight_expanded: "0.333333"}\n'
    )
    (folder / "clv.yaml").write_text(
        "version: 1\nbase_currency: USD\nsplit: {combine: noisy_or, cs_weight: 0.6}\nsources:\n"
        "  - {path: lines.csv, table: billing_lines}\n"
        "  - {path: customers.csv, table: customers}\n"
        "  - {path: risk_flags.csv, table: risk_flags}\n"
        "  - {path: touches.csv, table: touches}\n"
        "  - {path: initiatives.yaml, table: initiatives}\n"
    )
    return counted


@pytest.mark.parametrize("seed", range(6))
def test_the_line_export_sums_to_billed_per_line_customer_and_month(
    seed: int, tmp_path: Path
) -> None:
    counted = random_ledger(seed, tmp_path)
    text = clv("split", "--by", "line", "-f", "csv", "-p", "2025", cwd=tmp_path)
    by_line: dict[str, Decimal] = defaultdict(Decimal)
    by_customer: dict[str, Decimal] = defaultdict(Decimal)
    by_month: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(text)):
        amount = Decimal(row["amount"])
        by_line[row["line_id"]] += amount
        by_customer[row["customer_id"]] += amount
        by_month[row["month"]] += amount
    assert by_line == {line: Decimal(cents) / 100 for line, (_, _, cents) in counted.items()}
    for column, sums in ((0, by_customer), (1, by_month)):
        expected: dict[str, Decimal] = defaultdict(Decimal)
        for facts in counted.values():
            expected[str(facts[column])] += Decimal(facts[2]) / 100
        assert sums == expected


@pytest.mark.parametrize("form", ["worksheet", "lines"])
def test_the_articles_example_comes_out_right_and_its_error_is_named(form: str) -> None:
    config = f"sample_data/worked_example/{form}.yaml"
    document = json.loads(clv("split", "-c", config, "-f", "json"))
    buckets = {row["bucket"]: row["amount"] for row in table(document, "split_buckets")}
    assert buckets == {
        "cxm": "150000000.00",
        "cs": "160000000.00",
        "sales": "590000000.00",
        "total": "900000000.00",
    }
    messages = " ".join(finding["message"] for finding in document["findings"])
    assert messages.count("10,000,000.00") == 2
    assert "160,000,000.00" in messages
    assert "590,000,000.00" in messages


def test_a_report_read_by_head_ends_quietly(tmp_path: Path) -> None:
    script = f'"{sys.executable}" -m clv_cli split --by line -c "{SAMPLE / "clv.yaml"}" -f csv | head -n 1; echo "${{PIPESTATUS[0]}}"'
    run = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    assert run.stdout.splitlines()[-1] in {"0", "141"}


def test_two_runs_print_the_same_bytes(printed: str) -> None:
    assert clv_process("report", "-c", "sample_data/clv.yaml", "-f", "json") == printed


def test_an_output_file_is_what_would_have_been_printed(tmp_path: Path) -> None:
    target, question = tmp_path / "report.md", ("report", "-c", str(SMALL / "clv.yaml"))
    clv(*question, "-o", str(target))
    assert target.read_text() == clv(*question, "-f", "md")


def test_the_demo_copies_a_sample_that_reports_the_same(printed: str, tmp_path: Path) -> None:
    clv("demo", "--to", str(tmp_path / "copy"))
    assert clv("report", "-f", "json", cwd=tmp_path / "copy") == printed


def test_the_example_config_prints_the_samples_report(report: dict[str, object]) -> None:
    text = clv("report", "-c", "config.example.yaml", "--table", "kpis", "-f", "json")
    assert table(json.loads(text), "kpis") == table(report, "kpis")
