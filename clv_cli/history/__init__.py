"""What the tool remembers from night to night: one SQLite file beside the reports.

`store` opens it (WAL, every commit forced to the disk, schema versioned), `nights` keeps what each run
said, `closing` the frozen months, `moments` what was told to people already.
"""

from clv_cli.history.closing import (
    ClosedMonth,
    Frozen,
    closed_book,
    closed_figures,
    closed_hash,
    closed_months,
    keep_closed,
)
from clv_cli.history.moments import append_moments, last_day_before, moments_before
from clv_cli.history.nights import (
    Figure,
    Flag,
    Input,
    Night,
    Restatement,
    Run,
    figures_of,
    flags_of,
    inputs_of,
    record,
    restatements_of,
    run_like,
    runs,
)
from clv_cli.history.store import SCHEMA_VERSION, Store, open_store

__all__ = [
    "SCHEMA_VERSION",
    "ClosedMonth",
    "Figure",
    "Flag",
    "Frozen",
    "Input",
    "Night",
    "Restatement",
    "Run",
    "Store",
    "append_moments",
    "closed_book",
    "closed_figures",
    "closed_hash",
    "closed_months",
    "figures_of",
    "flags_of",
    "inputs_of",
    "keep_closed",
    "last_day_before",
    "moments_before",
    "open_store",
    "record",
    "restatements_of",
    "run_like",
    "runs",
]
