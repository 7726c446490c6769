"""What the README generates with cog, so that it cannot rot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def output(command: str, lines: int | None = None) -> str:
    """What a `clv` command prints, in a shell block with the command above it."""
    arguments = command.split()[1:]
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    run = subprocess.run(
        [sys.executable, "-m", "clv_cli", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    text = run.stdout.rstrip().splitlines()
    shown = text[:lines] + (["…"] if lines and len(text) > lines else [])
    body = "\n".join(line.rstrip() for line in shown)
    return f"```console\n$ {command}\n{body}\n```\n"


def commands() -> str:
    """Every command with its purpose and usage."""
    from clv_cli.main import COMMANDS

    rows = ["| command | what it does |", "|---|---|"]
    for command in COMMANDS:
        first = (command.__doc__ or "").strip().partition("\n")[0]
        rows.append(f"| `clv {command.__name__}` | {first} |")
    return "\n".join(rows) + "\n"


def exit_codes() -> str:
    """The exit codes as a table."""
    from clv_cli.errors import EXIT_CODES

    rows = ["| code | meaning |", "|--:|---|"]
    rows += [f"| {code.value} | {text} |" for code, text in EXIT_CODES.items()]
    return "\n".join(rows) + "\n"


def glossary() -> str:
    """Every metric with its formula."""
    from clv_cli.glossary import GLOSSARY

    rows = ["| metric | formula |", "|---|---|"]
    rows += [f"| `{name}` {term.title} | {term.formula} |" for name, term in GLOSSARY.items()]
    return "\n".join(rows) + "\n"


def helps() -> str:
    """What each command does, takes and an example of it, besides the shared options."""
    import inspect

    from clv_cli.commands.options import Shared
    from clv_cli.main import COMMANDS

    shared = inspect.get_annotations(Shared)
    blocks = []
    for command in COMMANDS:
        text = inspect.cleandoc(command.__doc__ or "")
        lines = [f"### `clv {command.__name__}`", "", text.replace("Example: ", "Example: `") + "`"]
        own = [p for name, p in inspect.signature(command).parameters.items() if name not in shared]
        rows = [_parameter(p.name, p.annotation.__metadata__[0]) for p in own]
        blocks.append("\n".join([*lines, *([""] if rows else []), *rows]))
    return "\n\n".join(blocks) + "\n"


def _parameter(name: str, info: object) -> str:
    declared = getattr(info, "default", None)
    flag = declared if isinstance(declared, str) else f"[{name.upper()}]"
    return f"- `{flag}` {getattr(info, 'help', '')}"
