"""The folder of the nights and their history, kept in step: a folder is there when its run is recorded."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from clv_cli.files import atomic_write, point_to, sweep_partial
from clv_cli.history import Night, figures_of, flags_of, inputs_of, restatements_of, runs

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.history import Run, Store

HISTORY, LATEST, STATUS, LOCK = "history.db", "latest", "status.json", ".clv.lock"
_PENDING = ".pending"
_NIGHT = re.compile(r"\d{4}-\d\d-\d\d\.r(\d+)")


def loaded_night(store: Store, run: Run) -> Night:
    """A run with everything it said."""
    return Night(
        run,
        tuple(figures_of(store, run.run_id)),
        tuple(inputs_of(store, run.run_id)),
        tuple(flags_of(store, run.run_id)),
        tuple(restatements_of(store, run.run_id)),
    )


def night_before(store: Store, run: Run | None) -> Night | None:
    """The newest run before one that is not the same run again; None where there is none.

    Args:
        store: the history.
        run: the later one; None for the newest of all.
    """
    for other in reversed(runs(store)):
        same = run is not None and (other.run_id >= run.run_id or _key(other) == _key(run))
        if not same:
            return loaded_night(store, other)
    return None


def _key(run: Run) -> tuple[str, ...]:
    return run.as_of, run.config_hash, run.data_hash, run.closed_hash, run.version


def next_run(store: Store, out: Path) -> int:
    """A number that no run and no folder has."""
    folders = [int(found[1]) for place in out.iterdir() if (found := _NIGHT.fullmatch(place.name))]
    return max([*folders, *(run.run_id for run in runs(store))], default=0) + 1


def announce(out: Path, folder: str) -> None:
    """Say which folder is about to appear, so that it goes if its run is never recorded.

    Raises:
        OSError: it cannot be written.
    """
    atomic_write(out / _PENDING, f"{folder}\n".encode())


def settle(store: Store, out: Path) -> None:
    """Finish or clear what a killed run left; only for the holder of the lock.

    A folder that was announced and not recorded goes; `latest` leads to the newest recorded night.

    Raises:
        OSError: the folder cannot be written.
    """
    sweep_partial(out)
    known = runs(store)
    pending = out / _PENDING
    if pending.exists():
        folder = pending.read_text(encoding="utf-8").strip()
        if _NIGHT.fullmatch(folder) and folder not in {run.folder for run in known}:
            shutil.rmtree(out / folder, ignore_errors=True)
        pending.unlink()
    if known and (out / known[-1].folder).is_dir():
        point_to(out / LATEST, known[-1].folder)


def prune(store: Store, out: Path, keep: int) -> None:
    """Remove the folders of all but the newest nights; the history keeps what they said.

    Args:
        store: the history.
        out: folder of the nights.
        keep: how many stay.
    """
    for run in runs(store)[:-keep]:
        shutil.rmtree(out / run.folder, ignore_errors=True)


def read_status(out: Path) -> dict[str, object]:
    """The heartbeat as it was last written; empty when it was not, or is no JSON."""
    with suppress(OSError, ValueError):
        found = json.loads((out / STATUS).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def write_status(out: Path, status: dict[str, object]) -> None:
    """Write the heartbeat.

    Raises:
        OSError: it cannot be written.
    """
    atomic_write(out / STATUS, (json.dumps(status, ensure_ascii=False, indent=1) + "\n").encode())
