"""The program's edge: what a bug, an interrupt and a closed pipe look like from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clv_cli import main
from clv_cli.run import reporting

ROOT = Path(__file__).parents[1]


def test_a_bug_is_three_lines_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object, **__: object) -> None:
        raise ZeroDivisionError("boom\nand more")

    monkeypatch.setattr(reporting, "report", broken)
    monkeypatch.setattr(sys, "argv", ["clv", "report"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as stopped:
            main.run_program()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == (
        "error: unexpected ZeroDivisionError: boom\n"
        "  where: inside clv; this is a bug\n"
        "  hint:  run again with -v and report the traceback\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_without_a_traceback(number: int, code: int, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    command = [sys.executable, "-m", "clv_cli", "report", "-c", str(ROOT / "sample_data/clv.yaml")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # With a cache of its own no report of another test is given again, which reads nothing.
        env={**os.environ, "TMPDIR": str(folder), "CLV_CACHE_DIR": str(tmp_path / "cache")},
    ) as process:
        deadline = time.monotonic() + 60
        # The line store's folder appears when reading begins: then the handlers are in place. Before it Python
        # writes a file to see whether it may, and deletes it.
        while not any(folder.glob("clv-*")):
            assert process.poll() is None, "the run ended before it read anything"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert output == b""
    assert b"Traceback" not in errors
    assert list(folder.iterdir()) == [], "the temporary parts are gone"
