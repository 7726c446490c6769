"""`clv.yaml` as `Settings`; every fault at once, each with its line.

A fault reads `clv.yaml:12:3: mrr.prorations: unknown key; did you mean proration?`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel, ValidationError

from clv_cli.errors import ConfigError, did_you_mean
from clv_cli.settings import Settings
from clv_cli.settings.planning import Scenario
from clv_cli.yaml_marks import Marked, load_marked

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

CONFIG_NAME = "clv.yaml"

Place = tuple[str | int, ...]


def find_config(start: Path) -> Path | None:
    """The `clv.yaml` of a folder or the nearest folder above; None when there is none."""
    for folder in (start, *start.parents):
        candidate = folder / CONFIG_NAME
        if candidate.is_file():
            return candidate
    return None


def load_settings(path: Path) -> Settings:
    """Read and check a config.

    Raises:
        ConfigError: the file is missing, no YAML, or has faults; all of them are listed.
    """
    hint = "name one with -c FILE, or try the shipped sample: clv demo"
    return parse_settings(_text_of(path, "config", hint), str(path))


def _text_of(path: Path, what: str, hint: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {what} {path.name}", where=str(path), hint=hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path.name} cannot be read: {error}", where=str(path), hint="save it as UTF-8 text"
        ) from error


def parse_settings(text: str, name: str) -> Settings:
    """A config's text as settings.

    Args:
        text: YAML.
        name: the file's name, for errors.

    Raises:
        ConfigError: with every fault of the file.
    """
    document = load_marked(text, name)
    value = {} if document.value is None else document.value
    if not isinstance(value, dict):
        raise ConfigError(
            "a config is a mapping of keys", where=f"{name}:1:1", hint="start with: version: 1"
        )
    faults = [
        (place, f"{_dotted(path)}: the key stands twice") for path, place in document.duplicates
    ]
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(value)
    except ValidationError as error:
        faults += [_fault(detail, document) for detail in error.errors()]
    if faults or settings is None:
        raise _config_error(name, sorted(faults))
    return settings


def _config_error(name: str, faults: list[tuple[tuple[int, int], str]]) -> ConfigError:
    lines = [f"{name}:{line}:{column}: {message}" for (line, column), message in faults]
    count = "a fault" if len(lines) == 1 else f"{len(lines)} faults"
    return ConfigError(
        f"the config has {count}",
        where="\n         ".join(lines),
        hint="clv explain config lists every key with its default",
    )


def _fault(detail: ErrorDetails, document: Marked) -> tuple[tuple[int, int], str]:
    path = tuple(detail["loc"])
    kind, message = detail["type"], detail["msg"]
    if kind == "extra_forbidden":
        parent = _model_at(path[:-1])
        guess = did_you_mean(str(path[-1]), parent.model_fields) if parent else None
        message = "unknown key" + (f"; {guess}" if guess else "")
    elif kind in {"value_error", "assertion_error"}:
        message = message.partition(", ")[2] or message
    else:
        message = message[:1].lower() + message[1:]
    return document.mark(path), f"{_dotted(path)}: {message}" if path else message


def _model_at(path: Place) -> type[BaseModel] | None:
    """The settings model that a key path leads to."""
    model: type[BaseModel] = Settings
    for key in path:
        if isinstance(key, int):
            continue
        found = model.model_fields.get(key)
        nested = _nested_model(found.annotation) if found else None
        if nested is None:
            return None
        model = nested
    return model


def _nested_model(annotation: object) -> type[BaseModel] | None:
    candidates = (annotation, *get_args(annotation))
    return next(
        (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)),
        None,
    )


def _dotted(path: Place) -> str:
    return ".".join(str(part) for part in path)


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file; without a name it has the file's.

    Raises:
        ConfigError: the file is missing, no YAML, or has faults; all of them are listed.
    """
    text = _text_of(path, "scenario", "name an existing YAML file")
    document = load_marked(text, str(path))
    value = {} if document.value is None else document.value
    try:
        found = Scenario.model_validate(value)
    except ValidationError as error:
        faults = sorted(
            (document.mark(tuple(detail["loc"])), f"{_dotted(detail['loc'])}: {detail['msg']}")
            for detail in error.errors()
        )
        lines = [f"{path}:{line}:{column}: {message}" for (line, column), message in faults]
        raise ConfigError(
            f"the scenario {path.name} has faults",
            where="\n         ".join(lines),
            hint=f"its keys are: {', '.join(Scenario.model_fields)}",
        ) from error
    return found if found.name else found.model_copy(update={"name": path.stem})
