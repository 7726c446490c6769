"""Which options of an influence question mean customer success, by their words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clv_cli.settings.evidence import Survey
from clv_cli.sources.proposal.model import Constant, Question, Sure
from clv_cli.sources.proposal.words import CS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clv_cli.sources.proposal.model import Proposal


def influence(
    proposals: Iterable[Proposal],
) -> tuple[tuple[Constant, ...], tuple[Question, ...]]:
    """The options that name the team, for `evidence.survey.cs_choices`, or the question which do.

    Nothing where no survey asks, or where its options are those that the setting means anyway.

    Args:
        proposals: what the files are.
    """
    options = sorted({option for one in proposals for option in _options(one)})
    usual = set(Survey().cs_choices)
    if not options or set(options) & usual:
        return (), ()
    ours = [option for option in options if _words(option) & set(CS)]
    how = f"by their words; the options are {', '.join(options)}"
    if ours:
        return tuple(Constant(option, option, Sure.LIKELY, how) for option in ours), ()
    text = (
        f"which answers of the survey mean customer success? The options are {', '.join(options)}"
    )
    return (), (Question(text, "evidence", "survey", "{cs_choices: [OPTION]}", blocks=False),)


def _options(one: Proposal) -> Sequence[str]:
    header = one.header_of("choices") if one.table == "surveys" else None
    cells = one.peek.values(header) if header else ()
    return [option.strip() for cell in cells for option in cell.split(";") if option.strip()]


def _words(option: str) -> set[str]:
    return set(re.split(r"[\W_\d]+", option.casefold()))
