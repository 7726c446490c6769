"""How far a run is, on a terminal: a bar from the first second on, gone when the work is done."""

from __future__ import annotations

from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING

from clv_cli.harmless import safe_text
from clv_cli.progress import Step

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from clv_cli.progress import Watch

DELAY = 1.0  # seconds; what is done sooner needs no bar
_LONGEST = 24  # characters of a file's name


class Bar:
    """A bar on standard error: what is read now, how many files and rows are, and the time.

    Args:
        delay: seconds before it shows.
    """

    def __init__(self, delay: float = DELAY) -> None:
        self._lock = Lock()
        self._begun = monotonic()
        self._last = Step("reading", "", 0, 0, 0)
        self._shown: tuple[Progress, TaskID] | None = None
        # Made in a thread of its own: short runs never pay for the import.
        self._timer = Timer(delay, self._show)
        self._timer.daemon = True

    def __enter__(self) -> Watch:
        self._timer.start()
        return self._step

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        # A bar that is just being made must not appear over what is printed next.
        self._timer.join()
        if self._shown is not None:
            self._shown[0].stop()

    def _step(self, step: Step) -> None:
        with self._lock:
            self._last = step
            self._draw()

    def _show(self) -> None:
        bar = _progress()
        with self._lock:
            self._shown = bar, bar.add_task("")
            bar.tasks[0].start_time = self._begun
            self._draw()
            bar.start()

    def _draw(self) -> None:
        if self._shown is None:
            return
        bar, task = self._shown
        step = self._last
        # Computing counts as one more file: a bar that is full would stop its clock.
        bar.update(task, description=_text(step), completed=step.files, total=step.of + 1)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    return Progress(
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        ),
        BarColumn(bar_width=8),
        TimeElapsedColumn(),
        console=Console(stderr=True, markup=False, emoji=False, highlight=False),
        transient=True,
        refresh_per_second=5,
        # Whatever is printed meanwhile goes where it would have gone.
        redirect_stdout=False,
        redirect_stderr=False,
    )


def _text(step: Step) -> str:
    """`reading invoices.csv, 2/9 files, 1,204,113 rows`."""
    name = safe_text(step.file)
    if len(name) > _LONGEST:
        name = f"…{name[1 - _LONGEST :]}"
    done = f"{step.files}/{step.of} files, {step.rows:,} rows"
    return f"{step.doing} {name}, {done}" if name else f"{step.doing}, {done}"
