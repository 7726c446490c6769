"""Hypothesis: no deadlines on shared machines, and the same examples on every CI run.

And no test touches the user's own cache: commands, in this process or in others, find one that is
empty at the start of the session. Programs that tests start keep their compiled modules.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

EXAMPLES = int(os.environ.get("CLV_LAWS", "30"))
settings.register_profile(
    "house",
    deadline=None,
    max_examples=EXAMPLES,
    # How long drawing takes on a busy machine is no fault of a law.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", parent=settings.get_profile("house"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of this session; tests that strip CLV_ variables still find it."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("LOCALAPPDATA", str(folder))
        patch.delenv("CLV_CACHE_DIR", raising=False)
        patch.delenv("CLV_NO_CACHE", raising=False)
        # As an installed program does; compiling all of `clv` costs more than most of its runs.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Laws run untraced: coverage counts what single tests reach, and costs laws a third more."""
    if not config.pluginmanager.hasplugin("_cov"):
        return
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("no_cover")
