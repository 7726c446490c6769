"""What was planted in the sample is found, and its README says how much of it."""

from __future__ import annotations

from tests.recipes.planted_moments import BEGIN, END, SAMPLE, matches, table


def test_planted_declines_and_quota_crossings_are_found_as_the_samples_readme_says() -> None:
    found = matches()
    for match in found:
        assert match.precision >= 0.9, match.name
        assert match.recall >= 0.9, match.name
    written = (SAMPLE / "README.md").read_text(encoding="utf-8")
    block = written.partition(BEGIN)[2].partition(END)[0].strip()
    assert block == table(found)
