"""The files of a folder: what may be an export, what is none, what another config reads already."""

from __future__ import annotations

import glob
import zipfile
from typing import TYPE_CHECKING

from clv_cli.errors import ClvError
from clv_cli.sources.proposal.model import NO_DATA, Proposal, Unused
from clv_cli.sources.proposal.peek import peek
from clv_cli.sources.proposal.propose import propose
from clv_cli.yaml_marks import load_marked

if TYPE_CHECKING:
    from pathlib import Path

YAML = (".yaml", ".yml")
DATA = (".csv", ".tsv", ".tab", ".psv", ".txt", ".gz", ".zip", ".xlsx", ".parquet", *YAML)


def look_into(folder: Path, target: Path, scratch: Path) -> tuple[list[Proposal], list[Unused]]:
    """Propose how to read every file of a folder and its subfolders.

    Hidden files and folders are passed over. A subfolder with a config of its own is another data
    set: the files that its config reads are left out.

    Args:
        folder: where the exports lie.
        target: the config to be written, which is no export.
        scratch: folder for unpacked copies.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != target]
    files = [f for f in files if not any(p.startswith(".") for p in f.relative_to(folder).parts)]
    configs = {path: _sources(path) for path in files if path.suffix in YAML}
    elsewhere = {
        path: config.relative_to(folder).as_posix()
        for config, patterns in configs.items()
        if patterns is not None and config.parent != folder
        for pattern in patterns
        for path in _matching(config.parent, pattern)
    }
    proposals: list[Proposal] = []
    unused: list[Unused] = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        if path in elsewhere:
            unused.append(Unused(name, f"read by another config, {elsewhere[path]}"))
        elif configs.get(path) is not None:
            unused.append(Unused(name, "another config"))
        elif path.suffix.casefold() not in DATA:
            unused.append(Unused(name, NO_DATA))
        else:
            looks = [_look(path, name, scratch, member) for member in _members(path)]
            proposals += [found for found in looks if isinstance(found, Proposal)]
            unused += [found for found in looks if isinstance(found, Unused)]
    return proposals, unused


def _members(path: Path) -> list[str | None]:
    """The tables of a zip that holds several; a zip of one reads like the file itself."""
    if path.suffix.casefold() != ".zip":
        return [None]
    try:
        with zipfile.ZipFile(path) as packed:
            names = sorted(name for name in packed.namelist() if name.casefold().endswith(".csv"))
    except (OSError, zipfile.BadZipFile):
        return [None]
    tables = [name for name in names if not name.startswith("__MACOSX/")]
    return list(tables) if len(tables) > 1 else [None]


def _look(path: Path, name: str, scratch: Path, member: str | None) -> Proposal | Unused:
    label = ":".join(filter(None, (name, member)))
    try:
        seen = peek(path, name, scratch, member)
    except ClvError as error:
        return Unused(label, error.what, data=path.suffix not in YAML)
    if len(seen.header.cells) < 2:
        return Unused(label, "no table: one column only")
    return propose(seen)


def _sources(path: Path) -> list[str] | None:
    """The paths that a config reads; None when the file is no config."""
    try:
        value = load_marked(path.read_text(encoding="utf-8"), path.name).value
    except (ClvError, OSError, UnicodeDecodeError):
        return None
    entries = value.get("sources") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return None
    return [str(entry["path"]) for entry in entries if isinstance(entry, dict) and "path" in entry]


def _matching(folder: Path, pattern: str) -> list[Path]:
    if (folder / pattern).is_file():
        return [folder / pattern]
    return [folder / name for name in glob.glob(pattern, root_dir=folder, recursive=True)]  # noqa: PTH207
