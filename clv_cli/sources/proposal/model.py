"""What is proposed for one file, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clv_cli.sources.proposal.peek import Peek


NO_DATA = "no data file"


class Sure(StrEnum):
    """How sure a proposal is."""

    CERTAIN = "certain"  # the file itself says so
    LIKELY = "likely"  # names or values point one way
    GUESS = "guess"  # nothing speaks against it


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column and where its values come from.

    Args:
        name: the canonical column.
        header: the file's header.
        sure: how sure that is.
        how: the evidence, in a few words.
        written: whether the config must say it; a preset or an equal name says it already.
    """

    name: str
    header: str
    sure: Sure
    how: str
    written: bool = True


@dataclass(frozen=True, slots=True)
class Constant:
    """One value for every row of a file."""

    name: str
    value: str
    sure: Sure
    how: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the files cannot tell, and the key that answers it.

    Args:
        text: the question.
        section: the key, such as `columns` or `date_format`; empty: another file answers it.
        name: the canonical column, for keys that map columns.
        value: an answer, or a word in capitals where only the user knows one.
        blocks: whether the file cannot be read without an answer.
    """

    text: str
    section: str = ""
    name: str = ""
    value: str = ""
    blocks: bool = True

    @property
    def key(self) -> str:
        """The YAML that answers it."""
        if not self.section:
            return ""
        inner = f"{{{self.name}: {self.value}}}" if self.name else self.value
        return f"{self.section}: {inner}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """How one file would be read.

    Args:
        peek: what was seen of it.
        table: the canonical table.
        preset: the known export, or None for a table of the user's own.
        sure: how sure that is, as a whole.
        how: how it was recognised.
        columns: canonical columns with their headers.
        constants: columns that no header gives.
        values: value maps: canonical column to canonical value to the file's values.
        negate: amount columns that the file writes with the other sign, and why.
        inclusive: columns of last days, where the table wants the day after, and why.
        date_format: of the file's days, where they are not ISO.
        questions: what stays open.
    """

    peek: Peek
    table: str
    preset: str | None
    sure: Sure
    how: str
    columns: tuple[Column, ...] = ()
    constants: tuple[Constant, ...] = ()
    values: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    negate: tuple[tuple[str, str], ...] = ()
    inclusive: tuple[tuple[str, str], ...] = ()
    date_format: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def name(self) -> str:
        """The file, relative to the folder; of a zip, with the file within it."""
        return self.peek.label

    @property
    def works(self) -> bool:
        """Whether it can be read as proposed."""
        return not any(question.blocks for question in self.questions)

    def header_of(self, column: str) -> str | None:
        """The file's header of a canonical column."""
        return next((c.header for c in self.columns if c.name == column), None)


@dataclass(frozen=True, slots=True)
class Unused:
    """A file that is left out, and why.

    Args:
        name: relative to the folder.
        why: a few words.
        data: whether it looked like an export: the user will want to know.
    """

    name: str
    why: str
    data: bool = False
