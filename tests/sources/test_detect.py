"""Recognising exports: every real header once, nothing else ever."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clv_cli.errors import ClvError, ConfigError
from clv_cli.frames import TABLES
from clv_cli.sources import load_presets
from clv_cli.sources.detect import candidates, nearest
from clv_cli.sources.headers import Header
from clv_cli.sources.presets import PRESETS
from clv_cli.sources.proposal.peek import peek
from tests.sources.exports import LINE, TORTURE, csv, load, write

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "presets"
HEADERS = TORTURE.parents[1] / "headers"
# What each header of the corpus is, by the beginning of its file name; the longest wins.
WHAT = {
    "braintree": "braintree-transactions",
    "gocardless": "gocardless-payments",
    "google_ads": "google-ads",
    "hubspot_companies": "hubspot-companies",
    "hubspot_contacts": "hubspot-contacts",
    "hubspot_deals": "hubspot-deals",
    "intercom": "intercom-conversations",
    "linkedin_ads": "linkedin-ads",
    "meta_ads": "meta-ads",
    "paypal": "paypal-activity",
    "pipedrive": "pipedrive-deals",
    "quickbooks": "quickbooks-sales-detail",
    "recurly": "recurly-invoices",
    "salesforce_case": "salesforce-cases",
    "salesforce_report": "salesforce-opportunities",
    "shopify_customers": "shopify-customers",
    "shopify_orders": "shopify-orders",
    "stripe_application_fees": "stripe-application-fees",
    "stripe_invoices": "stripe-invoices",
    "stripe_itemized": "stripe-balance",
    "stripe_payments": "stripe-payments",
    "stripe_payments__2024_semicolon": "stripe-payments-custom",
    "stripe_unified_customers": "stripe-customers",
    "stripe_unified_payments": "stripe-payments",
    "typeform": "typeform-responses",
    "woocommerce": "woocommerce-orders",
    "xero": "xero-sales-invoices",
    "zendesk": "zendesk-tickets",
}
# Field names of API objects as connectors write them: cents, where a dashboard writes units.
DUMPS = (
    "id,amount,amount_refunded,currency,captured,created,customer_id,status,converted_amount,fee",
    "id,amount_due,amount_paid,currency,customer,date,paid,subtotal,tax,total,status",
    "id,description,email,name,created,currency,delinquent,account_balance,total_spend,payment_count",
    "id,customer_id,plan,status,interval,current_period_start,current_period_end,start_date,ended_at",
    "id,name,email,financial_status,subtotal,total,taxes,created_at,lineitem_price,lineitem_quantity",
    "id,amount,available_on,created,currency,fee,net,reporting_category,type,source",
    "transaction_id,date,time,time_zone,type,status,currency,gross,fee,net",
    "contact_name,invoice_number,invoice_date,quantity,unit_amount,tax_type,line_amount",
)


def found_in(path: Path, scratch: Path) -> tuple[str, ...]:
    return peek(path, path.name, scratch).presets


def corpus() -> list[Path]:
    return sorted(HEADERS.iterdir()) if HEADERS.exists() else []


@pytest.mark.parametrize("path", corpus(), ids=lambda path: path.name)
def test_every_real_header_is_recognised_as_what_it_is(path: Path, tmp_path: Path) -> None:
    marks = [mark for mark in WHAT if path.name.startswith(mark)]
    assert found_in(path, tmp_path) == (WHAT[max(marks, key=len)],)


@pytest.mark.skipif(not corpus(), reason="the corpus of headers lies beside the checkout")
def test_the_corpus_is_whole() -> None:
    assert len(corpus()) == 39


@pytest.mark.skipif(not TORTURE.exists(), reason="the torture corpus lies beside the checkout")
def test_no_torture_file_passes_for_a_known_export(tmp_path: Path) -> None:
    files = [path for path in TORTURE.parent.rglob("*.csv*") if path.is_file()]
    assert len(files) >= 75
    for path in files:
        try:
            assert found_in(path, tmp_path) == (), path
        except ClvError:
            continue  # it cannot even be opened, so it passes for nothing


def test_no_file_with_canonical_names_passes_for_a_known_export(tmp_path: Path) -> None:
    vendors = {"stripe_", "hubspot_", "zendesk_"}
    ours = [
        path
        for path in (ROOT / "sample_data").rglob("*.csv")
        if not any(path.name.startswith(vendor) for vendor in vendors)
    ]
    assert len(ours) >= 20
    assert {path.name: found_in(path, tmp_path) for path in ours} == {p.name: () for p in ours}


@pytest.mark.parametrize("table", TABLES)
def test_no_canonical_table_passes_for_a_known_export(table: str) -> None:
    assert candidates([Header(tuple(TABLES[table].dtypes), ",")]) == {}


@pytest.mark.parametrize("dump", DUMPS)
def test_an_api_dump_does_not_pass_for_a_dashboards_file(dump: str) -> None:
    """Its amounts are cents: `amount 3293232` beside the dashboard's `Amount 15.00`."""
    assert candidates([Header(tuple(dump.split(",")), ",")]) == {}


