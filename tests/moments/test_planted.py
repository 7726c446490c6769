"""What was planted in the sample is found, and its README says how much of it."""

from __future__ import annotations

from tests.bench.recorded import recorded
from tests.recipes.planted_moments import SAMPLE, matches, table


def test_planted_declines_and_quota_crossings_are_found_as_the_samples_readme_says() -> None:
    found = matches()
    for match in found:
        assert match.precision >= 0.9, match.name
        assert match.recall >= 0.9, match.name
    assert recorded("moments", SAMPLE / "README.md") == table(found)
