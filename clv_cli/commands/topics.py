"""The topics of `clv explain` that need no data."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from clv_cli.buckets import BUCKETS, COMPONENTS, SPLIT_RULES
from clv_cli.conventions import CONVENTIONS
from clv_cli.errors import EXIT_CODES
from clv_cli.glossary import GLOSSARY, Term

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 88

ENVIRONMENT: dict[str, str] = {
    "CLV_CONFIG": "config file, as -c",
    "CLV_DATA": "folder of the data, as -d",
    "CLV_AS_OF": "last day that counts, as --as-of",
    "CLV_PERIOD": "period, as -p",
    "CLV_FORMAT": "output format, as -f",
    "CLV_REDACT": "when set, tokens instead of customers, as --redact",
    "NO_COLOR": "when set, no colour",
}


def definition(metric: str) -> str:
    """A metric's entry in the glossary as text: question, formula, conventions."""
    term = GLOSSARY[metric]
    lines = [f"{term.title} ({metric})", term.question, "", *_wrapped(term.formula, "  ")]
    if term.notes:
        lines += ["", *(line for note in term.notes for line in _wrapped(note, "- "))]
    lines += ["", *_facts(term)]
    return "\n".join(lines) + "\n"


def _facts(term: Term) -> list[str]:
    facts = []
    if term.aliases:
        facts.append(f"also called: {', '.join(term.aliases)}")
    if term.settings:
        facts.append(f"settings: {', '.join(term.settings)}")
    if term.source:
        facts.append(f"source: {term.source}")
    return facts


def _wrapped(text: str, lead: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=False
    )


def metric_list() -> str:
    """Every metric with the question it answers, and the topics."""
    width = max(len(name) for name in [*GLOSSARY, *TOPICS])
    lines = ["Metrics (clv explain NAME):"]
    lines += [f"  {name:<{width}}  {term.question}" for name, term in GLOSSARY.items()]
    lines += ["", "Lines (clv explain split LINE): how one invoice line was split, and why", ""]
    lines += ["Topics (clv explain TOPIC):"]
    lines += [
        f"  {name:<{width}}  {(topic.__doc__ or '').strip()}" for name, topic in TOPICS.items()
    ]
    return "\n".join(lines) + "\n"


def split() -> str:
    """How revenue is divided among CXM, CS and sales, and which rules claim it."""
    lines = []
    for bucket, title in BUCKETS.items():
        lines.append(f"{title} ({bucket})")
        parts = [(name, text) for (of, name), text in COMPONENTS.items() if of == bucket]
        lines += [f"  {name:<18}{text}" for name, text in parts]
    lines += ["", *(line for rule in SPLIT_RULES for line in _wrapped(rule, "- "))]
    lines += ["", "Settings: split. One line taken apart: clv explain split LINE"]
    return "\n".join(lines) + "\n"


def conventions() -> str:
    """How each vendor counts MRR: its rules as settings, documented or our reading."""
    blocks = []
    for convention in CONVENTIONS.values():
        lines = [f"{convention.name}: {convention.label}"]
        for rule in convention.rules:
            doubt = "" if rule.documented else " (our reading)"
            value = "none" if rule.value is None else str(rule.value)
            lines.append(f"  {rule.key:<32}{value:<18}{rule.because}{doubt}")
        lines += [f"  not reproduced: {text}" for text in convention.beyond]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def exit_codes() -> str:
    """What each exit code means."""
    return "".join(
        f"{code.value:>3}  {line}\n"
        for code, text in EXIT_CODES.items()
        for line in ["\n     ".join(textwrap.wrap(text, WIDTH - 5))]
    )


def environment() -> str:
    """The environment variables that are read."""
    return "".join(f"{name:<12}{text}\n" for name, text in ENVIRONMENT.items())


def schema() -> str:
    """The canonical tables and columns that exports are mapped to."""
    from clv_cli.frames import TABLES

    blocks = []
    for table in TABLES.values():
        lines = [f"{table.name}: {table.doc}"]
        for field in table.fields:
            mark = "!" if field.required else " "
            choices = f" ({', '.join(field.choices)})" if field.choices else ""
            lines.append(f" {mark} {field.name:<22}{field.type.value:<9} {field.doc}{choices}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n\n! = required\n"


def config() -> str:
    """Every key of clv.yaml with its default."""
    from clv_cli.config_docs import config_lines

    return "\n".join(config_lines()) + "\n"


def presets() -> str:
    """The exports that are known by name."""
    from clv_cli.sources import load_presets

    known = load_presets().values()
    lines = []
    for preset in known:
        mark = " " if preset.verified else "?"
        lines.append(f"{mark} {preset.name:<25}{preset.table:<15}{preset.title}")
    lines += [
        "",
        f"{len(known)} exports; ? = no real export was ever checked: compare the sums of clv check.",
        "One of them: clv explain preset NAME. Your own: preset: ./my-preset.yaml in the config.",
    ]
    return "\n".join(lines) + "\n"


def preset(name: str) -> str:
    """One known export: how it is recognised, what it becomes, what to know of it.

    Raises:
        ConfigError: there is no such preset.
    """
    from clv_cli.sources import preset_lines

    return "\n".join(preset_lines(name, WIDTH)) + "\n"


TOPICS: dict[str, Callable[[], str]] = {
    "split": split,
    "conventions": conventions,
    "config": config,
    "schema": schema,
    "presets": presets,
    "exit-codes": exit_codes,
    "environment": environment,
}
