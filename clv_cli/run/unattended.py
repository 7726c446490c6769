"""The unattended run: compute, write, remember; whatever happens, the night before stays whole.

lock → exports hashed → compute → reconcile → temporary folder → fsync → rename → one transaction →
`latest` → `status.json`. Killed anywhere, the next run finds either the old night or the new one, clears
what was left and does the rest.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from clv_cli import __version__
from clv_cli.config_file import load_settings
from clv_cli.errors import ClvError, ConfigError, ExitCode, UsageError, did_you_mean
from clv_cli.files import locked, write_folder
from clv_cli.history import Night, Run, closed_hash, open_store, record, run_like
from clv_cli.periods import parse_day
from clv_cli.run.night_computing import flags_for, night_computed
from clv_cli.run.night_inputs import (
    STALE,
    assert_still,
    config_hash,
    contents,
    data_hash,
    stale_flags,
)
from clv_cli.run.night_report import Compared, night_report
from clv_cli.run.night_store import (
    HISTORY,
    LOCK,
    announce,
    loaded_night,
    next_run,
    night_before,
    prune,
    read_status,
    settle,
    write_status,
)
from clv_cli.run.opening import lake_of, locate_config
from clv_cli.run.remembering import rules_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from clv_cli.history import Store
    from clv_cli.results import Report
    from clv_cli.run.logbook import LogBook
    from clv_cli.run.opening import Request
    from clv_cli.settings import Settings

MAIL = "mail.txt"
STATUS_SCHEMA = "clv.status/1"
# What polars, whose errors are texts, says when the system refuses a write.
REASONS = ("no space left on device", "input/output error", "read-only file system", "os error")


@dataclass(frozen=True, slots=True)
class Unattended:
    """How a night is run.

    Args:
        write: a report in a format, as bytes, and the file's suffix.
        formats: the formats there are.
        log: takes every step.
        now: the time of the run, UTC: the only place where the clock counts.
        out: folder of nights and history; None for the config's.
        wait: seconds to wait for another run.
        force: whether to compute though the same night is recorded.
    """

    write: Callable[[Report, str], tuple[str, bytes]]
    formats: Collection[str]
    log: LogBook
    now: datetime
    out: Path | None = None
    wait: float = 0
    force: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a night came to.

    Args:
        night: what was recorded, tonight or by an earlier run of the same night.
        report: what to tell.
        mail_to: whom.
        again: whether it had been recorded before.
    """

    night: Night
    report: Report
    mail_to: tuple[str, ...]
    again: bool

    @property
    def exit_code(self) -> ExitCode:
        """0, or 4 when something needs a person."""
        return ExitCode.BREACHED if self.night.flags else ExitCode.DONE


def nightly(request: Request, how: Unattended) -> Outcome:
    """Compute a night, write its reports, remember it; or find that all this is done.

    The same as-of day, config, exports and version are the same night: nothing is computed again, and
    the answer is the same.

    Args:
        request: what to read.
        how: where to, how patiently, how loudly.

    Raises:
        LockedError: another run is at work.
        UsageError: config, or an output that cannot be written.
        DataError: data that cannot be trusted; nothing was written but `status.json`.
    """
    config = locate_config(request)
    settings = load_settings(config)
    _require_formats(settings, how.formats, config)
    base = request.data or config.parent
    out = (how.out or config.parent / settings.nightly.out).absolute()
    with _written_or_told(out):
        out.mkdir(parents=True, exist_ok=True)
        with locked(out / LOCK, how.wait):
            how.log.step("locked", out=str(out))
            try:
                with _written_or_told(out):
                    return _run(request, how, settings, _Places(base, out))
            except Exception as error:
                _failed(out, how, error)
                raise


def _require_formats(settings: Settings, known: Collection[str], config: Path) -> None:
    """A format that does not exist is told before an hour of work, not after it."""
    for name in settings.nightly.formats:
        if name not in known:
            raise ConfigError(
                f'there is no format "{name}"',
                where=f"{config}: nightly.formats",
                hint=did_you_mean(name, known) or f"some of {', '.join(known)}",
            )


@dataclass(frozen=True, slots=True)
class _Places:
    base: Path
    out: Path


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _run(request: Request, how: Unattended, settings: Settings, places: _Places) -> Outcome:
    with open_store(places.out / HISTORY) as store:
        settle(store, places.out)
        with lake_of(settings, request.engine) as lake:
            found = contents(settings, places.base, lake)
        asked = request.as_of or settings.as_of or ""
        key = Run(
            run_id=next_run(store, places.out),
            as_of=parse_day(asked, "--as-of").isoformat() if asked else "",
            asked=asked,
            config_hash=config_hash(settings, places.base, request.period or ""),
            data_hash=data_hash(found),
            closed_hash=closed_hash(store),
            rules_hash=rules_hash(settings),
            version=__version__,
            currency="",
            started_at=_stamp(how.now),
            finished_at="",
            seconds=0,
            peak_mb=0,
            exit=0,
            folder="",
        )
        how.log.step("hashed", files=len(found), data=key.data_hash[:12])
        same = None if how.force else run_like(store, key)
        if same is not None and (places.out / same.folder).is_dir():
            night = _as_recorded(store, same, settings, how)
            both = Compared(night, night_before(store, same))
        else:
            remembered = replace(request, history=places.out)
            report, night = night_computed(remembered, settings, key, found)
            with lake_of(settings, request.engine) as lake:
                assert_still(settings, places.base, found, lake)
            how.log.step("computed", as_of=night.run.as_of, figures=len(night.figures))
            both = _kept(how, settings, store, places.out, report, night)
        report = night_report(both, settings.company)
        settle(store, places.out)
        prune(store, places.out, settings.nightly.keep)
        _succeeded(places.out, both.now, how)
        return Outcome(both.now, report, settings.nightly.mail_to, again=both.now.run == same)


