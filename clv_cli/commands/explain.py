"""`clv explain`: what a figure means, the numbers in it, and the source rows behind it."""

from pathlib import Path
from typing import Annotated

import typer

from clv_cli.commands.delivery import say, show
from clv_cli.commands.options import Shared, shared
from clv_cli.commands.topics import TOPICS, definition, metric_list, preset


@shared
def explain(
    options: Shared,
    name: Annotated[
        str | None,
        typer.Argument(help="A metric, `split`, or a topic; without it: the list of both."),
    ] = None,
    which: Annotated[
        str | None,
        typer.Argument(
            help="For a metric, 2026-10, 2026Q3 or 2026; for split, a line id; for preset, a name."
        ),
    ] = None,
    *,
    customer: Annotated[
        str | None, typer.Option("--customer", help="For a metric: only this customer's rows.")
    ] = None,
) -> None:
    """Explain a metric, a line or a topic.

    With data: the formula with its numbers, the ledger rows that sum to them, and the source rows
    (file:row); -f csv gives them all in one table.

    Example: clv explain nrr 2026Q3 --customer c1042
    """
    from clv_cli.errors import UsageError, did_you_mean
    from clv_cli.glossary import GLOSSARY, find_term

    if name is None:
        say(metric_list(), options)
        return
    if name == "split" and which is not None:
        from clv_cli.run import explaining

        show(explaining.explain_line(options.request(), which), options)
        return
    if name in {"preset", "presets"} and which is not None:
        say(preset(which), options)
        return
    if name == "preset":
        name = "presets"
    if name in TOPICS:
        say(TOPICS[name](), options)
        return
    metric = find_term(name)
    if metric is None:
        known = [*GLOSSARY, *TOPICS]
        raise UsageError(
            f'nothing here is called "{name}"',
            where="clv explain",
            hint=did_you_mean(name, known) or "clv explain lists everything",
        )
    if _has_data(options):
        from clv_cli.run import explaining

        flat = options.chosen_format() == "csv" and not options.table
        report = explaining.explain_metric(options.request(), metric, which, customer, flat=flat)
        show(report, options)
        return
    say(definition(metric) + "\nWith data, the numbers and rows behind it: -c clv.yaml\n", options)


def _has_data(options: Shared) -> bool:
    """Whether a config is named or near; looked up without importing anything heavy."""
    if options.config is not None:
        return True
    start = (options.data or Path.cwd()).absolute()
    return any((folder / "clv.yaml").is_file() for folder in (start, *start.parents))