@pytest.mark.parametrize("name", PRESETS)
def test_a_dashboards_header_in_snake_case_is_no_dashboards_header(
    name: str, tmp_path: Path
) -> None:
    preset = load_presets()[name]
    header = peek(SAMPLES / name / "in.csv", "in.csv", tmp_path).header
    snake = tuple(re.sub(r"\W+", "_", cell.casefold()).strip("_") for cell in header.cells)
    found = candidates([Header(snake, ",")])
    # The few snake_case presets are files of their own; no Title Case one may come near them.
    assert preset.signature.style == "snake" or found == {}


@pytest.mark.parametrize("name", PRESETS)
def test_no_sample_matches_two_presets(name: str, tmp_path: Path) -> None:
    assert found_in(SAMPLES / name / "in.csv", tmp_path) == (name,)


@pytest.mark.parametrize("name", PRESETS)
def test_a_header_that_lacks_one_name_of_its_signature_is_refused(
    name: str, tmp_path: Path
) -> None:
    """Subset signatures bear additions, never a gap; the error names it."""
    header = peek(SAMPLES / name / "in.csv", "in.csv", tmp_path).header
    for wanted in load_presets()[name].signature.all:
        place = header.find(wanted)
        cut = Header(tuple(c for n, c in enumerate(header.cells) if n != place), ",")
        assert name not in candidates([cut])
        if len(load_presets()[name].signature.all) > 2:
            assert any(wanted in miss.reason for miss in nearest([cut])), wanted


def test_two_candidates_stop_with_both_names(tmp_path: Path) -> None:
    header = "id,Email,Name,Total Spend,Payment Count,Created (UTC),Record ID,First Name,Last Name"
    write(tmp_path, "x.csv", csv("1,a@b.example,A,0.00,0,2026-01-01 00:00,2,A,B", header=header))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"path": "x.csv", "preset": "auto"})
    assert "could be hubspot-contacts or stripe-customers" in caught.value.what
    assert caught.value.where == "sources[0]"


def test_a_header_that_resembles_nothing_names_no_candidate(tmp_path: Path) -> None:
    write(tmp_path, "x.csv", "room,colour\n1,blue\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {"path": "x.csv"})
    assert caught.value.what == "x.csv is no known export"


def test_a_preset_never_seen_in_the_wild_says_so_when_used(tmp_path: Path) -> None:
    text = (SAMPLES / "stripe-subscriptions" / "in.csv").read_text(encoding="utf-8")
    write(tmp_path, "subs.csv", text)
    write(tmp_path, "lines.csv", csv(LINE))
    lines = {"path": "lines.csv", "table": "billing_lines"}
    for source in ({"path": "subs.csv", "preset": "stripe-subscriptions"}, {"path": "subs.csv"}):
        book = load(tmp_path, source, lines)
        (note,) = [f for f in book.findings if f.code == "preset_unverified"]
        assert note.source == "subs.csv"
        assert "never checked against a real export" in note.message


def test_what_a_reader_must_know_of_a_preset_is_said_when_used(tmp_path: Path) -> None:
    text = (SAMPLES / "stripe-payments" / "in.csv").read_text(encoding="utf-8")
    write(tmp_path, "payments.csv", text)
    write(tmp_path, "lines.csv", csv(LINE))
    lines = {"path": "lines.csv", "table": "billing_lines"}
    book = load(tmp_path, {"path": "payments.csv"}, lines)
    (note,) = [f for f in book.findings if f.code == "preset_caveat"]
    assert "refunds (Amount Refunded) are not taken off" in note.message
    account = next(item for item in book.sources if item.source == "payments.csv")
    assert (account.read.rows, account.loaded.rows, account.skipped.rows) == (5, 3, 2)


def test_every_packaged_preset_says_what_it_is_and_how_that_is_known() -> None:
    for preset in load_presets().values():
        assert preset.title, preset.name
        assert preset.evidence, preset.name
        assert len(preset.signature.all) >= 1, preset.name
