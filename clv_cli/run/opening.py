"""From a request to a Scope: config, data, day and period."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from clv_cli.config_file import find_config, load_settings
from clv_cli.engines import chosen_engine
from clv_cli.errors import DataError, UsageError, did_you_mean
from clv_cli.files import scratch_folder
from clv_cli.objects import is_address
from clv_cli.periods import Period, month_of, parse_period
from clv_cli.pipeline import Scope
from clv_cli.progress import unwatched
from clv_cli.run.as_of_day import as_of_day
from clv_cli.run.redacting import Guard, redacting
from clv_cli.run.remembering import closed_in, closed_until, memory_in
from clv_cli.run.salt import read_salt, salt_path
from clv_cli.settings import EngineSettings
from clv_cli.sources import (
    Aside,
    KeptFacts,
    LineStore,
    PartCache,
    Seen,
    load_book,
    user_cache,
    with_closed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import date

    from clv_cli.frames import Book
    from clv_cli.objects import Reader
    from clv_cli.progress import Watch, Watching
    from clv_cli.settings import Settings

PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for, before anything is read.

    Args:
        config: path of a config, or None to look for one.
        data: folder that the config's paths are relative to, or None for the config's own.
        as_of: a day or month as text, or None for the data's own.
        period: a period as text, or None for the config's.
        cache: whether files that earlier runs read need not be read again.
        redact: whether what leaves the run names nobody.
        history: folder of the history that knows closed months, or None for the config's.
        until: only months closed up to this one stand; None: all of them.
        engine: what adds up the lines, in place of the config's.
        watching: opened while there is work to do, it hears how far it is; None: nobody does.
        remember: whether a report over the same bytes may be given as it was computed before.
        verify: whether files are hashed anew though nothing was written to them since they were.
    """

    config: Path | None = None
    data: Path | None = None
    as_of: str | None = None
    period: str | None = None
    cache: bool = True
    redact: bool = False
    history: Path | None = None
    until: int | None = None
    engine: str | None = None
    watching: Watching | None = None
    remember: bool = False
    verify: bool = False


def sample_config() -> Path:
    """The config of the shipped sample: inside an installed package, beside it in a checkout."""
    for folder in (PACKAGE / "sample_data", PACKAGE.parent / "sample_data"):
        if (folder / "clv.yaml").is_file():
            return folder / "clv.yaml"
    raise UsageError("this installation has no sample data", hint="reinstall clv-cli")


def locate_config(request: Request) -> Path:
    """The config that a request means.

    Raises:
        UsageError: none was named and none is near.
    """
    if request.config is not None:
        return request.config
    found = find_config((request.data or Path.cwd()).absolute())
    if found is None:
        raise UsageError(
            "no data here: there is no clv.yaml in this folder or above",
            where=str(request.data or Path.cwd()),
            hint="try the shipped sample: clv demo; or name a config: clv report -c FILE",
        )
    return found


@contextmanager
def opened(request: Request) -> Iterator[Scope]:
    """Read what a request names; the typed parts live as long as the scope is in use.

    Raises:
        ClvError: as `load_settings` and `load_book` say; with tokens, where output is redacted.
    """
    guard = Guard()
    watching: Watching = request.watching or _unwatched
    with redacting(guard), watching() as watch, _read(request, guard, watch) as scope:
        guard.scope = scope
        # Within, where the data can still be asked whom an error names.
        with redacting(guard):
            yield scope


def _unwatched() -> AbstractContextManager[Watch]:
    return nullcontext(unwatched)


