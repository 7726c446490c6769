"""A first config from a folder of exports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.config_file import CONFIG_NAME
from clv_cli.errors import DataError, UsageError
from clv_cli.files import atomic_write, scratch_folder
from clv_cli.glossary import Kind
from clv_cli.money import NO_CURRENCY
from clv_cli.objects import is_address
from clv_cli.results import Column, Report, Result, Rows, Table
from clv_cli.sources.proposal import NO_DATA, Whole, compare, config_text, look_into

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from clv_cli.sources.proposal import Proposal

_DAYS = "all its days are written so"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposed config.

    Args:
        target: where it belongs.
        text: the YAML.
        report: what was recognised, as tables.
    """

    target: Path
    text: str
    report: Report


def propose_config(folder: Path, *, force: bool) -> Proposed:
    """Look into every file of a folder and propose the `clv.yaml` that reads them; writes nothing.

    Args:
        folder: where the exports lie.
        force: whether an existing config may be replaced.

    Raises:
        UsageError: no such folder, or it has a config already.
        DataError: there is no data file in it.
    """
    if not folder.is_dir():
        # A path of this machine holds no two slashes in a row.
        far = is_address(folder.as_posix().replace(":/", "://", 1))
        raise UsageError(
            f"there is no folder {folder}",
            where="clv init",
            hint="copy one export of each kind here; once they are proposed, set their address as path"
            if far
            else "name an existing folder",
        )
    target = folder / CONFIG_NAME
    if target.exists() and not force:
        raise UsageError(
            f"there is a {CONFIG_NAME} already",
            where=str(target),
            hint="--force replaces it; --dry-run only prints the proposal",
        )
    with scratch_folder() as scratch:
        proposals, unused = look_into(folder, target, scratch)
    if not proposals and all(one.why == NO_DATA for one in unused):
        strangers = f"; {len(unused)} of another kind" if unused else ""
        raise DataError(
            "there are no exports in this folder",
            where=f"{folder} (no CSV, Excel, Parquet, zip or YAML file{strangers})",
            hint="save your exports there, or try the shipped sample: clv demo --to DIR",
        )
    whole = compare(proposals, unused)
    return Proposed(target, config_text(whole), _report(whole))


def write_config(proposed: Proposed) -> None:
    """Write the proposed config, all of it or nothing.

    Raises:
        UsageError: the folder cannot be written to.
    """
    try:
        atomic_write(proposed.target, proposed.text.encode())
    except OSError as error:
        raise UsageError(
            f"cannot write {CONFIG_NAME}: {error.strerror or error}",
            where=str(proposed.target),
            hint="--dry-run prints the config; what was there is untouched",
        ) from error


def _report(whole: Whole) -> Report:
    base = whole.base_currency
    return Report(
        command="init",
        as_of=None,
        period=None,
        currency=base.value if base else NO_CURRENCY,
        company="",
        results=(_files(whole), _columns(whole), _strangers(whole), _questions(whole)),
    )


def _files(whole: Whole) -> Result:
    rows = [
        (one.name, one.peek.count, one.preset or one.table, _verdict(one), one.how)
        for one in whole.proposals
    ]
    columns = {"file": "File", "rows": "Rows", "read_as": "Read as", "sure": "Sure", "how": "By"}
    strangers = sum(not one.data for one in whole.unused)
    others = "1 other file is no export" if strangers == 1 else f"{strangers} others are no exports"
    notes = [f"{others}, or another config's."] if strangers else []
    return _table("files", "Files", columns, rows, notes)


def _strangers(whole: Whole) -> Result:
    rows = [(one.name, one.why) for one in whole.unused if one.data]
    return _table("not_used", "Not recognised", {"file": "File", "why": "Why"}, rows)


def _verdict(one: Proposal) -> str:
    return str(one.sure) if one.works else "not yet"


def _columns(whole: Whole) -> Result:
    """What the config states beyond presets and equal names."""
    rows = []
    for one in whole.proposals:
        rows += [(one.name, c.name, c.header, str(c.sure), c.how) for c in one.columns if c.written]
        rows += [(one.name, c.name, f"= {c.value}", str(c.sure), c.how) for c in one.constants]
        rows += [(one.name, name, "negated", "likely", how) for name, how in one.negate]
        rows += [(one.name, name, "a last day", "likely", how) for name, how in one.inclusive]
        rows += (
            [(one.name, "days", ", ".join(one.date_format), "certain", _DAYS)]
            if one.date_format
            else []
        )
    heads = {"file": "File", "column": "Column", "header": "From", "sure": "Sure", "how": "Because"}
    return _table("columns", "Columns that need saying", heads, rows)


def _questions(whole: Whole) -> Result:
    rows = [("", question.text, question.key) for question in whole.questions]
    rows += [(one.name, q.text, q.key) for one in whole.proposals for q in one.questions]
    heads = {"file": "File", "question": "What the files cannot tell", "key": "Set"}
    return _table("questions", "Open questions", heads, rows)


def _table(
    name: str,
    title: str,
    headings: dict[str, str],
    rows: Sequence[tuple[str, ...]],
    notes: Sequence[str] = (),
) -> Result:
    columns = tuple(
        # How a file was told is in the config's comments: people need the width.
        Column(key, Kind.TEXT, heading, people=heading != "By")
        for key, heading in headings.items()
    )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(headings, pl.String), orient="row")
    computed = Rows(frame, notes=notes)
    return Result(Table(name, title, columns, (), lambda _: computed), computed)
