"""The recipe `just exactness` at a fiftieth of its size: the same checks, the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.recipes.exactness import check

if TYPE_CHECKING:
    from pathlib import Path


def test_twenty_thousand_lines_of_five_currencies_tie_to_the_minor_unit(tmp_path: Path) -> None:
    found = check(tmp_path, 20_000, 2)
    assert set(found["footing"].values()) == {0}
    assert found["rounding"] < 1
    # 10,000 sequences of refunds at full size, a fiftieth of them here.
    closed, left = found["refunds"]
    assert closed >= 200
    assert left == 0
    assert found["hashes"] == 1
    assert found["divided"] > 5_000
