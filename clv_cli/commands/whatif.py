"""`clv whatif`: what some levers would change, and where money would do most."""

from pathlib import Path
from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def whatif(
    options: Shared,
    files: Annotated[
        list[Path] | None, typer.Argument(help="More scenario files, compared side by side.")
    ] = None,
    *,
    churn: Annotated[
        list[str] | None, typer.Option("--churn", help="-10%, or of a segment: smb=-10%.")
    ] = None,
    price: Annotated[str | None, typer.Option("--price", help="+5%, from renewals on.")] = None,
    expansion: Annotated[
        str | None, typer.Option("--expansion", help="+0.2%: points of net expansion a month.")
    ] = None,
    spend: Annotated[
        list[str] | None,
        typer.Option("--spend", help="Acquisition spend: +20%, or of a channel: events=-30%."),
    ] = None,
    cs: Annotated[str | None, typer.Option("--cs", help="Spend on customer success: +20%.")] = None,
    scenario: Annotated[
        list[Path] | None, typer.Option("--scenario", help="Scenario file (YAML); repeatable.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Money on top of today's spend: 100000.")
    ] = None,
    optimise: Annotated[
        bool, typer.Option("--optimise", help="Where the budget would do most.")
    ] = False,
    months: Annotated[
        int | None, typer.Option("--months", help="Months ahead, 1 to 24; default: the config's.")
    ] = None,
) -> None:
    """What if: other churn, prices, expansion, spend or CS effort?

    MRR, customers, revenue, cash, CLV and net worth beside the plain forecast, with intervals; which
    lever moves most; scenario files side by side.

    Example: clv whatif --churn smb=-10% --price +3%; clv whatif --budget 100000 --optimise
    """
    from clv_cli.run import planning

    if optimise or budget is not None:
        show(
            planning.allocation(options.request(), _budget(budget, optimise=optimise), months),
            options,
        )
        return
    given = {
        "churn": _by_name(churn),
        "price": price,
        "expansion": expansion,
        "spend": _by_name(spend),
        "cs": cs,
    }
    levers = {name: value for name, value in given.items() if value is not None}
    paths = [*(scenario or ()), *(files or ())]
    tables = ("scenarios", "sensitivities") if len(paths) + bool(levers) > 1 else ()
    show(planning.whatif(options.request(), levers, paths, months), options, tables)


def _budget(budget: str | None, *, optimise: bool) -> str:
    """The budget; each of the two options needs the other."""
    from clv_cli.errors import UsageError

    if not optimise:
        raise UsageError(
            "a budget alone is no plan", where="--budget", hint="add --optimise, or name levers"
        )
    return budget or "0"


def _by_name(values: list[str] | None) -> dict[str, str] | None:
    """`["smb=-10%", "-5%"]` by name, the empty one for all."""
    if values is None:
        return None
    parts = [value.rpartition("=") for value in values]
    return {name: change for name, _, change in parts}
