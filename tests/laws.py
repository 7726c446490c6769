"""Laws whose every example costs much: few examples on every run, as many as wanted on demand."""

from __future__ import annotations

from hypothesis import settings

# What the profile in `conftest.py` draws when nothing else is asked for.
USUAL = 30


def law(examples: int) -> settings:
    """This many examples on an ordinary run; `just laws 300` draws ten times as many.

    Args:
        examples: enough to try every branch of the law, few enough to run always.
    """
    return settings(deadline=None, max_examples=max(1, examples * _asked_for() // USUAL))


def _asked_for() -> int:
    found = settings().max_examples
    assert isinstance(found, int)
    return found
