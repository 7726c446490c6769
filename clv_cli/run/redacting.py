"""`--redact`: tokens in place of whoever the data are about, in everything that leaves a run.

    token = "t-" + first 12 hex digits of HMAC-SHA-256(salt, text)

The same text has the same token in every output of every run with the same salt. Columns about somebody
become tokens whole; all other text (notes, findings, titles, errors) is searched for what the data hold.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.buckets import BUCKETS, COMPONENTS
from clv_cli.errors import ClvError, DataError
from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.personal import personal_texts
from clv_cli.results import Report, collect_frames
from clv_cli.run.salt import read_salt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clv_cli.frames import Finding
    from clv_cli.pipeline import Scope
    from clv_cli.results import Column, Result

DIGITS = 12
# Shorter texts, and bare numbers, would be found in words and figures that mean something else.
SHORT, SHORT_NUMBER = 3, 5
# Our own words, which a customer may happen to be called: a column of them stays readable.
WORDS = {*GLOSSARY, *BUCKETS, *(name for pair in COMPONENTS for name in pair), "declared"}
_WORD = re.compile(r"\w+")
# What a message quotes from a file; from the first quote to the last, for a value may hold quotes.
_QUOTED = re.compile(r'"(.+)"', re.DOTALL)


class Redactor:
    """Texts to tokens.

    Args:
        salt: the secret that tokens depend on.
        known: texts that are replaced wherever they are found.
    """

    def __init__(self, salt: bytes, known: Iterable[str] = ()) -> None:
        self._salt = salt
        self._known = {text for text in known if _tells(text)}
        # By their first word: how far before it they begin, and how long they are.
        self._spans: dict[str, list[tuple[int, int]]] = {}
        spans: dict[str, set[tuple[int, int]]] = {}
        for text in self._known:
            if word := _WORD.search(text):
                spans.setdefault(word.group(), set()).add((word.start(), len(text)))
        for first, places in spans.items():
            self._spans[first] = sorted(places, key=lambda place: (-place[1], place[0]))

    def token(self, text: str) -> str:
        """The token of a text; of nothing, nothing."""
        if not text:
            return text
        digest = hmac.new(self._salt, text.encode(), hashlib.sha256).hexdigest()
        return f"t-{digest[:DIGITS]}"

    def prose(self, text: str) -> str:
        """A sentence with tokens for all known texts in it, the longest first."""
        if text in WORDS:
            return text
        parts, done = [], 0
        for word in _WORD.finditer(text):
            for before, length in self._spans.get(word.group(), ()):
                start, end = word.start() - before, word.start() - before + length
                if start >= done and text[start:end] in self._known and _apart(text, start, end):
                    parts += [text[done:start], self.token(text[start:end])]
                    done = end
                    break
        return "".join([*parts, text[done:]])

    def message(self, text: str) -> str:
        """A sentence about a file: tokens also for what it quotes, which need not be known."""
        quoted = _QUOTED.search(text)
        if quoted is None:
            return self.prose(text)
        before, after = text[: quoted.start(1)], text[quoted.end(1) :]
        return f"{self.prose(before)}{self.token(quoted.group(1))}{self.prose(after)}"

    def column(self, values: pl.Series, *, whole: bool) -> pl.Series:
        """A column with each text replaced: by its token, or within."""
        texts = values.drop_nulls().unique().sort()
        change = self.token if whole else self.prose
        changed = [change(text) for text in texts]
        if texts.to_list() == changed:
            return values
        return values.replace_strict(texts, pl.Series(changed, dtype=pl.String), default=None)


def _tells(text: str) -> bool:
    return len(text) >= (SHORT_NUMBER if text.isdigit() else SHORT) and text not in WORDS


def _apart(text: str, start: int, end: int) -> bool:
    """Whether a span is not part of a longer word."""
    if start < 0 or end > len(text):
        return False
    before = start == 0 or not (text[start - 1].isalnum() and text[start].isalnum())
    after = end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum())
    return before and after


def redactor(scope: Scope) -> Redactor:
    """The redactor of a run: it knows every id, name and free text of the data, and what was set aside."""
    known = collect_frames([personal_texts], scope)[personal_texts]["text"]
    aside = scope.book.quarantined["value"].drop_nulls()
    return Redactor(read_salt(_path(scope.settings.redact.salt_file)), [*known, *aside])


def _path(name: str | None) -> Path:
    assert name is not None  # noqa: S101 - `opened` has resolved it
    return Path(name)


def redacted(report: Report, scope: Scope) -> Report:
    """The report with tokens for whoever it is about; figures stay as they are."""
    tokens = redactor(scope)
    return replace(
        report,
        results=tuple(_result(result, tokens) for result in report.results),
        checks=tuple(replace(c, text=tokens.prose(c.text)) for c in report.checks),
        findings=tuple(_finding(found, tokens) for found in report.findings),
        conventions={name: tokens.prose(value) for name, value in report.conventions.items()},
        notes=(*(tokens.prose(note) for note in report.notes), NOTE),
    )


NOTE = "Redacted: equal tokens are equal texts; whoever has the salt and the files can tell whose."


def _result(result: Result, tokens: Redactor) -> Result:
    table, rows = result.table, result.rows
    frame = rows.frame
    texts = [c for c in table.columns if frame[c.name].dtype == pl.String and c.kind is Kind.TEXT]
    changed = frame.with_columns(
        tokens.column(frame[column.name], whole=column.about_somebody) for column in texts
    )
    reasons = [(row, column, tokens.prose(reason)) for row, column, reason in rows.reasons]
    return replace(
        result,
        table=replace(
            table,
            title=tokens.prose(table.title),
            columns=tuple(_column(column, tokens) for column in table.columns),
            lead=tuple(tokens.prose(line) for line in table.lead),
        ),
        rows=replace(
            rows,
            frame=changed,
            reasons=reasons,
            notes=[tokens.prose(note) for note in rows.notes],
            lead=[tokens.prose(line) for line in rows.lead],
            checks=[replace(c, text=tokens.prose(c.text)) for c in rows.checks],
            findings=[_finding(found, tokens) for found in rows.findings],
        ),
    )


def _column(column: Column, tokens: Redactor) -> Column:
    labels = {key: tokens.prose(label) for key, label in column.labels.items()}
    return replace(column, heading=tokens.prose(column.heading), labels=labels)


def _finding(found: Finding, tokens: Redactor) -> Finding:
    remedy = None if found.remedy is None else tokens.message(found.remedy)
    return replace(found, message=tokens.message(found.message), remedy=remedy)


@dataclass(slots=True)
class Guard:
    """What errors are redacted with.

    Args:
        salt: None: nothing is redacted.
        scope: the data, once they are read: they know whom an error may name.
        said: whether the error on its way has its tokens already.
    """

    salt: bytes | None = None
    scope: Scope | None = None
    said: bool = False


@contextmanager
def redacting(guard: Guard) -> Iterator[None]:
    """Errors with tokens, too: what stops a run may name a customer or quote a cell.

    Args:
        guard: filled as the run goes on.
    """
    try:
        yield
    except ClvError as error:
        if guard.salt is None or guard.said:
            raise
        guard.said = True
        tokens = Redactor(guard.salt) if guard.scope is None else redactor(guard.scope)
        change = tokens.message if isinstance(error, DataError) else tokens.prose
        raise type(error)(
            change(error.what),
            where=None if error.where is None else change(error.where),
            hint=None if error.hint is None else change(error.hint),
        ) from None
    except Exception as error:
        if guard.salt is None:
            raise
        guard.said = True
        # Any text of a library may quote a cell.
        raise ClvError(
            f"unexpected {type(error).__name__}; its text is not shown, it may quote a customer",
            where="inside clv; this is a bug",
            hint="run again without --redact and report what it says",
        ) from None
