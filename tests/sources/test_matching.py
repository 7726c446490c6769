"""Who is who: the evidence in its order, one account or none, and names that only suggest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clv_cli.config_file import load_settings
from clv_cli.errors import DataError
from clv_cli.sources import LineStore, load_book, suggested_names
from clv_cli.sources.free_mail import FREE_MAIL
from clv_cli.sources.matching import registrable
from clv_cli.sources.suggestions import plain_name
from tests.sources.exports import column, csv, load, write
from tests.test_end_to_end import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clv_cli.frames import Book

CUSTOMERS = "customer_id,name,email,domain,account_id,external_id"
ACCOUNTS = "account_id,name,domain,billing_id,external_id"
CONTACTS = "contact_id,account_id,email"
SOURCES = {
    "customers": CUSTOMERS,
    "accounts": ACCOUNTS,
    "contacts": CONTACTS,
    "account_map": "customer_id,account_id",
}


def book(
    folder: Path, rows: Mapping[str, list[str]], *sources: dict[str, object], **settings: object
) -> Book:
    """A line for every customer, and whatever tables are given."""
    ids = [row.partition(",")[0] for row in rows.get("customers", [])]
    lines = [f"I{n},{name},2026-01-05,one_off,10.00,USD,paid" for n, name in enumerate(ids)]
    write(folder, "lines.csv", csv(*lines))
    for table, records in rows.items():
        write(folder, f"{table}.csv", csv(*records, header=SOURCES[table]))
    entries = [{"path": f"{table}.csv", "table": table} for table in ("lines", *rows)]
    entries[0]["table"] = "billing_lines"
    return load(folder, *entries, *sources, **settings)


def matched(made: Book) -> dict[str, tuple[str, str | None]]:
    assert made.matches is not None
    chosen = made.matches.select("customer_id", "method", "account_id")
    return {name: (method, account) for name, method, account in chosen.iter_rows()}


def test_each_kind_of_evidence_matches(tmp_path: Path) -> None:
    found = matched(
        book(
            tmp_path,
            {
                "account_map": ["c1,a1"],
                "customers": [
                    *("c1,One,,,,", "c2,Two,,,,", "c3,Three,,,a3,", "c4,Four,,,,x4"),
                    *("c5,Five, Ann@Five.Example ,,,", "c6,Six,bob@mail.six.co.uk,,,"),
                    *("c7,Seven,tim@gmail.com,,,", "c8,Eight,,,,"),
                ],
                "accounts": [
                    *("a1,One,,,", "a2,Two,,c2,", "a3,Three,,,", "a4,Four,,,x4", "a5,Five,,,"),
                    *("a6,Six,https://www.six.co.uk/about,,", "a7,Seven,gmail.com,,"),
                ],
                "contacts": ["p1,a5,ann@five.example"],
            },
        )
    )
    assert found == {
        "c1": ("map", "a1"),
        "c2": ("key", "a2"),
        "c3": ("key", "a3"),
        "c4": ("external_id", "a4"),
        "c5": ("email", "a5"),
        "c6": ("domain", "a6"),
        "c7": ("unmatched", None),
        "c8": ("unmatched", None),
    }


def test_stronger_evidence_wins_over_weaker(tmp_path: Path) -> None:
    tables = {
        "account_map": ["c1,a1"],
        "customers": ["c1,One,ann@five.example,,a3,x4"],
        "accounts": ["a1,A,,,", "a2,B,,c1,", "a3,C,,,", "a4,D,,,x4", "a5,E,five.example,,"],
        "contacts": ["p1,a5,ann@five.example"],
    }
    assert matched(book(tmp_path, tables)) == {"c1": ("map", "a1")}
    # Both sides name each other's id, and contradict one another.
    keyed = {"match": {"order": ["key", "domain"]}}
    assert matched(book(tmp_path, tables, **keyed)) == {"c1": ("ambiguous", None)}
    order = {"match": {"order": ["external_id", "email", "domain"]}}
    assert matched(book(tmp_path, tables, **order)) == {"c1": ("external_id", "a4")}


def test_two_accounts_for_one_customer_are_ambiguous_and_weaker_evidence_is_not_asked(
    tmp_path: Path,
) -> None:
    made = book(
        tmp_path,
        {
            "customers": ["c1,One,ann@one.example,,,", "c2,Two,bob@two.example,,,"],
            "accounts": ["a1,A,one.example,,", "a2,B,www.one.example,,", "a3,C,two.example,,"],
            "contacts": ["p1,a2,bob@two.example", "p2,a3,bob@two.example"],
        },
    )
    assert matched(made) == {"c1": ("ambiguous", None), "c2": ("ambiguous", None)}
    assert made.matches is not None
    assert made.matches.select("by", "candidates").rows() == [
        ("domain", ["a1", "a2"]),
        ("email", ["a2", "a3"]),
    ]
    assert column(made, "customer_id", "account_map") == []


def test_several_customers_may_be_one_account(tmp_path: Path) -> None:
    found = matched(
        book(
            tmp_path,
            {
                "customers": ["c1,One,ann@one.example,,,", "c2,Two,,,,", "c3,Three,,,,"],
                "accounts": ["a1,A,one.example,c2; c3,"],
            },
        )
    )
    assert found == {"c1": ("domain", "a1"), "c2": ("key", "a1"), "c3": ("key", "a1")}


def test_own_and_free_domains_match_nobody(tmp_path: Path) -> None:
    tables = {
        "customers": ["c1,One,ann@us.example,,,", "c2,Two,ann@partner.example,,,"],
        "accounts": ["a1,A,us.example,,", "a2,B,partner.example,,"],
    }
    made = book(
        tmp_path, tables, own_domains="us.example", match={"free_mail": ["Partner.example"]}
    )
    # Our own accounts are tests: they are nobody's, and in no match rate.
    assert matched(made) == {"c2": ("unmatched", None)}
    assert {"gmail.com", "web.de", "qq.com"} <= FREE_MAIL
    assert all(name == name.casefold() and "." in name for name in FREE_MAIL)


def test_salesforce_ids_of_15_and_18_characters_are_one(tmp_path: Path) -> None:
    found = matched(
        book(
            tmp_path,
            {
                "customers": ["c1,One,,,001A000001abcDE,", "c2,Two,,,001A000001abcDe,"],
                "accounts": ["001A000001abcDEIAZ,A,,,"],
            },
        )
    )
    assert found == {"c1": ("key", "001A000001abcDEIAZ"), "c2": ("unmatched", None)}


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.acme.co.uk/about?x=1", "acme.co.uk"),
        ("Mail.Acme.com", "acme.com"),
        ("acme.github.io", "acme.github.io"),
        ("acme.com:8080", "acme.com"),
        ("acme.com.", "acme.com"),
        ("shop.acme.公司.cn", "acme.公司.cn"),
        ("shop.acme.XN--55qx5d.cn", "acme.xn--55qx5d.cn"),
        ("co.uk", None),
        ("localhost", None),
        ("none", None),
        ("", None),
    ],
)
def test_a_companys_domain_is_what_it_registered(text: str, domain: str | None) -> None:
    rows = registrable([text])["registrable"].to_list()
    assert rows == ([] if domain is None else [domain])


def test_without_a_crm_nothing_is_matched(tmp_path: Path) -> None:
    made = book(tmp_path, {"customers": ["c1,One,,,,"]})
    assert made.matches is None
    assert not made.has("account_map")


def test_deals_and_touches_that_name_an_account_reach_its_customers(tmp_path: Path) -> None:
    deals = "deal_id,account_id,outcome\nd1,a1,won\nd2,a2,won\nd3,a9,won\n"
    touches = (
        "touch_id,account_id,customer_id,happened_on,team,cost,currency\n"
        "t1,a1,,2026-01-06,success,10.00,USD\nt2,a2,,2026-01-07,success,20.00,USD\n"
        "t3,a9,,2026-01-08,success,40.00,USD\nt4,,c3,2026-01-09,support,80.00,USD\n"
    )
    write(tmp_path, "deals.csv", deals)
    write(tmp_path, "touches.csv", touches)
    made = book(
        tmp_path,
        {
            "customers": ["c1,One,,,,", "c2,Two,,,,", "c3,Three,,,,"],
            "accounts": ["a1,A,,c1,", "a2,B,,c2;c3,", "a9,C,,,"],
        },
        {"path": "deals.csv", "table": "deals"},
        {"path": "touches.csv", "table": "touches"},
        base_currency="USD",
    )
    # Which of an account's two customers signed a deal is not known.
    assert column(made, "customer_id", "deals") == ["c1", None, None]
    rows = made.table("touches").sort("touch_id", "customer_id").collect()
    assert rows.select("touch_id", "customer_id", "cost").rows() == [
        ("t1", "c1", 1000),
        ("t2", "c2", 2000),
        ("t2", "c3", None),
        ("t4", "c3", 8000),
    ]
    (found,) = [item for item in made.findings if item.code == "touches_of_nobody"]
    assert (found.source, found.row) == ("touches.csv", 4)


def test_touches_that_name_nobody_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "touches.csv", "touch_id,happened_on,team\nt1,2026-01-06,success\n")
    with pytest.raises(DataError, match="no column for customer_id, nor one for account_id"):
        book(tmp_path, {"customers": ["c1,,,,,"]}, {"path": "touches.csv", "table": "touches"})


def test_names_only_suggest(tmp_path: Path) -> None:
    made = book(
        tmp_path,
        {
            "customers": ["c1,Acme Tooling Inc.,,,,", "c2,Zenith,,,,", "c3,,,,,"],
            "accounts": ["a1,ACME Tooling GmbH,,,", "a2,Other & Sons,,,"],
        },
    )
    assert {method for method, _ in matched(made).values()} == {"unmatched"}
    (found,) = suggested_names(made, 85)
    assert (found["customer_id"], found["account_id"], found["score"]) == ("c1", "a1", 100)
    assert plain_name("Other & Sons, Ltd.") == "other and sons"


def test_every_match_of_the_sample_is_right_and_most_are_found(tmp_path: Path) -> None:
    """The sample numbers customer c1001 and company 400001 alike; its map file names the others."""
    settings_ = load_settings(SAMPLE / "clv.yaml")
    made = load_book(settings_, SAMPLE, LineStore(tmp_path / "store"))
    found = {name: pair for name, pair in matched(made).items() if pair[1] is not None}
    given = (SAMPLE / "crm" / "account_map.csv").read_text().splitlines()[1:]
    by_hand = dict(row.split(",")[:2] for row in given)
    for customer, (_, account) in found.items():
        assert account == by_hand.get(customer, str(400000 + int(customer[1:]) - 1000))
    methods = [method for method, _ in found.values()]
    assert len(found) > 0.9 * len(matched(made))
    assert min(methods.count(method) for method in ("map", "key", "domain")) > 20


NAMES = ("a.example", "b.example", "c.example")


@settings(max_examples=8)
@given(data=st.data())
def test_whatever_the_evidence_each_customer_is_matched_once_or_not_at_all(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    customers = [f"c{n}" for n in range(4)]
    emails = [data.draw(st.sampled_from(["", *(f"x@{name}" for name in NAMES)])) for _ in customers]
    accounts = [
        f"a{n},A,{data.draw(st.sampled_from(['', *NAMES]))},"
        f"{data.draw(st.sampled_from(['', *customers]))},"
        for n in range(4)
    ]
    rows = [f"{name},N,{email},,," for name, email in zip(customers, emails, strict=True)]
    tables = {"customers": rows, "accounts": accounts}
    made = book(tmp_path_factory.mktemp("match"), tables)
    again = {"customers": rows[::-1], "accounts": accounts[::-1]}
    assert matched(book(tmp_path_factory.mktemp("again"), again)) == matched(made)
    for number, name in enumerate(customers):
        keyed = {row.split(",")[0] for row in accounts if row.split(",")[3] == name}
        domain = emails[number].partition("@")[2]
        alike = {row.split(",")[0] for row in accounts if domain and row.split(",")[2] == domain}
        evidence = keyed or alike
        method, account = matched(made)[name]
        assert (account is None) == (len(evidence) != 1)
        assert account is None or account in evidence
        assert (method == "ambiguous") == (len(evidence) > 1)


def test_the_part_of_the_suffix_list_that_is_read_says_what_the_whole_list_says() -> None:
    from publicsuffixlist import PublicSuffixList

    hosts = [
        *("acme.com", "mail.acme.co.uk", "a.acme.github.io", "city.kobe.jp", "www.kobe.jp"),
        *("www.ck", "shop.acme.ck", "公司.cn", "acme.公司.cn", "acme.invalid", "localhost", "com"),
        *("x.acme.xn--55qx5d.cn", "a.b.s3.amazonaws.com", "example.中国"),
    ]
    whole = PublicSuffixList()
    for some in (hosts, [host for host in hosts if "xn--" not in host], hosts[:1]):
        found = dict(registrable(some).iter_rows())
        assert found == {host: name for host in some if (name := whole.privatesuffix(host))}
