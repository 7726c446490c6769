"""The crontab and the systemd units of the README, run as they are written."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import sys
from email import message_from_string
from pathlib import Path

import pytest
import typer

from clv_cli.errors import ExitCode
from clv_cli.main import app
from tests.history.nights import CONFIG, company

ROOT = Path(__file__).parents[2]
HOME = "/srv/clv"
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOUD = (
    CONFIG + "  mail_to: [cfo@pocket.example]\nalerts: [{name: MRR low, metric: mrr, min: 1000}]\n"
)


def block(name: str) -> str:
    """The code block under a comment of the README."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, name
    return found[1]


class Unit(configparser.ConfigParser):
    """A unit file: keys have capitals."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(name: str) -> Unit:
    parser = Unit(interpolation=None)
    parser.read_string(block(name))
    return parser


def cron_lines() -> list[str]:
    """The commands of the crontab, without their times."""
    jobs = [line for line in block("crontab").splitlines() if re.match(r"[\d*]", line)]
    for job in jobs:
        assert re.fullmatch(r"(\d+ \d+ \* \* \*) clv .*", job), job
        assert "%" not in job, "cron would read it as a line end"
    return [job.split(maxsplit=5)[5] for job in jobs]


def in_process(arguments: list[str]) -> int:
    """What `clv` exits with, without a new process."""
    try:
        code = app(arguments, prog_name="clv", standalone_mode=False)
    except (SystemExit, typer.Exit) as done:
        code = getattr(done, "exit_code", None) or getattr(done, "code", 0)
    return int(code or 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands for the README's, after cron has run the first line there.

    Cron gives no home, no terminal and no locale; `sendmail` keeps what it is sent.
    """
    home = tmp_path_factory.mktemp("srv") / "clv"
    company(home, config=LOUD)
    programs = home / ".venv/bin"
    programs.mkdir(parents=True)
    for name, body in {
        "clv": f'cd {ROOT} && exec {sys.executable} -m clv_cli "$@"',
        "sendmail": f'test "$1" = -t && cat >{home}/sent',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    path = next(line for line in block("crontab").splitlines() if line.startswith("PATH="))
    environment = {"PATH": path.removeprefix("PATH=").replace(HOME, str(home)), "LC_ALL": "C"}
    run = subprocess.run(
        ["/bin/sh", "-c", cron_lines()[0].replace(HOME, str(home))],
        env=environment | {"CLV_NO_CACHE": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", ""), "cron would mail this"
    return home


def test_the_crontabs_night_sends_its_mail_and_logs_json(server: Path) -> None:
    mail = message_from_string((server / "sent").read_text())
    assert mail["Subject"] == "clv: Pocket Ltd, 2025-03-31, MRR low"
    assert mail["To"] == "cfo@pocket.example"
    assert "MRR is 200.00, below 1,000.00" in str(mail.get_payload())
    steps = [json.loads(line) for line in (server / "nightly.log").read_text().splitlines()]
    assert (steps[-1]["event"], steps[-1]["exit"]) == ("done", int(ExitCode.BREACHED))
    assert (server / "nightly/latest/report.md").is_file()


def test_the_crontabs_watchdog_is_silent_while_nights_succeed_and_speaks_when_they_do_not(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = shlex.split(cron_lines()[1].replace(HOME, str(server)))[1:]
    assert in_process(arguments) == 0
    assert capsys.readouterr().out == ""
    status = server / "nightly/status.json"
    kept = status.read_text()
    status.write_text(re.sub(r'"finished_at": "20\d\d', '"finished_at": "2001', kept))
    assert in_process(arguments) == int(ExitCode.BREACHED)
    assert "allowed are 26h" in capsys.readouterr().out
    status.write_text(kept)


def test_the_systemd_service_runs_and_a_breach_is_no_failure_of_the_unit(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = unit("clv.service")["Service"]
    program, *arguments = shlex.split(service["ExecStart"].replace(HOME, str(server)))
    assert program == f"{server}/.venv/bin/clv"
    assert in_process(arguments) == int(service["SuccessExitStatus"]) == int(ExitCode.BREACHED)
    assert '"event": "already_done"' in capsys.readouterr().err
    timer = unit("clv.timer")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:15:00"
    assert timer["Install"]["WantedBy"] == "timers.target"
