"""What the glossary says about one metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv_cli.kinds import Good, Kind, Window


@dataclass(frozen=True, slots=True)
class Term:
    """One metric in the words of the field.

    Args:
        title: the heading of reports.
        question: the question it answers, in one sentence.
        formula: one line, in the names of its inputs.
        kind: what its values mean.
        good: which direction is good news.
        window: what span of time it covers.
        notes: who counts, who does not, edge cases; the convention chosen.
        aliases: other names by which `explain` and `metrics` find it.
        setting: prefixes of the settings that change it.
        source: where the definition comes from.
        calc: the formula once more, in the keys of its inputs, so that it can be computed and
            printed with the numbers in it; empty for metrics that are no arithmetic of sums.
    """

    title: str
    question: str
    formula: str
    kind: Kind
    good: Good
    window: Window
    notes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    source: str = ""
    calc: str = ""
