"""The documents say what the program does, and nothing that it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clv_cli.errors import EXIT_CODES
from clv_cli.glossary import GLOSSARY, Window, find_term
from clv_cli.main import COMMANDS
from clv_cli.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [command.__name__ for command in COMMANDS])
def test_every_command_says_what_it_does_and_shows_an_example(command: str) -> None:
    documentation = next(c.__doc__ or "" for c in COMMANDS if c.__name__ == command)
    assert "Example: clv " in documentation
    assert f"### `clv {command}`" in README


def test_every_exit_code_is_in_the_readme() -> None:
    for code, meaning in EXIT_CODES.items():
        assert f"| {code.value} | {meaning} |" in README


def test_every_metric_is_in_the_readme_with_its_formula() -> None:
    for name, term in GLOSSARY.items():
        assert f"| `{name}` {term.title} | {term.formula} |" in README


def test_the_readmes_commands_install_with_the_pinned_versions() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert all("-c constraints.txt" in line for line in lines)
    assert lines[0].endswith(".venv/bin/clv demo")
    assert "pytest" in lines[1]


def test_constraints_pin_every_dependency_and_name_no_host() -> None:
    pins = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    pinned = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    project = (ROOT / "pyproject.toml").read_text()
    block = project[project.index("dependencies = [") : project.index("[project.optional")]
    wanted = {name.lower() for name in re.findall(r'"([\w-]+)', block)}
    assert wanted <= pinned


def test_a_metric_is_found_by_its_name_aliases_and_title() -> None:
    for name, term in GLOSSARY.items():
        for spelling in (name, name.upper(), *term.aliases, term.title):
            assert find_term(spelling) == name


def test_no_two_metrics_share_a_name() -> None:
    names = [n for key, term in GLOSSARY.items() for n in (key, *term.aliases)]
    assert len(names) == len(set(names))


def test_the_settings_that_a_metric_names_exist() -> None:
    for term in GLOSSARY.values():
        for key in term.settings:
            model: object = Settings()
            for part in key.split("."):
                assert hasattr(model, part), key
                model = getattr(model, part)


def test_every_window_can_be_filled_in() -> None:
    facts = {"as_of": "d", "month": "m", "nrr_months": 1, "cac_months": 2, "ltv_months": 3}
    for window in Window:
        assert "{" not in window.value.format(**facts)