def _as_recorded(store: Store, run: Run, settings: Settings, how: Unattended) -> Night:
    """A night that was recorded before; only the age of its data can have changed."""
    night = loaded_night(store, run)
    stale = stale_flags(settings, night.inputs, how.now.date())
    flags = (*stale, *(flag for flag in night.flags if flag.name != STALE))
    how.log.step("already_done", recorded=run.run_id)
    return replace(night, flags=flags)


def _kept(  # noqa: PLR0913, PLR0917 - the six things that one commit joins
    how: Unattended, settings: Settings, store: Store, out: Path, report: Report, night: Night
) -> Compared:
    """Write the folder, then record the night: the point from which it counts."""
    before = night_before(store, None)
    flags = tuple(flags_for(settings, night, before, how.now.date()))
    began = datetime.fromisoformat(night.run.started_at)
    ended = datetime.now(UTC)
    run = replace(
        night.run,
        finished_at=_stamp(ended),
        seconds=round((ended - began).total_seconds(), 3),
        peak_mb=_peak_mb(),
        exit=int(ExitCode.BREACHED if flags else ExitCode.DONE),
        folder=f"{night.run.as_of}.r{night.run.run_id}",
    )
    both = Compared(replace(night, run=run, flags=flags), before)
    _write(how, settings, out, report, both)
    how.log.step("written", folder=run.folder)
    with store.writing() as connection:
        record(connection, both.now)
    how.log.run_id = run.run_id
    how.log.step("recorded", flags=len(flags))
    return both


def _write(how: Unattended, settings: Settings, out: Path, report: Report, both: Compared) -> None:
    files: dict[str, bytes] = {}
    for name in settings.nightly.formats:
        suffix, content = how.write(report if name == "xlsx" else _without_lines(report), name)
        files[f"{report.command}{suffix}"] = content
    files[MAIL] = how.write(night_report(both, settings.company), "plain")[1]
    announce(out, both.now.run.folder)
    write_folder(out / both.now.run.folder, files)


def _without_lines(report: Report) -> Report:
    """The report without the split line by line, which a workbook holds and no page can."""
    told = tuple(result for result in report.results if result.table.name != "split_by_line")
    return replace(report, results=told)


def _peak_mb() -> int:
    """The largest memory that this process held, in MB; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - not on every system

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _succeeded(out: Path, night: Night, how: Unattended) -> None:
    run = night.run
    good = {"as_of": run.as_of, "run_id": run.run_id, "finished_at": _stamp(datetime.now(UTC))}
    exit_code = ExitCode.BREACHED if night.flags else ExitCode.DONE
    status: dict[str, object] = {
        "schema": STATUS_SCHEMA,
        "ok": True,
        "exit": int(exit_code),
        "finished_at": good["finished_at"],
        "folder": run.folder,
        "flags": [flag.name for flag in night.flags],
        "last_good": good,
    }
    write_status(out, status)
    how.log.step("done", exit=int(exit_code))


def _failed(out: Path, how: Unattended, error: Exception) -> None:
    """Log and note the failure; where even that cannot be written, the error itself is enough."""
    if not isinstance(error, ClvError):
        error = ClvError(f"unexpected {type(error).__name__}")
    exit_code, what = int(error.exit_code), error.what
    how.log.step("failed", "error", exit=exit_code, error=what, where=error.where)
    with suppress(OSError):
        status: dict[str, object] = {
            "schema": STATUS_SCHEMA,
            "ok": False,
            "exit": exit_code,
            "finished_at": _stamp(datetime.now(UTC)),
            "error": what,
            "last_good": read_status(out).get("last_good"),
        }
        write_status(out, status)


@contextmanager
def _written_or_told(out: Path) -> Iterator[None]:
    """The system's reasons for not writing in our three lines."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or out)
        raise UsageError(
            f"cannot read or write: {error.strerror or error}",
            where=place,
            hint="folders must be there, writable, and have room; last night's files are untouched",
        ) from error
    except pl.exceptions.PolarsError as error:
        reason = next((text for text in REASONS if text in str(error).lower()), None)
        if reason is None:
            raise
        raise UsageError(
            f"cannot write temporary files: {reason}",
            where="TMPDIR",
            hint="give it room and the right to write; last night's files are untouched",
        ) from error
