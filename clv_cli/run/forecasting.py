"""What comes next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clv_cli.errors import UsageError
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Report
    from clv_cli.run.opening import Request

LONGEST = 24


def forecast(request: Request, months: int | None = None) -> Report:
    """MRR, revenue and customers ahead, with bands and a backtest.

    Args:
        request: what to read.
        months: how many months ahead; None for the config's.
    """
    from clv_cli.planning.forecast_tables import forecast_tables  # noqa: PLC0415 - numpy

    require_months(months)
    with opened(request) as configured:
        require_lines(configured)
        scope = looking_ahead(configured, months)
        return finished("forecast", scope, forecast_tables(scope))


def require_months(months: int | None) -> None:
    """Refuse a horizon that no backtest of a few years can judge.

    Raises:
        UsageError: not 1 to 24 months.
    """
    if months is not None and not 1 <= months <= LONGEST:
        raise UsageError(
            f"{months} months cannot be forecast",
            where="--months",
            hint=f"1 to {LONGEST} months ahead",
        )


def looking_ahead(scope: Scope, months: int | None) -> Scope:
    """The scope with another horizon."""
    if months is None:
        return scope
    planning = scope.settings.planning.model_copy(update={"months": months})
    settings = scope.settings.model_copy(update={"planning": planning})
    return replace(scope, settings=settings)
