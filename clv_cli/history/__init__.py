"""What the tool remembers from night to night: one SQLite file beside the reports.

`store` opens it (WAL, every commit forced to the disk, schema versioned), `nights` keeps what each run
said, `closing` the frozen months, `moments` what was told to people already.
"""

from clv_cli.history.nights import (
    Figure,
    Flag,
    Input,
    Night,
    Run,
    figures_of,
    flags_of,
    inputs_of,
    last_run,
    record,
    run_like,
    runs,
)
from clv_cli.history.store import SCHEMA_VERSION, Store, open_store

__all__ = [
    "SCHEMA_VERSION",
    "Figure",
    "Flag",
    "Input",
    "Night",
    "Run",
    "Store",
    "figures_of",
    "flags_of",
    "inputs_of",
    "last_run",
    "open_store",
    "record",
    "run_like",
    "runs",
]
