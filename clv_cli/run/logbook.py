"""What an unattended run did, step by step: one line each, as text or as JSON."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class LogBook:
    """Steps with the milliseconds since the step before.

    Args:
        write: takes one line without its end; None: nothing is logged.
        as_json: one JSON object a line, instead of text.
        run_id: put on every line once it is known.
    """

    write: Callable[[str], None] | None = None
    as_json: bool = False
    run_id: int | None = None
    _last: float = field(default_factory=time.monotonic)

    def step(self, event: str, level: str = "info", **facts: object) -> None:
        """Log one step.

        Args:
            event: short stable name, such as `computed`.
            level: info, warning or error.
            facts: what belongs to it; values that JSON knows.
        """
        now = time.monotonic()
        elapsed, self._last = round((now - self._last) * 1000), now
        if self.write is None:
            return
        line = {
            "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "run_id": self.run_id,
            "level": level,
            "event": event,
            "ms": elapsed,
            **facts,
        }
        if self.as_json:
            self.write(json.dumps(line, ensure_ascii=False))
            return
        told = " ".join(f"{name}={value}" for name, value in facts.items())
        self.write(f"{line['ts']} {level} {event} {elapsed} ms {told}".rstrip())
