"""`clv history`: what earlier nights said, and closing months."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clv_cli.commands.delivery import emit, show
from clv_cli.commands.options import Shared, shared

if TYPE_CHECKING:
    from clv_cli.results import Report


@shared
def history(
    options: Shared,
    what: Annotated[
        str | None, typer.Argument(help="A metric, or: diff, close, export. Default: all nights.")
    ] = None,
    first: Annotated[
        str | None, typer.Argument(help="close: a period. diff: the earlier run or as-of day.")
    ] = None,
    second: Annotated[str | None, typer.Argument(help="diff: the later run or day.")] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of nights and history; default: nightly.out."),
    ] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="close: closed months say what the exports say now.")
    ] = False,
    max_age: Annotated[
        str | None,
        typer.Option("--max-age", help="Exit 4 if the last good night is older: 26h, 90m, 3d."),
    ] = None,
) -> None:
    """Earlier nights: list, follow, compare; close months.

    close PERIOD freezes all months up to its end: later changes are reported, and booked in the
    first open month. diff [A] [B] says what moved between two nights and what was not the same.

    Example: clv history close 2026-10
    """
    from clv_cli.run import history

    folder = None if what == "close" else history.history_folder(options.request(), out)
    if folder is None:
        show(_closed(options, first, restate=restate, out=out), options)
    elif max_age is not None:
        sentence, well = history.last_good(folder, max_age, datetime.now(UTC))
        if not (options.quiet and well):
            emit(f"{sentence}\n")
        if not well:
            raise typer.Exit(4)
    elif what == "diff":
        show(history.history_diff(folder, first, second), options)
    elif what == "export":
        show(history.history_export(folder), options)
    elif what is not None:
        show(history.metric_history(folder, what), options)
    else:
        show(history.nights(folder), options)


def _closed(options: Shared, period: str | None, *, restate: bool, out: Path | None) -> "Report":
    from clv_cli.errors import UsageError
    from clv_cli.run import closing

    if period is None:
        raise UsageError(
            "which months?", where="clv history close", hint="clv history close 2026-10"
        )
    return closing.close_months(options.request(), closing.Close(period, restate), out)
