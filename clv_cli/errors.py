"""What can go wrong, in three lines: what, where, what to do.

Bad rows are data (see `frames.Finding`); an exception stops the run. Only `main` catches
`ClvError`; it prints the three lines to stderr and exits with the code of the class.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from clv_cli.harmless import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable


# Between the places of an error that has several.
PLACES = "\n         "


class ExitCode(IntEnum):
    """The documented meaning of every exit code (`clv explain exit-codes`)."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    DATA = 3
    BREACHED = 4
    LOCKED = 5
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.DONE: "done; findings, if any, are listed",
    ExitCode.UNEXPECTED: "unexpected error, a bug: please report it",
    ExitCode.USAGE: "wrong usage, config or preset; nothing was written",
    ExitCode.DATA: (
        "the data stop the run: a missing or empty file, a missing column, an unknown currency or "
        "rate, too much quarantined, a reconciliation that does not hold; nothing was written"
    ),
    ExitCode.BREACHED: "done and written, but a threshold of the config is breached",
    ExitCode.LOCKED: "another run holds the lock; nothing was written",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.BROKEN_PIPE: "the reader of the pipe has gone (`| head`); nothing is wrong",
    ExitCode.TERMINATED: "terminated (SIGTERM)",
}


class ClvError(Exception):
    """A reason to stop, with the place and the remedy.

    Args:
        what: one sentence, without a full stop.
        where: file, line, column or key; one line.
        hint: what the user can do; one line.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """The three lines, as printed: what they quote from files is made harmless."""
        lines = [f"error: {safe_text(self.what)}"]
        if self.where:
            # Several places stand one below the other.
            places = self.where.split(PLACES)
            lines.append(f"  where: {PLACES.join(safe_text(place) for place in places)}")
        if self.hint:
            lines.append(f"  hint:  {safe_text(self.hint)}")
        return "\n".join(lines)


class UsageError(ClvError):
    """An option, argument, name or format that does not exist."""

    exit_code = ExitCode.USAGE


class ConfigError(ClvError):
    """A fault in a config, preset or rules file."""

    exit_code = ExitCode.USAGE


class DataError(ClvError):
    """Data that cannot be trusted: no number is better than a wrong one."""

    exit_code = ExitCode.DATA


class LockedError(ClvError):
    """Another run is at work on the same outputs."""

    exit_code = ExitCode.LOCKED


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a wrong one, as a question; None when none is near.

    Args:
        wrong: what the user wrote.
        known: the words that would have been right.
    """
    by_fold = {word.casefold(): word for word in known}
    near = get_close_matches(wrong.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[near[0]]}?" if near else None
