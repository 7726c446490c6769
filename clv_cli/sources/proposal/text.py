"""The proposed config as commented YAML."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, TypeAlias

from clv_cli.harmless import safe_text
from clv_cli.sources.proposal.model import NO_DATA
from clv_cli.sources.proposal.yaml_text import scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clv_cli.sources.proposal.across import Whole
    from clv_cli.sources.proposal.model import Proposal, Question, Unused

_Entry: TypeAlias = tuple[str, str, str]  # canonical column, YAML, evidence

WIDTH = 100
MAX_STRANGERS = 5
_COMMENT_AT = 34
_HEAD = """\
# Proposed by clv init from the files beside it. Look at the guesses and the open questions, then run
# clv check. All keys: clv explain config; known exports: clv explain presets; tables: clv explain schema.
version: 1
"""


def config_text(whole: Whole) -> str:
    """The config that a folder's files propose: every guess with its evidence, what is open as comments.

    Args:
        whole: what the files are.
    """
    blocks = [_HEAD + _lines(_general(whole))]
    working = [one for one in whole.proposals if one.works]
    blocked = [one for one in whole.proposals if not one.works]
    head = "sources:" if working else "sources: []"
    blocks += [
        "\n\n".join(
            [
                _lines([head, *_entry(working[0])]) if working else head,
                *(_lines(_entry(one)) for one in working[1:]),
            ]
        )
    ]
    if blocked:
        title = "# Recognised, but not yet readable: answer what is open, then move the lines up to sources."
        blocks.append("\n\n".join([title, *(_lines(_blocked(one)) for one in blocked)]))
    if whole.unused:
        blocks.append(_lines(_unused(whole.unused)))
    return "\n\n".join(blocks) + "\n"


def _lines(lines: Iterable[str]) -> str:
    """Lines that stay lines: what a file or column is called neither ends a comment nor moves a cursor."""
    return "\n".join(safe_text(line) for line in lines)


def _general(whole: Whole) -> list[str]:
    lines = [
        _commented('company: ""', "name printed on reports; no file says it"),
        _commented("timezone: UTC", "zone of the reporting days; no file says it"),
    ]
    base = whole.base_currency
    if base is not None:
        lines.insert(1, _commented(f"base_currency: {base.value}", f"{base.sure}: {base.how}"))
    if whole.own_domains:
        names = ", ".join(scalar(domain.value) for domain in whole.own_domains)
        first = whole.own_domains[0]
        lines.append(_commented(f"own_domains: [{names}]", f"{first.sure}: {first.how}"))
    lines += _open(whole.questions)
    if whole.cs_choices:
        first = whole.cs_choices[0]
        names = ", ".join(scalar(choice.value) for choice in whole.cs_choices)
        why = wrap(f"# {first.sure}: {first.how}", WIDTH - 4, subsequent_indent="#   ")
        lines += ["evidence:", "  survey:", *(f"    {line}" for line in why)]
        lines.append(f"    cs_choices: [{names}]")
    return lines


def _entry(one: Proposal) -> list[str]:
    """One source: what was seen as comments, what the config must say as keys."""
    return [*_seen(one), *_keys(one)]


def _blocked(one: Proposal) -> list[str]:
    """A source that waits for answers, commented out, with the answers in their places."""
    return [*_seen(one), *(f"  # {line[2:]}" for line in _keys(one))]


def _seen(one: Proposal) -> list[str]:
    """The comments above a source."""
    what = f"preset {one.preset}" if one.preset else f"table {one.table}"
    lines = [f"  # {one.name}: {one.peek.count} {_rows(one)}, {what} ({one.sure}: {one.how})"]
    silent = [column for column in one.columns if not column.written]
    if one.preset:
        by_preset = [f"{column.name} <- {column.header or '(no name)'}" for column in silent]
        lines += _listed("by the preset: ", by_preset)
    else:
        lines += _listed("same names: ", [column.name for column in silent])
    lines += _listed("not used: ", [scalar(name) for name in unused_headers(one)])
    return [*lines, *(f"  {line}" for line in _open(one.questions))]


def _rows(one: Proposal) -> str:
    return "row" if one.peek.count == "1" else "rows"


def unused_headers(one: Proposal) -> list[str]:
    """The headers that nothing reads; of a known export, only those it does not know."""
    if one.preset:
        return []
    read = {column.header for column in one.columns}
    return [cell for cell in one.peek.header.cells if cell and cell not in read]


def _listed(title: str, items: Sequence[str]) -> list[str]:
    """A comment with some items, broken between items only."""
    lines = [f"  #   {title}"] if items else []
    for number, item in enumerate(items):
        text = item if number == len(items) - 1 else f"{item}, "
        if len(lines[-1]) + len(text.rstrip()) > WIDTH:
            lines.append("  #     ")
        lines[-1] += text
    return [line.rstrip() for line in lines]


def _open(questions: Iterable[Question]) -> list[str]:
    lines = []
    for question in questions:
        lines.append(f"# open: {question.text}")
        if question.key:
            lines.append(f"#   set {question.key}")
    return lines


def _keys(one: Proposal) -> list[str]:
    """The source's keys, with the evidence behind each guess, and the answers still to be given."""
    columns = [(c.name, scalar(c.header), f"{c.sure}: {c.how}") for c in one.columns if c.written]
    constants = [(c.name, scalar(c.value), f"{c.sure}: {c.how}") for c in one.constants]
    values = [(name, _map(mapped), "likely: usual words") for name, mapped in one.values.items()]
    lines = [
        f"  - path: {scalar(one.peek.name)}",
        *([f"    member: {scalar(one.peek.member)}"] if one.peek.member else []),
        f"    {'preset' if one.preset else 'table'}: {one.preset or one.table}",
    ]
    for section, entries in (("columns", columns), ("constants", constants), ("values", values)):
        asked = [(q.name, q.value, "open") for q in one.questions if q.section == section]
        told = _joined(entries, asked)
        lines += [f"    {section}:"] if told else []
        lines += [_commented(f"      {name}: {value}", how) for name, value, how in told]
    lines += [_commented(f"    negate: {column}", f"likely: {how}") for column, how in one.negate]
    lines += [
        _commented(f"    inclusive: {column}", f"likely: {how}") for column, how in one.inclusive
    ]
    if one.date_format:
        formats = ", ".join(map(scalar, one.date_format))
        text = formats if len(one.date_format) == 1 else f"[{formats}]"
        how = "certain: all its days are written so"
        lines.append(_commented(f"    date_format: {text}", how))
    whole = [question for question in one.questions if question.section and not question.name]
    return [*lines, *(_commented(f"    {question.key}", "open") for question in whole)]


