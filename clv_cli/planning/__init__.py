"""What comes next and what could be done about it: forecasts, levers, budgets."""

from clv_cli.planning.allocation_tables import allocation_tables
from clv_cli.planning.forecast_tables import forecast_table, forecast_tables, long_enough
from clv_cli.planning.whatif_tables import whatif_tables

__all__ = ["allocation_tables", "forecast_table", "forecast_tables", "long_enough", "whatif_tables"]
