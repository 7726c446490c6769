"""`--redact`: nobody is named in any output; the same text has the same token everywhere."""

from __future__ import annotations

import io
import itertools
import json
import re
import stat
import zipfile
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import jsonschema
import polars as pl
import pytest

from clv_cli.errors import ClvError, ConfigError, DataError, UsageError
from clv_cli.render import RENDERERS, render
from clv_cli.render.layout import View
from clv_cli.run import cutting, explaining, opening, reporting, splitting, valuing
from clv_cli.run.redacting import Redactor
from clv_cli.run.salt import read_salt, salt_path
from clv_cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clv_cli.results import Report

MARK = "Zqx"
TOKEN = re.compile(r"t-[0-9a-f]{12}")
FILES = {
    "lines.csv": (
        "line_id,invoice_id,customer_id,issued_on,kind,amount,currency,period_start,period_end,status,product_id\n"
        + "".join(
            f"ZqxL{m}{c},ZqxI{m}{c},ZqxC{c},2025-{m:02d}-03,recurring,{100 + c}.00,EUR,2025-{m:02d}-01,2025-{m + 1:02d}-01,paid,basic\n"
            for m in range(1, 11)
            for c in range(1, 4)
        )
        + "ZqxL99,ZqxI99,ZqxC1,2025-10-03,recurring,Zqxbad,EUR,2025-10-01,2025-11-01,paid,basic\n"
    ),
    "customers.csv": (
        "customer_id,name,email,domain,segment\n"
        "ZqxC1,Zqx Nordwind GmbH,zqx@Zqxnord.example,Zqxnord.example,smb\n"
        "ZqxC2,=Zqx(1),a@Zqx.example,Zqx.example,smb\n"
        'ZqxC3,"Zqx ""quoted"", Ltd",c@Zqxthree.example,Zqxthree.example,large\n'
    ),
    "accounts.csv": "account_id,name,domain\nZqxA1,Zqx Nordwind,Zqxnord.example\nZqxA2,Zqx Two,Zqx.example\nZqxA3,Zqx Other,Zqx.example\n",
    "touches.csv": "touch_id,customer_id,happened_on,team,type,outcome\nZqxT1,ZqxC1,2025-05-03,success,qbr,Zqx was glad\n",
    "flags.csv": "flag_id,customer_id,flagged_on,reason\nZqxF1,ZqxC1,2025-05-01,Zqx said so\n",
}
CONFIG = """\
company: Test
quarantine: {max_share: 0.5}
sources:
  - {path: lines.csv, table: billing_lines}
  - {path: customers.csv, table: customers}
  - {path: accounts.csv, table: accounts}
  - {path: touches.csv, table: touches}
  - {path: flags.csv, table: risk_flags}
redact: {salt_file: secret/salt}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("marked")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "clv.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def request_(folder: Path) -> opening.Request:
    return opening.Request(config=folder / "clv.yaml", cache=False, redact=True)


COMMANDS: dict[str, Callable[[opening.Request], Report]] = {
    "report": reporting.report,
    "check": lambda r: reporting.check(r, suggest=True),
    "customers": valuing.customers,
    "customer": lambda r: valuing.customer(r, "ZqxC1"),
    "cohorts": lambda r: cutting.cohorts(r, "revenue", "month"),
    "split": lambda r: splitting.split(r, "customer", None, ledgers=True),
    "explain": lambda r: explaining.explain_metric(r, "mrr", None, "ZqxC1"),
    "explain_line": lambda r: explaining.explain_line(r, "ZqxL31"),
}


@pytest.fixture(scope="module")
def reports(request_: opening.Request) -> dict[str, Report]:
    return {name: command(request_) for name, command in COMMANDS.items()}


@pytest.fixture(scope="module")
def outputs(reports: dict[str, Report]) -> dict[str, list[tuple[str, bytes]]]:
    return {name: written(report) for name, report in reports.items()}


@pytest.fixture(scope="module")
def bare(request_: opening.Request) -> Report:
    """The split without redaction."""
    return COMMANDS["split"](replace(request_, redact=False))


def written(report: Report) -> list[tuple[str, bytes]]:
    """The report in every format, the formats of one table once a table."""
    texts = []
    for name in RENDERERS:
        alone = name in {"csv", "jsonl", "parquet"}
        views = [View(tables=(r.table.name,)) for r in report.results] if alone else [View()]
        for view in views:
            made = render(report, name, view)
            content = made if isinstance(made, bytes) else made.encode()
            texts.append((name, content))
            if name == "xlsx":
                with zipfile.ZipFile(io.BytesIO(content)) as parts:
                    texts += [(name, parts.read(part)) for part in parts.namelist()]
            if name == "parquet":
                texts.append((name, str(pl.read_parquet(content).to_dicts()).encode()))
    return texts


def test_no_marker_is_in_any_format_of_any_command(
    outputs: dict[str, list[tuple[str, bytes]]],
) -> None:
    for command, contents in outputs.items():
        for name, content in contents:
            assert MARK.lower().encode() not in content.lower(), f"{command} as {name}"


def test_the_json_of_every_command_follows_the_schema(
    outputs: dict[str, list[tuple[str, bytes]]],
) -> None:
    shipped = resources.files("clv_cli.render").joinpath("result.schema.json")
    schema = json.loads(shipped.read_text("utf-8"))
    for contents in outputs.values():
        jsonschema.validate(json.loads(dict(contents)["json"]), schema)


def test_the_markers_are_there_without_redaction(bare: Report) -> None:
    """Else the test above proves nothing."""
    assert {name for name, content in written(bare) if MARK.encode() in content} == {*RENDERERS}


def test_a_customer_has_one_token_in_all_outputs(
    folder: Path, outputs: dict[str, list[tuple[str, bytes]]]
) -> None:
    token = Redactor(read_salt(folder / "secret" / "salt")).token("ZqxC1").encode()
    for command in ("customers", "split", "explain"):
        assert {name for name, content in outputs[command] if token in content} == {*RENDERERS}


def test_figures_stay_and_rows_stay_in_their_order(
    reports: dict[str, Report], bare: Report
) -> None:
    ledgers = [
        next(r.rows.frame for r in report.results if r.table.name == "split_by_line")
        for report in (reports["split"], bare)
    ]
    kept = ["amount", "source", "row", "issued_on", "bucket", "component"]
    assert ledgers[0].select(kept).equals(ledgers[1].select(kept))
    assert all(map(TOKEN.fullmatch, ledgers[0]["customer_id"]))


def test_an_error_names_nobody(request_: opening.Request, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as near:
        valuing.customer(request_, "ZqxC9")
    assert TOKEN.search(str(near.value))
    assert "ZqxC1" not in str(near.value)
    for name in FILES:
        (tmp_path / name).write_text((folder / name).read_text())
    bad = FILES["lines.csv"].replace("EUR,2025-03", "ZqxEuro,2025-03")
    (tmp_path / "lines.csv").write_text(bad)
    (tmp_path / "clv.yaml").write_text(CONFIG)
    with pytest.raises(DataError) as stopped:
        reporting.report(replace(request_, config=tmp_path / "clv.yaml"))
    assert "ISO 4217" in str(stopped.value)
    assert MARK not in str(stopped.value)


def test_an_unexpected_error_does_not_say_what_it_saw(
    request_: opening.Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("cannot cast ZqxC1")

    monkeypatch.setattr("clv_cli.run.reporting.sources_table", broken)
    with pytest.raises(ClvError, match="unexpected ValueError") as stopped:
        reporting.report(request_)
    assert MARK not in str(stopped.value)
    assert stopped.value.exit_code == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C-0042 pays", "{C-0042} pays"),
        ("of C-00421", "of C-00421"),
        ("Acme GmbH and Acme", "{Acme GmbH} and {Acme}"),
        ("xAcme", "xAcme"),
        ("=Acme, (C-0042)", "{=Acme}, ({C-0042})"),
        ("12 rows of 1042", "12 rows of 1042"),
        ("customer 104200", "customer {104200}"),
        ("mrr of sales", "mrr of sales"),
    ],
)
def test_known_texts_are_found_in_sentences_and_words_are_left_alone(
    text: str, expected: str
) -> None:
    known = ["C-0042", "Acme", "Acme GmbH", "=Acme", "1042", "104200", "mrr", "sales"]
    tokens = Redactor(b"s" * 32, known)
    wanted = re.sub(r"\{(.+?)\}", lambda found: tokens.token(found.group(1)), expected)
    assert tokens.prose(text) == wanted


def test_what_a_message_quotes_becomes_a_token_known_or_not() -> None:
    tokens = Redactor(b"s" * 32)
    assert (
        tokens.message('amount "1"2" is bad')
        == f'amount "{tokens.token(chr(49) + chr(34) + "2")}" is bad'
    )


def test_tokens_differ_by_salt_and_text() -> None:
    made = [Redactor(salt).token(text) for salt, text in itertools.product((b"a", b"b"), "xy")]
    assert len(set(made)) == 4
    assert all(map(TOKEN.fullmatch, made))
    assert Redactor(b"a").token("") == ""


def test_the_salt_is_private_made_once_and_refused_when_others_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "salt"
    first = read_salt(path)
    assert (len(first), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    assert read_salt(path) == first
    assert [file.name for file in path.parent.iterdir()] == ["salt"]
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others can read"):
        read_salt(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="only 5 bytes"):
        read_salt(path)


def test_the_salt_is_the_configs_or_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert salt_path(Settings(), tmp_path) == tmp_path / "clv" / "redact.salt"
    own = Settings.model_validate({"redact": {"salt_file": "s"}})
    assert salt_path(own, tmp_path / "x") == tmp_path / "x" / "s"
