"""What `clv init` says of files: the right table, the evidence, and a question where there is none."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clv_cli.config_file import parse_settings
from clv_cli.frames import TABLES
from clv_cli.sources.proposal import Proposal, Whole, compare, config_text, look_into
from clv_cli.sources.proposal.values import choices, day_format, look_minor
from clv_cli.sources.proposal.yaml_text import scalar
from clv_cli.yaml_marks import load_marked
from tests.sources.exports import csv, write


def proposed(folder: Path, **files: str) -> Whole:
    for name, text in files.items():
        write(folder / "data", f"{name}.csv", text)
    data = folder / "data"
    return compare(*look_into(data, data / "clv.yaml", folder / "scratch"))


def one(folder: Path, text: str, name: str = "x") -> Proposal:
    (proposal,) = proposed(folder, **{name: text}).proposals
    return proposal


def entries(text: str) -> list[dict[str, Any]]:
    value = load_marked(text, "clv.yaml").value
    assert isinstance(value, dict)
    found: list[dict[str, Any]] = value["sources"]
    return found


@pytest.mark.parametrize("table", TABLES)
def test_a_file_with_canonical_names_is_its_table(table: str, tmp_path: Path) -> None:
    names = tuple(TABLES[table].dtypes)
    text = csv(",".join(_value(table, name) for name in names), header=",".join(names))
    proposal = one(tmp_path, text)
    assert (proposal.table, proposal.preset, proposal.works) == (table, None, True)
    assert all(not column.written for column in proposal.columns)


def _value(table: str, name: str) -> str:
    field = TABLES[table].field(name)
    assert field is not None
    texts = {"date": "2026-01-05", "currency": "USD", "bool": "true"}
    if field.choices:
        return field.choices[0]
    return texts.get(field.type.value, "1.50" if field.type.value in {"money", "number"} else "1")


def test_refunds_are_negated_credits_of_the_ledger(tmp_path: Path) -> None:
    header = "refund_id,invoice_id,customer_id,refunded_on,amount,currency"
    rows = ("re1,i1,c1,2026-01-05,9.00,USD", "re2,i2,c2,2026-01-06,8.00,USD")
    proposal = one(tmp_path, csv(*rows, header=header), "refunds")
    assert proposal.table == "billing_lines"
    assert proposal.header_of("line_id") == "refund_id"
    assert proposal.header_of("issued_on") == "refunded_on"
    assert {c.name: c.value for c in proposal.constants} == {"kind": "refund", "status": "paid"}
    assert proposal.negate == (("amount", "none of its 2 amounts is negative"),)


def test_credits_that_are_negative_already_are_not_negated(tmp_path: Path) -> None:
    header = "credit_id,invoice_id,customer_id,issued_on,amount,currency"
    text = csv("cn1,i1,c1,2026-01-05,-9.00,USD", header=header)
    assert one(tmp_path, text, "credit_notes").negate == ()


def test_values_speak_for_a_table_where_names_fit_two(tmp_path: Path) -> None:
    header = "period_start,category,amount,currency"
    spend = csv("2026-01-01,marketing,5.00,USD", header=header)
    costs = csv("2026-01-01,hosting,5.00,USD", header=header)
    whole = proposed(tmp_path, a=spend, b=costs)
    assert [p.table for p in whole.proposals] == ["spend", "service_costs"]


def test_an_id_that_repeats_is_no_table_of_its_own_ids(tmp_path: Path) -> None:
    """Two lines of one invoice: lines, not invoices."""
    header = "invoice_id,customer_id,issued_on,kind,amount,currency,status"
    rows = ("i1,c1,2026-01-05,recurring,5.00,USD,paid", "i1,c1,2026-01-05,one_off,2.00,USD,paid")
    assert one(tmp_path, csv(*rows, header=header)).table == "billing_lines"


def test_words_of_a_closed_set_are_mapped_and_unknown_ones_asked(tmp_path: Path) -> None:
    header = "touch_id,customer_id,happened_on,team,type"
    known = csv(
        "t1,c1,2026-01-05,Customer Success,call", "t2,c1,2026-01-06,Helpdesk,call", header=header
    )
    proposal = one(tmp_path / "a", known)
    assert proposal.values == {"team": {"success": ("Customer Success",), "support": ("Helpdesk",)}}
    assert proposal.works
    odd = one(tmp_path / "b", known.replace("Helpdesk", "Field crew"))
    (question,) = odd.questions
    assert question.key == "values: {team: {WHICH: [Field crew]}}"
    assert not odd.works


def test_days_that_could_be_months_are_asked_and_others_are_not(tmp_path: Path) -> None:
    header = "flag_id,customer_id,flagged_on,reason"
    text = csv("f1,c1,03/04/2026,x", "f2,c1,04/05/2026,y", header=header)
    (question,) = one(tmp_path / "a", text).questions
    assert question.key == "date_format: dmy"
    decided = one(tmp_path / "b", text.replace("04/05", "14/05"))
    assert (decided.date_format, decided.questions) == (("dmy",), ())
    assert one(tmp_path / "c", text.replace("04/05", "04/15")).date_format == ("mdy",)


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (("2026-01-31", "2026-01-31 10:00"), "iso"),
        (("2026-01", "2026-02"), "%Y-%m"),
        (("1769904000",), "epoch"),
        (("1769904000000",), "epoch_ms"),
        (("31.01.2026",), "dmy"),
        (("1/31/26 2:51:07 PM",), "mdy"),
        (("03/04/2026",), "dmy or mdy"),
        (("31/01/2026", "01/31/2026"), None),
        (("soon",), None),
        ((), "iso"),
    ],
)
def test_the_form_of_days_is_read_from_the_whole_column(
    values: tuple[str, ...], form: str | None
) -> None:
    assert day_format(values) == form


def test_whole_amounts_of_a_snake_case_file_are_asked_about(tmp_path: Path) -> None:
    header = "payment_id,customer_id,attempted_on,outcome,amount,currency"
    text = csv("p1,c1,2026-01-05,succeeded,11900,USD", header=header)
    (question,) = one(tmp_path / "a", text).questions
    assert question.key == "units: minor"
    assert one(tmp_path / "b", text.replace("11900", "119.00")).works
    assert not look_minor(("12", "119", "5"))


def test_a_header_names_the_currency_of_its_amounts(tmp_path: Path) -> None:
    header = "invoice_no,cust,issued,total_net_eur,status"
    text = csv("i1,c1,2026-01-05,5.00,paid", header=header.replace("total_net", "net"))
    (constant,) = one(tmp_path, text).constants
    assert (constant.name, constant.value) == ("currency", "EUR")


HEADS = "invoice_id,customer_id,issued_on,amount,currency,status"
INVOICES = csv("i1,c1,2026-01-05,5.00,EUR,paid", "i2,c2,2026-01-05,5.00,USD,paid", header=HEADS)


def test_headers_in_german_are_read_and_last_days_seen(tmp_path: Path) -> None:
    header = "Rechnungs-Nr.;Kunde;Rechnungsdatum;Netto;MwSt;Währung;Von;Bis"
    months = ("01.01.2026;31.01.2026", "01.02.2026;28.02.2026", "01.03.2026;31.03.2026")
    rows = [f"R-{n};Müller;13.01.2026;1.234,50;0,00;EUR;{span}" for n, span in enumerate(months)]
    found = one(tmp_path, csv(*rows, header=header))
    assert {column.name: column.header for column in found.columns} == {
        "invoice_id": "Rechnungs-Nr.",
        "customer_id": "Kunde",
        "issued_on": "Rechnungsdatum",
        "amount": "Netto",
        "tax": "MwSt",
        "currency": "Währung",
        "period_start": "Von",
        "period_end": "Bis",
    }
    assert found.date_format == ("dmy",)
    assert found.inclusive == (("period_end", "3 of 3 whole months end on it"),)


def test_the_base_currency_is_the_one_that_no_rate_prices(tmp_path: Path) -> None:
    rates = csv("2026-01-05,EUR,1.1", header="day,currency,rate")
    base = proposed(tmp_path / "a", invoices=INVOICES, fx=rates).base_currency
    assert base is not None
    assert (base.value, base.sure) == ("USD", "likely")
    lone = proposed(tmp_path / "b", invoices=INVOICES.replace("USD", "EUR")).base_currency
    assert lone is not None
    assert (lone.value, lone.sure) == ("EUR", "certain")
    open_ = proposed(tmp_path / "c", invoices=INVOICES)
    assert open_.base_currency is None
    assert [q.key for q in open_.questions] == ["base_currency: EUR"]


def test_a_domain_where_every_customer_is_called_a_test_is_our_own(tmp_path: Path) -> None:
    header = "customer_id,name,email"
    rows = (
        "c1,Acme,pia@acme.example",
        "c2,Ours QA 1,a@ours.example",
        "c3,Ours,test+2@OURS.example",
        "c4,Demo,x@lone.example",
        "c5,Contest Ltd,x@contest.example",
        "c6,Contest Two,y@contest.example",
    )
    (own,) = proposed(tmp_path, customers=csv(*rows, header=header)).own_domains
    assert own.value == "ours.example"
    assert "all 2 customers" in own.how


SURVEY = "response_id,customer_id,asked_on,kind,choices"


def survey(*options: str) -> str:
    rows = (f"v{n},c1,2026-02-0{n},influence,{option}" for n, option in enumerate(options, 1))
    return csv(*rows, header=SURVEY)


def test_options_of_a_survey_that_name_customer_success_are_proposed(tmp_path: Path) -> None:
    answers = survey("product_fit;onboarding_team", "Customer Success Manager", "price")
    whole = proposed(tmp_path, invoices=INVOICES, survey=answers)
    found = [choice.value for choice in whole.cs_choices]
    assert found == ["Customer Success Manager", "onboarding_team"]
    settings = parse_settings(config_text(whole), "clv.yaml")
    assert settings.evidence.survey.cs_choices == tuple(found)
    assert "the options are Customer Success Manager, onboarding_team, price" in config_text(whole)


def test_options_of_a_survey_that_could_mean_anybody_are_asked_about(tmp_path: Path) -> None:
    whole = proposed(tmp_path, invoices=INVOICES, survey=survey("price;my friend Sam", "advert"))
    assert whole.cs_choices == ()
    (asked,) = [q for q in whole.questions if q.section == "evidence"]
    assert asked.key == "evidence: {survey: {cs_choices: [OPTION]}}"
    assert not asked.blocks
    assert "advert, my friend Sam, price" in asked.text


def test_options_that_the_setting_means_anyway_need_no_key(tmp_path: Path) -> None:
    whole = proposed(tmp_path, invoices=INVOICES, survey=survey("support", "onboarding_team"))
    assert whole.cs_choices == ()
    assert not [q for q in whole.questions if "survey" in q.text]


def test_ids_are_held_against_the_billing_customers(tmp_path: Path) -> None:
    """HubSpot's field for the billing id counts when its values are billing customers."""
    header = "Record ID,Company name,Company owner,stripe_customer_id"
    companies = csv("1,Acme,Pia,c1", "2,Bolt,Pia,c2", header=header)
    whole = proposed(tmp_path / "a", invoices=INVOICES, companies=companies)
    accounts = whole.proposals[0]
    (billing,) = [c for c in accounts.columns if c.name == "billing_id"]
    assert (billing.sure, billing.how) == (
        "certain",
        "a usual name of it; 100.0 % are billing customers",
    )
    strangers = companies.replace("c1", "x1").replace("c2", "x2")
    other = proposed(tmp_path / "b", invoices=INVOICES, companies=strangers).proposals[0]
    assert other.header_of("billing_id") is None


