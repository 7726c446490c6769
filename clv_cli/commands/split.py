"""`clv split`: all revenue divided among CXM, CS and sales."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import deliver, show
from clv_cli.commands.options import Shared, shared

# What people see without --by or --table; machines get all.
PEOPLE = ("split", "split_buckets", "split_claims", "split_tornado")
# What stands under a split by a measured method: shown even without rows, for it says why.
EVIDENCE = (
    "split_strata",
    "survey",
    "rescue",
    "rescue_checks",
    "rescue_episodes",
    "moments_effect",
)


@shared
def split(
    options: Shared,
    by: Annotated[
        str | None, typer.Option("--by", help="line, rule, customer, month, segment or product.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            help="declared, worksheet, survey or counterfactual; default: the config's split.method.",
        ),
    ] = None,
    require_causal: Annotated[
        bool,
        typer.Option("--require-causal", help="Exit 3 unless what CS saved is a measured effect."),
    ] = False,
    journal: Annotated[
        str | None,
        typer.Option("--journal", help="The line ledger as a journal: hledger or beancount."),
    ] = None,
) -> None:
    """All revenue as CXM, CS and sales, to the cent.

    Every cent is in one bucket; the total is billed revenue, or the run fails.

    Example: clv split -p 2026Q3 --by line -o split.csv
    """
    from clv_cli.run import splitting

    if journal is not None:
        from clv_cli.render.journal import render, require_style

        style = require_style(journal)
        report, accounts = splitting.split_journal(
            options.request(), method, require_causal=require_causal
        )
        deliver(render(report.results[0], style, accounts, report.currency), options)
        return
    people = PEOPLE if by is None else (f"split_by_{by}", "split_buckets")
    report = splitting.split(
        options.request(),
        by,
        method,
        require_causal=require_causal,
        ledgers=options.whole_workbook(),
    )
    made = {result.table.name for result in report.results}
    here = {result.table.name for result in report.results if result.rows.frame.height}
    shown = [name for name in people if name in here]
    show(report, options, (*shown, *(name for name in EVIDENCE if name in made)))
