"""`clv forecast`: what comes next, with bands and the errors of before."""

from typing import Annotated

import typer

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def forecast(
    options: Shared,
    *,
    months: Annotated[
        int | None, typer.Option("--months", help="Months ahead, 1 to 24; default: the config's.")
    ] = None,
) -> None:
    """Forecast: MRR, revenue and customers ahead; bands, backtest.

    Three layers side by side: what is contracted, customers by the models of their renewals plus new
    ones by trend and season, and statistical baselines. Used is what was least wrong before; what
    loses to naive says so.

    Example: clv forecast --months 6 -f csv
    """
    from clv_cli.run import forecasting

    show(
        forecasting.forecast(options.request(), months), options, ("forecast", "layers", "backtest")
    )
