"""What comes next and what could be done about it: forecasts, levers, budgets.

`forecast_tables`, `whatif_tables` and `allocation_tables` are each asked for by name: who forecasts
need not wait for the optimiser.
"""
