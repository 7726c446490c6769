"""What buyers say: each answer's share of its money, and how far it can be trusted."""

from __future__ import annotations

from typing import Any

import pytest

from clv_cli.attribution import evidence_tables, split_table
from clv_cli.attribution.survey import said, survey_asked, survey_claims, survey_segments
from clv_cli.results import Result, collect, collect_frames
from tests.attribution.asking import asked as scope_of
from tests.attribution.asking import initiative
from tests.books import day, line

Row = dict[str, Any]


def answer(line_id: str, choices: list[str] | None, name: str | None = None) -> Row:
    return {
        "response_id": name or f"R-{line_id}",
        "customer_id": "A",
        "asked_on": day("2025-03-01"),
        "kind": "influence",
        "choices": choices,
        "line_id": line_id,
    }


LINES = [
    line("A", "2025-01-01", 300, line_id="a"),
    line("B", "2025-02-01", 100, line_id="b"),
    line("C", "2025-02-01", 200, line_id="c"),
    line("D", "2025-02-01", 400, line_id="d"),
]
ANSWERS = [
    answer("a", ["support", "price"]),
    answer("b", ["support"]),
    answer("c", None),
]


def results(
    lines: list[Row] = LINES, answers: list[Row] | None = ANSWERS, **more: list[Row]
) -> dict[str, Result]:
    tables: dict[str, Any] = {} if answers is None else {"surveys": answers}
    scope = scope_of(lines, split__method="survey", **(tables | more))
    found = collect([split_table(scope), *evidence_tables(scope)], scope)
    return {result.table.name: result for result in found}


def amounts(result: Result) -> dict[tuple[str, str], int]:
    return {(r["bucket"], r["component"]): r["amount"] for r in result.records()}


def test_the_share_of_money_is_claimed_of_all_revenue() -> None:
    # Half of 300 and all of 100: 250 of 400; 0.625 of 1,000.
    found = results()
    assert amounts(found["split"]) == {("cs", "survey"): 625_00, ("sales", "rest"): 375_00}


def test_the_table_says_who_answered_and_what_no_assumption_is_needed_for() -> None:
    rows = {row["figure"]: row["value"] for row in results()["survey"].records()}
    assert rows == {
        "share": "0.625000",
        "least": "0.416667",  # 400 of the 600 asked about were answered: 250 / 600
        "most": "0.750000",
        "asked": "3",
        "answered": "2",
        "effective": "2",
        "response": "0.666667",
    }
    (note,) = results()["survey"].rows.notes
    assert note.startswith("Too few answers for an interval: 2")


def test_cxm_comes_first() -> None:
    everything = initiative(weight_switched=1_000_000)
    people = [{"customer_id": c, "prior_supplier": "X"} for c in "ABCD"]
    found = results(initiatives=[everything], customers=people)
    assert amounts(found["split"]) == {
        ("cxm", "switched"): 1000_00,
        ("cxm", "expanded"): 0,
        ("sales", "rest"): 0,
    }


def test_options_that_nobody_ticked_are_told_with_those_that_were() -> None:
    found = results(answers=[answer("a", ["advert"]), answer("b", ["price", "advert"])])
    (finding,) = found["survey"].rows.findings
    assert finding.message == "no answer ticks any option that names CS; ticked were advert, price"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (None, "needs surveys of kind influence"),
        ([answer("zzz", ["support"])], "no purchase of the period was asked about"),
        ([answer("a", None)], "nobody answered the influence question"),
    ],
)
def test_without_answers_nothing_is_claimed_and_the_reason_is_told(
    answers: list[Row] | None, reason: str
) -> None:
    found = results(answers=answers)
    assert ("cs", "survey") not in amounts(found["split"])
    assert reason in found["survey"].rows.notes[0]
    assert reason in found["survey"].rows.findings[0].message


def test_an_answered_question_counts_where_a_purchase_was_asked_about_twice() -> None:
    twice = [answer("a", None, "R1"), answer("a", ["support"], "R2"), answer("a", ["price"], "R3")]
    scope = scope_of(LINES, surveys=twice, split__method="survey")
    frames = collect_frames([survey_asked, survey_segments], scope)
    found = said(scope, frames[survey_asked], frames[survey_segments])
    assert (found.asked, found.answered) == (1, 1)
    assert found.share is not None
    assert found.share.share == 1.0


def test_segments_count_as_they_were_asked_when_that_is_wanted() -> None:
    people = [{"customer_id": c, "segment": "x" if c in "AC" else "y"} for c in "ABCD"]
    lines = [line(c, "2025-01-01", 100, line_id=c) for c in "ABCD"]
    answers = [
        answer("A", ["support"]),
        answer("B", ["price"]),
        answer("C", None),
        answer("D", ["price"]),
    ]

    def share(**more: Any) -> str:  # noqa: ANN401
        scope = scope_of(lines, surveys=answers, customers=people, split__method="survey", **more)
        return str(collect_frames([survey_claims], scope)[survey_claims]["rate"][0])

    assert share() == "0.333333"
    asked = scope_of(lines, surveys=answers, customers=people, split__method="survey")
    rules = asked.settings.evidence.survey.model_copy(update={"by_segment": True})
    evidence = asked.settings.evidence.model_copy(update={"survey": rules})
    settings = asked.settings.model_copy(update={"evidence": evidence})
    weighed = type(asked)(asked.book, asked.as_of, asked.period, settings)
    claims = collect_frames([survey_claims], weighed)[survey_claims]
    assert claims["rate"][0] == "0.500000"  # one answer stands for two of x