def test_lines_of_an_api_dump_wait_for_their_invoices(tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "presets" / "stripe-invoice-lines"
    lines = (sample / "in.csv").read_text(encoding="utf-8")
    alone = proposed(tmp_path / "a", lines=lines)
    assert not alone.proposals[0].works
    assert entries(config_text(alone)) == []
    heads = (sample / "invoices.csv").read_text(encoding="utf-8")
    assert all(p.works for p in proposed(tmp_path / "b", lines=lines, heads=heads).proposals)


def test_a_file_that_is_mostly_about_other_things_is_no_canonical_table(tmp_path: Path) -> None:
    header = "customer_id,quantity_seen,treated,propensity,mood"
    whole = proposed(tmp_path, truths=csv("c1,5,1,0.3,good", header=header))
    assert not whole.proposals
    assert [file.name for file in whole.unused] == ["truths.csv"]


def test_each_table_of_a_zip_is_proposed_by_itself(tmp_path: Path) -> None:
    """Chargebee sends one zip with a file for each kind of object."""
    data = write(tmp_path / "data", "export.zip", "").parent
    with zipfile.ZipFile(data / "export.zip", "w") as packed:
        packed.writestr("invoices.csv", INVOICES)
        packed.writestr("customers.csv", csv("c1,Acme", header="customer_id,name"))
        packed.writestr("odd.csv", csv("1,blue", header="room,colour"))
    whole = compare(*look_into(data, data / "clv.yaml", tmp_path / "scratch"))
    assert [p.name for p in whole.proposals] == [
        "export.zip:customers.csv",
        "export.zip:invoices.csv",
    ]
    assert [file.name for file in whole.unused] == ["export.zip:odd.csv"]
    customers, invoices = parse_settings(config_text(whole), "clv.yaml").sources
    assert (customers.path, customers.member) == ("export.zip", "customers.csv")
    assert (invoices.path, invoices.member) == ("export.zip", "invoices.csv")


def test_what_another_config_in_a_subfolder_reads_is_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data, "invoices.csv", INVOICES)
    write(data, "old/lines.csv", INVOICES)
    write(data, "old/own.yaml", "version: 1\nsources:\n  - {path: '*.csv', table: invoices}\n")
    write(data, ".hidden/x.csv", INVOICES)
    write(data, "notes.md", "x")
    whole = compare(*look_into(data, data / "clv.yaml", tmp_path / "scratch"))
    assert [p.name for p in whole.proposals] == ["invoices.csv"]
    assert {file.name: file.why for file in whole.unused} == {
        "notes.md": "no data file",
        "old/lines.csv": "read by another config, old/own.yaml",
        "old/own.yaml": "another config",
    }


