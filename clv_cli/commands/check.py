"""`clv check`: can these files be trusted?"""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show, terminal_text
from clv_cli.commands.options import Shared, shared

# Long lists of single cases: shown when they are asked for.
ON_DEMAND = ("replaced", "unmatched", "ambiguous", "suggestions")
ALWAYS = ("sources", "source_sums", "quarantined", "findings")


@shared
def check(
    options: Shared,
    environment: Annotated[
        bool, typer.Option("--env", help="Versions, platform, cache, terminal; no data is read.")
    ] = False,
) -> None:
    """Check config and files; list all findings.

    What was read, loaded, set aside and skipped, in rows and in money, and how; which customers
    are matched to the CRM. By --table also: replaced, unmatched, ambiguous, suggestions.

    Example: clv check --table unmatched -f csv
    """
    from clv_cli.run import reporting
    from clv_cli.run.environment import environment as installed

    if environment:
        show(installed(options.request(), terminal_text(options)), options)
        return
    report = reporting.check(options.request(), suggest="suggestions" in (options.table or ()))
    filled = (r.table.name for r in report.results if not r.rows.frame.is_empty())
    people = dict.fromkeys((*ALWAYS, *(name for name in filled if name not in ON_DEMAND)))
    show(report, options, tuple(people))
