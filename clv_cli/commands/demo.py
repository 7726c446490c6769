"""`clv demo`: the main job on the shipped sample."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared
from clv_cli.commands.report import PEOPLE, meanwhile


@shared
def demo(
    options: Shared,
    to: Annotated[
        Path | None, typer.Option("--to", help="Copy the sample and its config into a new folder.")
    ] = None,
) -> None:
    """The report on the shipped sample; needs no files.

    The sample is a fictional subscription company with planted truths.

    Example: clv demo --to try-clv && clv report -c try-clv/clv.yaml
    """
    from clv_cli.errors import UsageError
    from clv_cli.run import opening, reporting

    sample = opening.sample_config()
    if to is not None:
        if to.exists():
            raise UsageError(f"{to} exists already", where="--to", hint="name a new folder")
        shutil.copytree(sample.parent, to, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        typer.echo(f"copied the sample to {to}; next: clv report -c {to / 'clv.yaml'}", err=True)
        return
    request = replace(options.request(), config=sample, data=None)
    report = reporting.report(
        request,
        command="demo",
        ledgers=options.whole_workbook(),
        modelled=options.whole_page(),
        meanwhile=meanwhile(options),
    )
    show(report, options, PEOPLE, page=())
    if options.output is None and options.format in {None, "table", "plain"} and not options.quiet:
        typer.echo(
            "Next: clv explain nrr | clv split --by rule | clv demo --to DIR, then clv check",
            err=True,
        )
