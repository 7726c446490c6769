"""`clv init`: a first config from the exports of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from clv_cli.commands.delivery import emit, show
from clv_cli.commands.options import Shared, shared


@shared
def init(
    options: Shared,
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of the exports; default: -d, or this one.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing clv.yaml.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the config instead of writing it.")
    ] = False,
) -> None:
    """Look at the exports of a folder and write clv.yaml.

    Every guess carries its evidence; what the files cannot tell is asked in comments.

    Example: clv init exports && clv check -c exports/clv.yaml
    """
    from clv_cli.errors import UsageError
    from clv_cli.run import proposing

    if options.redact:
        raise UsageError(
            "a proposal quotes the files it is about",
            where="--redact",
            hint="leave it out here; every other command redacts",
        )
    place = folder or options.data or Path()
    proposed = proposing.propose_config(place, force=force or dry_run)
    if dry_run:
        emit(proposed.text)
        return
    proposing.write_config(proposed)
    show(proposed.report, options)
    if not options.quiet:
        typer.echo(f"wrote {proposed.target}; next: clv check -c {proposed.target}", err=True)