@given(st.text(max_size=30))
@example("no").via("a reserved word")
@example("a: b").via("a mapping")
@example("x # y").via("a comment")
@example("- x").via("a list")
@example("%Y-%m").via("a directive")
@example("12").via("a number")
@example("segment (metadata)").via("a plain header")
def test_any_text_reads_back_as_itself(text: str) -> None:
    assert load_marked(f"key: {scalar(text)}\n", "x.yaml").value == {"key": text}
    assert load_marked(f"{{a: [{scalar(text)}]}}\n", "x.yaml").value == {"a": [text]}


def test_every_word_for_a_value_is_known_and_stands_once() -> None:
    from clv_cli.sources.proposal.words import COLUMNS, VALUES

    names = {field.name for table in TABLES.values() for field in table.fields}
    assert COLUMNS.keys() <= names
    for column, values in VALUES.items():
        fields = [f for t in TABLES.values() for f in t.fields if f.name == column and f.choices]
        assert values.keys() <= {choice for field in fields for choice in field.choices}
        for field in fields:
            for choice, words in values.items():
                if choice in field.choices:
                    assert choices(field, words)[0] == {choice: tuple(sorted(words))}


def test_the_config_reads_back_as_what_was_proposed(tmp_path: Path) -> None:
    header = "credit: no,invoice_id,client,issued,net_eur,# of items"
    rows = ("CN1,i1,c1,13.01.2026,5.00,1", "CN2,i1,c1,14.01.2026,6.00,1")
    text = config_text(
        proposed(tmp_path, credit_notes=csv(*rows, header=header), invoices=INVOICES)
    )
    settings = parse_settings(text, "clv.yaml")
    notes, heads = settings.sources
    assert notes.columns["issued_on"] == ("issued",)
    assert notes.columns["line_id"] == ("credit: no",)
    assert notes.constants == {"kind": "credit", "currency": "EUR", "status": "paid"}
    assert notes.negate == ("amount",)
    assert notes.date_format == ("dmy",)
    assert (heads.path, heads.table) == ("invoices.csv", "invoices")


def test_a_commented_source_is_valid_once_its_marks_are_removed(tmp_path: Path) -> None:
    header = "touch_id,customer_id,happened_on,team,type"
    rows = ("t1,c1,03/04/2026,Customer Success,call", "t2,c1,04/05/2026,Field: crew,call")
    text = config_text(proposed(tmp_path, touches=csv(*rows, header=header)))
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("  # - path"))
    entry = "\n".join(["sources:", *(f"  {line[4:]}" for line in lines[start:])])
    document = load_marked(entry, "clv.yaml")
    assert not document.duplicates
    (source,) = entries(entry)
    assert source["date_format"] == "dmy"
    assert source["values"] == {"team": {"success": ["Customer Success"], "WHICH": ["Field: crew"]}}