def _map(values: Mapping[str, Sequence[str]]) -> str:
    pairs = (f"{name}: [{', '.join(map(scalar, texts))}]" for name, texts in values.items())
    return f"{{{', '.join(pairs)}}}"


def _joined(told: Sequence[_Entry], asked: Sequence[_Entry]) -> list[_Entry]:
    """What is known of each column and what is asked, in one entry: a YAML key stands once."""
    entries = {name: (name, value, how) for name, value, how in told}
    for name, value, how in asked:
        known = entries.get(name)
        both = f"{known[1][:-1]}, {value[1:]}" if known else value
        entries[name] = (name, both, how)
    return list(entries.values())


def _commented(line: str, comment: str) -> str:
    return f"{line:<{_COMMENT_AT}}  # {comment}"


def _unused(files: Sequence[Unused]) -> list[str]:
    """The files that are left out, by reason; of those that are no data, the first few."""
    reasons: dict[str, list[str]] = {}
    for one in files:
        reasons.setdefault(one.why, []).append(one.name)
    strangers = reasons.pop(NO_DATA, [])
    lines = ["# Not used:"]
    for why, names in reasons.items():
        lines += _listed(f"{why}: ", names) if len(names) > 1 else [f"  #   {names[0]}: {why}"]
    more = len(strangers) - MAX_STRANGERS
    shown = [*strangers[:MAX_STRANGERS], *([f"and {more} more"] if more > 0 else [])]
    lines += _listed(f"{NO_DATA}: ", shown)
    return [line.removeprefix("  ") for line in lines]