@contextmanager
def _read(request: Request, guard: Guard, watch: Watch) -> Iterator[Scope]:
    config = locate_config(request)
    settings = _redacting(load_settings(config), config.parent, request, guard)
    settings = _on_engine(settings, request.engine)
    if request.data is not None and not request.data.is_dir():
        raise DataError(
            f"there is no folder {request.data}", where="-d/--data", hint="name an existing folder"
        )
    base = request.data or config.parent
    # The engine first: one that does not answer is told before an hour of reading, not after it.
    with scratch_folder() as folder, chosen_engine(settings.engine, folder) as engine:
        store = LineStore(folder, _cache(request), _kept(request, folder))
        read = load_book(settings, base, store, watch, engine.objects if engine else None)
        history = request.history or config.parent / settings.nightly.out
        closed = closed_in(history, settings)
        if closed is not None and request.until is not None:
            closed = closed_until(closed, request.until)
        book = read
        if closed is not None and read.lines.rows:
            book = with_closed(read, closed, settings.closing.changes, store)
        # Corrections are dated in the first open month, which must not move the as-of day.
        as_of = as_of_day(request.as_of, settings, read)
        period = _period(request.period or settings.period, as_of, book)
        book = replace(book, memory=memory_in(history, as_of))
        yield Scope(book, as_of, period, settings, engine, store.kept, Aside(folder))
        if store.kept is not None:
            store.kept.tidy()


def _redacting(settings: Settings, base: Path, request: Request, guard: Guard) -> Settings:
    """The settings with redaction on and its salt found, where either asks for it."""
    if not (request.redact or settings.redact.on):
        return settings
    guard.salt = read_salt(salt_path(settings, base))
    chosen = settings.redact.model_copy(
        update={"on": True, "salt_file": str(salt_path(settings, base))}
    )
    return settings.model_copy(update={"redact": chosen})


def _on_engine(settings: Settings, kind: str | None) -> Settings:
    """The settings with the engine that the request names, if it names one."""
    if kind is None:
        return settings
    known = list(get_args(EngineSettings.model_fields["kind"].annotation))
    if kind not in known:
        raise UsageError(
            f"there is no engine {kind}",
            where="--engine",
            hint=did_you_mean(kind, known) or f"one of {', '.join(known)}",
        )
    engine = EngineSettings.model_validate({**settings.engine.model_dump(), "kind": kind})
    return settings.model_copy(update={"engine": engine})


@contextmanager
def lake_of(settings: Settings, engine: str | None) -> Iterator[Reader | None]:
    """The engine, for as long as it is asked about objects; None where no source is read by one.

    Args:
        settings: the config.
        engine: in place of the config's.

    Raises:
        UsageError: it is not installed, or does not answer.
    """
    if not any(is_address(source.path) for source in settings.sources):
        yield None
        return
    chosen = _on_engine(settings, engine).engine
    with scratch_folder() as folder, chosen_engine(chosen, folder) as found:
        yield found.objects if found else None


def _cache(request: Request) -> PartCache | None:
    folder = user_cache() if request.cache else None
    if folder is None:
        return None
    return PartCache(folder / "parts", seen=seen_in(folder, request))


def _kept(request: Request, scratch: Path) -> KeptFacts | None:
    folder = user_cache() if request.cache else None
    return None if folder is None else KeptFacts.within(folder, scratch)


def seen_in(folder: Path, request: Request) -> Seen | None:
    """The files of a user's cache folder that need not be hashed again; None where all are."""
    return None if request.verify else Seen(folder / "seen")


def _period(text: str, as_of: date, book: Book) -> Period:
    """The period asked for, without the months before the data begin."""
    period = parse_period(text, as_of)
    if book.lines.rows == 0:
        return period
    first = max(period.first, month_of(book.lines.first_issued))
    if first >= period.end:
        raise UsageError(
            f'the period "{text}" ends before the data begin',
            where=f"first line issued on {book.lines.first_issued.isoformat()}",
            hint="choose a later period with -p",
        )
    return Period(first, period.end)


def require_lines(scope: Scope) -> None:
    """Stop where only a worksheet was given.

    Raises:
        DataError: there are no billing lines.
    """
    if not scope.book.lines.rows:
        raise DataError(
            "there are no billing lines",
            where="sources",
            hint="add a source of the table billing_lines; a worksheet alone is enough for clv split",
        )
