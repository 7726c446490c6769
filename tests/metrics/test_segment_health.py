"""The health of segments in `clv segments`, worked by hand."""

from __future__ import annotations

from typing import Any

from clv_cli.metrics import segments_table
from clv_cli.results import collect
from tests.books import book, day, monthly, scope

_ONLY_ANSWERS: dict[str, Any] = {
    f"health.weights.{part}": 0
    for part in ("usage", "payment", "support", "engagement", "contract")
}
_SEGMENTS = {"A": "big", "B": "big", "C": "small", "D": "small", "E": "new", "F": "small"}
_ANSWERS = {"A": 9, "B": 4, "C": 10, "F": 1}


def test_a_segments_health_is_the_mean_score_of_its_paying_customers_whose_score_is_known() -> None:
    # Scores are answers of ten: A 90, B 40, C 100. D never answered, E neither; F answered and left.
    #   big   (90 + 40) / 2       = 65  yellow (above 50, up to 75)
    #   small 100                 = 100 green
    #   total (90 + 40 + 100) / 3 = 77  green
    lines = [
        row
        for name in _SEGMENTS
        for row in monthly(name, "2025-01-01", [100] * (6 if name == "F" else 12))
    ]
    customers = [{"customer_id": name, "segment": of} for name, of in _SEGMENTS.items()]
    surveys = [
        {
            "response_id": name,
            "customer_id": name,
            "answered_on": day("2025-06-30"),
            "kind": "nps",
            "score": score,
            "scale_max": 10,
        }
        for name, score in _ANSWERS.items()
    ]
    asked = scope(book(lines, customers=customers, surveys=surveys), "2025-12", **_ONLY_ANSWERS)
    [result] = collect([segments_table()], asked)
    found = {
        row["segment"]: (row["health"], row["health_band"], row["health_n"])
        for row in result.records()
    }
    assert found == {
        "big": (65, "yellow", 2),
        "small": (100, "green", 1),
        "new": (None, None, 0),
        "total": (77, "green", 3),
    }
    assert {(row, name) for row, name, _ in result.rows.reasons} >= {
        (result.rows.frame["segment"].to_list().index("new"), "health")
    }
