"""A rough night, at the size of CI: kills, signals, failing calls; one JSON object on stdout.

In a process of its own, for forks must not have computed anything with polars.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tests.history.faults import faults
from tests.history.kills import begin, closed_pipe, kills, signals
from tests.history.nights import warm


def main() -> None:
    folder = Path(sys.argv[1])
    warm(folder)
    begun = begin(folder)
    found: dict[str, object] = {
        "kills": kills(begun, 10, after_each=False),
        "signals": signals(begun),
        "closed pipe": closed_pipe(begun),
    }
    if shutil.which("strace"):
        found["faults"] = faults(begun, kinds=3, most=1)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
