"""Figures printed elsewhere, compared with the sum of the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.buckets import BUCKETS
from clv_cli.frames import Finding, Severity
from clv_cli.money import from_text, to_decimal

if TYPE_CHECKING:
    from clv_cli.attribution.cells import Cells
    from clv_cli.settings import Stated


def stated_findings(stated: Stated, cells: Cells, currency: str) -> list[Finding]:
    """Which figures stated elsewhere differ from the parts added up, and by how much?

    Args:
        stated: `split.stated`, in major units.
        cells: the split.
        currency: of both.

    Raises:
        DataError: a stated figure is finer than the currency's minor unit.
    """
    ours = {bucket: cells.of(bucket) for bucket in BUCKETS} | {"total": cells.total}
    findings = []
    for name, parts in ours.items():
        printed = getattr(stated, name)
        if printed is None:
            continue
        theirs = from_text(f"{printed:f}", currency)
        if theirs != parts:
            added, elsewhere, apart = (
                f"{to_decimal(minor, currency):,f}"
                for minor in (parts, theirs, abs(parts - theirs))
            )
            findings.append(
                Finding(
                    Severity.WARNING,
                    "stated_differs",
                    f"{name}: the parts add up to {added}; the figure stated elsewhere, "
                    f"{elsewhere}, differs by {apart}",
                    remedy="correct the figure, or the parts it was added up from",
                )
            )
    return findings
