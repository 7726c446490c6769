"""What could be done: levers, scenarios, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.config_file import load_scenario
from clv_cli.errors import DataError, UsageError
from clv_cli.money import from_text
from clv_cli.run.finishing import finished
from clv_cli.run.forecasting import looking_ahead, require_months
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from clv_cli.results import Report
    from clv_cli.run.opening import Request
    from clv_cli.settings.planning import Scenario


def whatif(
    request: Request,
    levers: Mapping[str, object],
    files: Sequence[Path] = (),
    months: int | None = None,
) -> Report:
    """What some levers, or scenarios from files, change of the forecast.

    Args:
        request: what to read.
        levers: keys of a scenario, as texts; none of them changes nothing.
        files: scenario files, compared side by side.
        months: how many months ahead; None for the config's.
    """
    from clv_cli.planning.whatif_tables import whatif_tables  # noqa: PLC0415 - numpy

    require_months(months)
    scenarios = _scenarios(levers, files)
    with opened(request) as configured:
        require_lines(configured)
        scope = looking_ahead(configured, months)
        return finished("whatif", scope, whatif_tables(scenarios, scope))


def allocation(request: Request, budget: str, months: int | None = None) -> Report:
    """Where more money would do most: winning customers, or keeping them.

    Args:
        request: what to read.
        budget: money on top of today's spend, in major units, over the months ahead.
        months: how many months; None for the config's.

    Raises:
        UsageError: the budget is no amount.
    """
    from clv_cli.planning.allocation_tables import allocation_tables  # noqa: PLC0415 - numpy

    require_months(months)
    with opened(request) as configured:
        require_lines(configured)
        scope = looking_ahead(configured, months)
        try:
            money = from_text(budget.replace(",", ""), scope.currency)
        except DataError as error:
            raise UsageError(error.what, where="--budget", hint="such as 100000") from error
        return finished("whatif", scope, allocation_tables(scope, money))


def _scenarios(levers: Mapping[str, object], files: Sequence[Path]) -> list[Scenario]:
    """Those of the files, and that of the options where any lever was named.

    Raises:
        UsageError: a lever that is no change.
        ConfigError: a fault in a file.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - not needed for --help

    from clv_cli.settings.planning import Scenario  # noqa: PLC0415

    found = [load_scenario(path) for path in files]
    if levers or not found:
        try:
            found.append(Scenario.model_validate(levers))
        except ValidationError as error:
            detail = error.errors()[0]
            raise UsageError(
                f'"{detail["input"]}" is not a change: {detail["msg"].removeprefix("Value error, ")}',
                where=f"--{detail['loc'][0]}",
                hint="write -10% or +5%; of one segment or channel: smb=-10%",
            ) from error
    return found
