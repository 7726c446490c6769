"""The tables: what readers see, what ties, what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from clv_cli.attribution import METHODS, SPLIT_BY, explain_line, split_by_table, split_tables
from clv_cli.buckets import COMPONENTS
from clv_cli.errors import DataError, UsageError
from clv_cli.money import from_text
from clv_cli.results import collect
from tests.attribution.asking import asked, flag, initiative, referral, touch
from tests.books import line, monthly

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Result

Row = dict[str, Any]


def tables_of(scope: Scope) -> tuple[Result, Result]:
    split, buckets = collect(split_tables(scope), scope)
    return split, buckets


def by(scope: Scope, name: str) -> Result:
    return collect([split_by_table(scope, name)], scope)[0]


def amounts(result: Result) -> dict[tuple[str, ...], int]:
    texts = [column.name for column in result.table.columns if column.kind == "text"]
    return {tuple(row[name] for name in texts): row["amount"] for row in result.records()}


def messages(result: Result) -> list[str]:
    return [finding.message for finding in result.rows.findings]


def story(**more: Any) -> Scope:  # noqa: ANN401
    """One customer of each kind: switched, expanded, rescued, referred, plain; and a lost credit."""
    lines = [
        line("switched", "2025-02-01", 60, product_id="p"),
        *monthly("grown", "2024-10-01", [10] * 3, product_id="p"),
        line("grown", "2025-01-01", 40, product_id="p", line_id="grown"),
        line("saved", "2025-03-01", 90),
        line("friend", "2025-04-01", 30),
        line("quiet", "2025-04-01", 40),
        line("plain", "2025-05-01", 500, line_id="plain"),
        line("stranger", "2025-06-01", -7, kind="credit"),
    ]
    tables = {
        "customers": [
            {"customer_id": "switched", "prior_supplier": "R", "segment": "smb"},
            {"customer_id": "plain", "segment": "smb"},
        ],
        "initiatives": [initiative(products=["p"])],
        "risk_flags": [flag("saved", "2025-01-02")],
        "touches": [touch("saved", "2025-01-05")],
        "referrals": [
            referral("saved", "friend", "2025-03-15"),
            referral(None, "quiet", "2025-03-15", "no_gripes", name="R2"),
        ],
    }
    return asked(lines, **(tables | more))


def test_the_split_names_every_component_and_sums_to_billed_revenue() -> None:
    split, buckets = tables_of(story())
    assert amounts(split) == {
        ("cxm", "switched"): 6000,
        ("cxm", "expanded"): 3000,
        ("cs", "retained"): 9000,
        ("cs", "expanded"): 0,
        ("cs", "referral"): 3000,
        ("cs", "no_gripes"): 4000,
        ("sales", "rest"): 51000,
        ("sales", "unmatched_credits"): -700,
    }
    assert amounts(buckets) == {
        ("cxm",): 9000,
        ("cs",): 16000,
        ("sales",): 50300,
        ("total",): 75300,
    }
    (check,) = split.rows.checks
    assert (check.name, check.left, check.right) == ("split_total", 75300, 75300)
    assert [row["share"] for row in buckets.records()][3] == 1.0


def test_a_component_without_its_evidence_table_is_left_out_not_zero() -> None:
    scope = asked([line("A", "2025-03-01", 10)], referrals=[])
    assert list(amounts(tables_of(scope)[0])) == [
        ("cs", "referral"),
        ("cs", "no_gripes"),
        ("sales", "rest"),
    ]


def test_a_period_without_revenue_has_no_shares_and_says_why() -> None:
    scope = asked([line("A", "2024-03-01", 10)])
    split, _ = tables_of(scope)
    assert split.records() == [{"bucket": "sales", "component": "rest", "amount": 0, "share": None}]
    assert split.rows.reasons == [(0, "share", "no revenue in the period")]


@pytest.mark.parametrize("name", sorted(SPLIT_BY))
def test_every_grouping_sums_to_the_same_buckets_and_carries_the_check(name: str) -> None:
    result = by(story(), name)
    rows = result.records()
    if name in {"line", "rule"}:
        sums = {
            bucket: sum(row["amount"] for row in rows if row["bucket"] == bucket)
            for bucket in ("cxm", "cs", "sales")
        }
    else:
        sums = {bucket: sum(row[bucket] for row in rows) for bucket in ("cxm", "cs", "sales")}
        assert sum(row["total"] for row in rows) == 75300
    assert sums == {"cxm": 9000, "cs": 16000, "sales": 50300}
    assert [check.ok for check in result.rows.checks] == [True]
    assert result.table.name == f"split_by_{name}"


def test_groupings_are_listed_by_name_and_methods_are_named() -> None:
    assert list(SPLIT_BY) == sorted(SPLIT_BY)
    assert list(METHODS) == ["declared", "worksheet"]


def test_customers_come_with_the_largest_first() -> None:
    rows = by(story(), "customer").records()
    assert rows[0] == {"customer_id": "plain", "cxm": 0, "cs": 0, "sales": 50000, "total": 50000}
    assert [row["total"] for row in rows] == sorted((row["total"] for row in rows), reverse=True)


def test_segments_and_products_that_are_not_known_have_a_row_of_their_own() -> None:
    assert {row["segment"]: row["total"] for row in by(story(), "segment").records()} == {
        "smb": 56000,
        "": 19300,
    }
    assert {row["product_id"]: row["total"] for row in by(story(), "product").records()} == {
        "p": 10000,
        "": 65300,
    }


def test_rules_are_listed_in_the_order_of_the_waterfall() -> None:
    rows = by(story(), "rule").records()
    assert [(row["bucket"], row["rule"], row["cells"]) for row in rows] == [
        ("cxm", "I", 1),
        ("cxm", "I", 1),
        ("cs", "no_gripes", 1),
        ("cs", "referral", 1),
        ("cs", "at_risk", 1),
        ("sales", "rest", 2),
        ("sales", "unmatched_credits", 1),
    ]


def test_the_line_export_names_the_rule_the_evidence_and_the_source_row() -> None:
    rows = {(row["line_id"], row["part"]): row for row in by(story(), "line").records()}
    row = rows["grown", "expanded"]
    assert (row["rule_id"], row["evidence"], row["amount"]) == ("I", "initiatives:I", 3000)
    assert (row["source"], row["row"]) == ("billing_lines.csv", 6)
    assert Fraction(row["exact_share"]) == Fraction(3, 4)
    assert (row["currency"], row["own"], row["method"]) == ("USD", 3000, "declared")
    assert row["evidence_row"] == "initiatives.csv:2"
    assert len(row["rule_version"]) == 12


def test_an_unknown_grouping_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="custmer") as caught:
        split_by_table(story(), "custmer")
    assert caught.value.hint == "did you mean customer?"


# --- findings


def test_credits_without_an_original_are_a_warning_with_their_money() -> None:
    split, _ = tables_of(story())
    assert any("7.00 USD of 1 credit " in message for message in messages(split))


def test_a_flag_set_after_the_touch_is_hindsight_and_counted() -> None:
    lines = [line("A", "2025-03-01", 80), line("A", "2025-03-02", 20), line("B", "2025-03-01", 5)]
    scope = asked(
        lines,
        risk_flags=[flag("A", "2025-02-20"), flag("B", "2025-01-01", "F2")],
        touches=[touch("A", "2025-02-10"), touch("B", "2025-02-10", "T2")],
    )
    split, _ = tables_of(scope)
    assert amounts(split)["cs", "retained"] == 500
    (finding,) = [f for f in split.rows.findings if f.code == "hindsight_flags"]
    assert finding.message.startswith("1 touch came before the customer's risk flag")
    assert "2 purchases worth 100.00 USD" in finding.message


def test_a_hindsight_touch_counts_no_line_that_an_earlier_flag_claims() -> None:
    scope = asked(
        [line("A", "2025-12-01", 80)],
        risk_flags=[flag("A", "2024-11-01"), flag("A", "2025-11-20", "F2")],
        touches=[touch("A", "2025-10-30"), touch("A", "2025-11-10", "T2")],
        split__cs_window_days=370,
    )
    (finding,) = [f for f in tables_of(scope)[0].rows.findings if f.code == "hindsight_flags"]
    assert "0 purchases worth 0.00 USD" in finding.message


def test_purchases_with_too_little_history_are_noted() -> None:
    lines = [line("A", "2025-03-01", 80), line("B", "2025-03-01", 5, product_id="q")]
    scope = asked(lines, initiatives=[initiative(products=[])])
    (finding,) = [f for f in tables_of(scope)[0].rows.findings if f.code == "unknown_base"]
    assert finding.severity == "note"
    assert finding.message.startswith("2 purchases worth 85.00 USD in fewer than 3 months")


# --- worksheet


def estimate(bucket: str, component: str, amount: str, item: str | None = None, **more: str) -> Row:
    row = {"bucket": bucket, "component": component, "amount": from_text(amount, "USD")}
    return {**row, "item": item, "currency": "USD", **more}


WORKSHEET = [
    estimate("all", "total", "900000000"),
    estimate("cxm", "switched", "60000000", "Product A"),
    estimate("cxm", "switched", "50000000", "touchpoints"),
    estimate("cxm", "expanded", "30000000", "Product A"),
    estimate("cxm", "expanded", "10000000", "Process B"),
    estimate("cs", "retained", "90000000", "CS interactions"),
    estimate("cs", "referral", "30000000", "referrals"),
    estimate("cs", "no_gripes", "40000000"),
]
AS_PRINTED = {"cxm": "150000000", "cs": "150000000", "sales": "600000000", "total": "900000000"}


def worksheet(rows: list[Row], **more: Any) -> Scope:  # noqa: ANN401
    return asked([], worksheet=rows, split__method="worksheet", **more)


def test_the_articles_worksheet_adds_up_to_150_160_and_590() -> None:
    split, buckets = tables_of(worksheet(WORKSHEET, split__stated=AS_PRINTED))
    assert amounts(buckets) == {
        ("cxm",): 15_000_000_000,
        ("cs",): 16_000_000_000,
        ("sales",): 59_000_000_000,
        ("total",): 90_000_000_000,
    }
    assert amounts(split)["cxm", "switched"] == 11_000_000_000
    assert messages(split) == [
        (
            "cs: the parts add up to 160,000,000.00; the figure stated elsewhere, 150,000,000.00, "
            "differs by 10,000,000.00"
        ),
        (
            "sales: the parts add up to 590,000,000.00; the figure stated elsewhere, 600,000,000.00, "
            "differs by 10,000,000.00"
        ),
    ]
    assert [check.ok for check in split.rows.checks] == [True]


def test_a_worksheets_items_are_its_rules() -> None:
    rules = [(row["component"], row["rule"]) for row in by(worksheet(WORKSHEET), "rule").records()]
    assert ("expanded", "Process B") in rules
    assert ("no_gripes", "no_gripes") in rules
    assert rules[-1] == ("rest", "rest")


def test_a_worksheet_knows_no_lines() -> None:
    with pytest.raises(UsageError, match="a worksheet has no month"):
        split_by_table(worksheet(WORKSHEET), "month")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (WORKSHEET[1:], "one row for all revenue, not 0"),
        ([WORKSHEET[0], *WORKSHEET], "one row for all revenue, not 2"),
        ([estimate("all", "total", "5"), estimate("cs", "retained", "6")], "claim 6.00 of 5.00"),
        ([*WORKSHEET, estimate("cxm", "referral", "1")], "cxm has no component referral"),
        ([*WORKSHEET, estimate("cs", "retained", "1", currency="EUR")], "in EUR, the books in USD"),
        ([*WORKSHEET, estimate("cs", "retained", "-1")], "must not be negative"),
    ],
)
def test_a_worksheet_that_cannot_be_right_is_refused(rows: list[Row], message: str) -> None:
    with pytest.raises(DataError, match=message):
        tables_of(worksheet(rows))


def test_every_component_of_a_worksheet_has_words_for_readers() -> None:
    assert {row["bucket"] for row in WORKSHEET} - {"all"} == {b for b, _ in COMPONENTS} - {"sales"}


# --- the article's example from lines


def article() -> Scope:
    million = 10**6
    lines = [
        line("w1", "2025-02-01", 60 * million, product_id="A"),
        line("w2", "2025-02-01", 50 * million, touchpoint="guided"),
        *monthly("w3", "2024-01-01", [million] * 12, product_id="A"),
        line("w3", "2025-01-01", 31 * million, product_id="A"),
        *monthly("w4", "2024-01-01", [million] * 12, touchpoint="process_b"),
        line("w4", "2025-01-01", 11 * million, touchpoint="process_b"),
        line("w5", "2025-03-01", 90 * million),
        line("w6", "2025-04-01", 30 * million),
        line("w7", "2025-04-01", 40 * million),
        line("w8", "2025-05-01", 588 * million),
    ]
    return asked(
        lines,
        customers=[{"customer_id": name, "prior_supplier": "R"} for name in ("w1", "w2", "w8")],
        initiatives=[
            initiative("product_a", products=["A"]),
            initiative("touchpoints", touchpoints=["guided", "process_b"]),
        ],
        risk_flags=[flag("w5", "2025-01-02")],
        touches=[touch("w5", "2025-01-05")],
        referrals=[
            referral("w5", "w6", "2025-03-15"),
            referral(None, "w7", "2025-03-15", "no_gripes", name="R2"),
        ],
        split__stated=AS_PRINTED,
    )


def test_the_same_facts_as_lines_give_the_articles_split() -> None:
    split, buckets = tables_of(article())
    assert [row["amount"] for row in buckets.records()] == [
        15_000_000_000,
        16_000_000_000,
        59_000_000_000,
        90_000_000_000,
    ]
    assert [m for m in messages(split) if "stated" in m and m.startswith("cs")] == [
        (
            "cs: the parts add up to 160,000,000.00; the figure stated elsewhere, 150,000,000.00, "
            "differs by 10,000,000.00"
        )
    ]


# --- one line


def explained(scope: Scope, line_id: str) -> dict[str, Row]:
    rows = collect([explain_line(scope, line_id)], scope)[0].records()
    return {f"{row['rule']} {row['part'] or ''}".strip(): row for row in rows}


def test_a_line_is_explained_with_weight_share_and_evidence() -> None:
    row = explained(story(), "grown")["I expanded"]
    assert (row["bucket"], row["evidence"], row["amount"]) == ("cxm", "initiatives:I", 3000)
    assert (row["weight"], row["share"], row["why"]) == (1.0, 0.75, "granted")
    assert explained(story(), "grown")["rest retained"]["why"] == "claimed by no rule"


def test_a_line_before_the_period_can_be_explained_too() -> None:
    lines = [line("A", "2023-03-01", 80, line_id="old"), line("A", "2025-03-01", 80)]
    assert explained(asked(lines), "old")["rest whole"]["amount"] == 8000


def lost(line_: Row, rule: str, **tables: Any) -> str:  # noqa: ANN401
    return str(explained(asked([{**line_, "line_id": "now"}], **tables), "now")[rule]["why"])


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (initiative() | {"aligned": False}, "not aligned: no customer insight was its basis"),
        (initiative(start="2025-09-01"), "not in force on 2025-03-01: from 2025-09-01"),
        (
            initiative(effective_to="2025-01-01"),
            "not in force on 2025-03-01: from 2020-01-01 to before 2025-01-01",
        ),
        (initiative(products=["q"]), "its products do not include p"),
        (initiative(segments=["q"]), "its segments do not include a line without one"),
        (initiative(), "nothing of the line was switched or expanded"),
    ],
)
def test_an_initiative_that_lost_says_why(rule: Row, why: str) -> None:
    bought = line("A", "2025-03-01", 80, product_id="p")
    assert lost(bought, "I", initiatives=[rule]) == why


def test_an_initiative_without_weight_for_the_part_says_so() -> None:
    tables = {
        "customers": [{"customer_id": "A", "prior_supplier": "R"}],
        "initiatives": [initiative(weight_switched=0)],
    }
    assert lost(line("A", "2025-03-01", 80), "I", **tables) == "its weight for this part is 0"


FLAGGED = {"risk_flags": [flag("A", "2025-02-01")]}


@pytest.mark.parametrize(
    ("tables", "why"),
    [
        ({"touches": [touch("A", "2025-02-02")]}, "the customer was never flagged as at risk"),
        ({**FLAGGED, "touches": []}, "no touch in the 365 days up to 2025-03-01"),
        (
            {**FLAGGED, "touches": [touch("A", "2025-01-20")]},
            "flagged only after the touch of 2025-01-20: hindsight is no evidence",
        ),
        (
            {"risk_flags": [flag("A", "2023-02-01")], "touches": [touch("A", "2025-01-20")]},
            "no risk flag in the 365 days up to the touch of 2025-01-20",
        ),
        (
            {**FLAGGED, "touches": [touch("A", "2025-02-02")], "split__cs_weight": 0},
            "split.cs_weight is 0",
        ),
        (
            {
                **FLAGGED,
                "touches": [touch("A", "2025-02-02")],
                "customers": [{"customer_id": "A", "prior_supplier": "R"}],
            },
            "a first purchase from a competitor cannot have been rescued",
        ),
    ],
)
def test_a_rescue_that_lost_says_why(tables: dict[str, Any], why: str) -> None:
    assert lost(line("A", "2025-03-01", 80), "at_risk", **tables) == why


def test_a_referral_that_lost_says_why() -> None:
    def of(**more: Any) -> dict[str, Any]:  # noqa: ANN401
        return {"referrals": [referral("B", "A", "2025-02-01", **more)]}

    bought = line("A", "2025-03-01", 80)
    assert (
        lost(bought, "referral", **of()) == "its referrer had no at-risk intervention by 2025-02-01"
    )
    assert lost(bought, "no_gripes", **of(kind="no_gripes", weight=0)) == "its weight is 0"
    late = asked([line("A", "2023-01-01", 5), {**bought, "line_id": "now"}], **of(kind="no_gripes"))
    why = "issued more than 365 days after the first purchase of 2023-01-01"
    assert explained(late, "now")["no_gripes"]["why"] == why


def test_a_credit_is_explained_by_what_it_takes_back() -> None:
    back = line("plain", "2025-07-01", -9, kind="credit", line_id="back", original_line_id="x")
    found = explained(asked([line("plain", "2025-05-01", 8, line_id="x"), back]), "back")
    assert found["rest whole"]["why"] == "shared as the purchase it takes back"
    assert (
        found["unmatched_credits whole"]["why"] == "finds no purchase of the customer to take back"
    )


def test_a_line_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match='no billed line "nope"'):
        explained(story(), "nope")
