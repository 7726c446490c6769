"""Revenue moments: whom to talk to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import moments as kinds
from clv_cli.errors import UsageError
from clv_cli.periods import month_of, month_start, parse_day
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from datetime import date

    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def moments(
    request: Request,
    names: tuple[str, ...] = (),
    since: str | None = None,
    owner: str | None = None,
    top: int | None = None,
) -> Report:
    """The moments of the last weeks, first things first.

    Args:
        request: what to read.
        names: only these kinds; empty for all.
        since: first day as text; None for the config's window.
        owner: only this owner's.
        top: only so many.

    Raises:
        UsageError: no such kind, no such day, or one after the as-of day.
    """
    kinds.require_kinds(names)  # a typo is told before anything is read
    day = _first_day(since) if since else None
    asked = kinds.Asked(names, day, owner, top)
    with opened(request) as scope:
        require_lines(scope)
        if day is not None and day > scope.as_of:
            raise UsageError(
                f"{day.isoformat()} is after the as-of day, {scope.as_of.isoformat()}",
                where="--since",
                hint="choose an earlier day, or a later --as-of",
            )
        return finished("moments", scope, kinds.moments_tables(scope, asked))


def _first_day(text: str) -> date:
    """An ISO day, or a month for its first day: moments since May are all of May."""
    day = parse_day(text, "--since")
    return month_start(month_of(day)) if len(text) == len("2026-05") else day
