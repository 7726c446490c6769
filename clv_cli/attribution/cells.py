"""What every method of the split hands to the tables: integer cells, and their whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.buckets import BUCKETS
from clv_cli.results import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv_cli.frames import Finding
    from clv_cli.pipeline import Measure
    from clv_cli.results import Frames

CHECK_TEXT = "split = billed in the period"


@dataclass(frozen=True, slots=True)
class Cell:
    """The money of one rule (or item of a worksheet) in one bucket and component."""

    bucket: str
    component: str
    rule_id: str
    lines: int
    amount: int


@dataclass(frozen=True, slots=True)
class Cells:
    """A whole split.

    Args:
        cells: every cell that is not nothing, in total order.
        whole: what they must sum to, computed without them.
        text: names of the two figures of the check.
        findings: what was noticed on the way.
    """

    cells: Sequence[Cell]
    whole: int
    text: str = CHECK_TEXT
    findings: Sequence[Finding] = ()

    def of(self, bucket: str, component: str | None = None) -> int:
        """The money of a bucket, or of one component of it."""
        return sum(
            cell.amount
            for cell in self.cells
            if cell.bucket == bucket and component in {None, cell.component}
        )

    @property
    def total(self) -> int:
        """The money of all cells."""
        return sum(self.of(bucket) for bucket in BUCKETS)

    @property
    def check(self) -> Check:
        """Every cent in exactly one cell."""
        return Check("split_total", self.total, self.whole, self.text)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What buckets claim before anything is granted, and what other orders would grant them.

    Args:
        claimed: by bucket; together at least all revenue.
        ranges: by bucket, the least and the most of the six orders of precedence.
    """

    claimed: Mapping[str, int]
    ranges: Mapping[str, tuple[int, int]]

    @property
    def total(self) -> int:
        """All claims."""
        return sum(self.claimed.values())


@dataclass(frozen=True, slots=True)
class Method:
    """A way to split all revenue.

    Args:
        needs: the measures it reads.
        cells: the split, from the collected measures.
        claim_needs: the measures that `claimed` reads beside them.
        claimed: the claims before the waterfall.
    """

    needs: tuple[Measure, ...]
    cells: Callable[[Frames], Cells]
    claim_needs: tuple[Measure, ...]
    claimed: Callable[[Frames, Cells], Claimed]
