"""Sources that a server reads: the same rows, refusals and places as of files here, and nothing left behind."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import json
import os
import zipfile
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli.engines import lake, spark
from clv_cli.engines.spark import connected, local_server, shown
from clv_cli.errors import ClvError, ConfigError, DataError, UsageError
from clv_cli.objects import holds_secret, is_address
from clv_cli.run.night_inputs import assert_still, contents
from clv_cli.run.opening import Request, lake_of
from clv_cli.run.proposing import propose_config
from clv_cli.run.reporting import report
from clv_cli.settings import Settings
from clv_cli.sources import LineStore, PartCache, load_book
from clv_cli.sources.lake import is_export, objects_of
from tests.sources.exports import HEADER, LINE, csv, load, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.engines.lake import SparkObjects
    from clv_cli.engines.spark import SparkEngine
    from clv_cli.frames import Book
    from clv_cli.objects import Object

LINES = 400
PRESETS = Path(__file__).parents[1] / "presets"
LATER = "I2,C2,2026-02-05,recurring,50.00,USD,paid"
# What exports come as: each is read from here and from the lake, and both must say the same.
TORTURE: dict[str, bytes] = {
    "plain.csv": csv(LINE, LATER).encode(),
    "newlines.csv": csv('"I1\nand more",C1,2026-01-05,recurring,1.00,USD,paid', LATER).encode(),
    "quotes.csv": csv('"say ""I1"", twice",C1,2026-01-05,recurring,1.00,USD,paid').encode(),
    "zeros.csv": csv("007,00012,2026-01-05,recurring,1.00,USD,paid").encode(),
    "empty_cells.csv": csv('"",C1,2026-01-05,recurring,1.00,USD,paid', LATER).encode(),
    "mark.csv": b"\xef\xbb\xbf" + csv(LINE, "I3,C\xc3\xa4,never,recurring,1.00,USD,paid").encode(),
    "crlf.csv": csv(LINE, LATER).replace("\n", "\r\n").encode(),
    "old_mac.csv": csv(LINE, LATER).replace("\n", "\r").encode(),
    "no_end.csv": csv(LINE, LATER).encode().rstrip(b"\n"),
    "semicolons.csv": csv(LINE, LATER).replace(",", ";").encode(),
    "tabs.tsv": csv(LINE, LATER).replace(",", "\t").encode(),
    "windows.csv": csv("I1,M\xfcller,2026-01-05,recurring,1.00,USD,paid").encode("cp1252"),
    "utf16.csv": csv(LINE, "I2,M\xfcller,2026-01-05,recurring,1.00,USD,paid").encode("utf-16"),
    "bad_rows.csv": csv(LINE, "I4,C1,2026-02-30,recurring,x,USD,paid", "I5,C1", LATER).encode(),
    "packed.csv.gz": gzip.compress(csv(LINE, LATER).encode(), mtime=0),
    "open_quote.csv": csv(LINE, '"I2,C2,2026-02-05,recurring,50.00,USD,paid').encode(),
    "nul.csv": csv(LINE).encode() + b"\0\0\0\n",
    "header_twice.csv": csv(LINE, header=HEADER.replace("kind", "amount")).encode(),
    "page.csv": b"<!doctype html><p>Please log in</p>",
}


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("lines.csv", csv(LINE, LATER))
    return packed.getvalue()


def parquet() -> bytes:
    """Decimals, days, whole numbers, nulls and a float, as a lake has them."""
    rows = pl.DataFrame(
        {
            "invoice_id": ["001", "002", None],
            "customer_id": ["C1", "", "C3"],
            "issued_on": [date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)],
            "kind": ["recurring"] * 3,
            "amount": pl.Series([Decimal("1.10"), Decimal("-2.05"), None], dtype=pl.Decimal(18, 2)),
            "currency": ["USD"] * 3,
            "status": ["paid"] * 3,
            "quantity": [1.0, 0.1, 3.0],
        }
    )
    packed = io.BytesIO()
    rows.write_parquet(packed)
    return packed.getvalue()


def address(path: Path) -> str:
    return f"file://{path}"


def loaded(objects: SparkObjects | None, folder: Path, path: str) -> Book:
    """The book of one source, every bad row borne."""
    source = {"path": path, "table": "billing_lines"}
    settings = Settings.model_validate({"sources": [source], "quarantine": {"max_share": "1"}})
    return load_book(settings, folder, LineStore(folder / "store"), lake=objects)


def refusal(objects: SparkObjects | None, folder: Path, path: str) -> tuple[str, str, str]:
    """What, where and what to do, of a source that is refused."""
    with pytest.raises(DataError) as error:
        loaded(objects, folder, path)
    return error.value.what, error.value.where or "", error.value.hint or ""


def told(objects: SparkObjects | None, folder: Path, path: str) -> list[str]:
    """All that is read of a source, or the three lines that refuse it; the source itself without its name."""
    try:
        book = loaded(objects, folder, path)
    except ClvError as error:
        return [str(error).replace(path, "")]
    rows = book.table("billing_lines").sort("source", "row").collect()
    frames = [rows, book.quarantined.sort("source", "row", "column")]
    said = [frame.write_json() for frame in frames]
    return [text.replace(path, "") for text in (*said, repr(book.findings), repr(book.sources))]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    for name, content in {**TORTURE, "one.zip": zipped(), "typed.parquet": parquet()}.items():
        write(folder, name, content)
    return folder


@pytest.mark.parametrize("name", [*TORTURE, "one.zip", "typed.parquet"])
def test_what_the_lake_holds_is_read_as_what_lies_here(
    name: str, exports: Path, sail: SparkEngine, tmp_path: Path
) -> None:
    here = told(None, tmp_path / "here", str(exports / name))
    assert told(sail.objects, tmp_path / "there", address(exports / name)) == here


def test_a_refused_file_and_a_bad_row_are_named_by_the_object_and_its_row(
    exports: Path, sail: SparkEngine, tmp_path: Path
) -> None:
    place = address(exports / "bad_rows.csv")
    book = loaded(sail.objects, tmp_path, place)
    aside = book.quarantined.select("source", "row", "column").sort("row", "column").rows()
    assert aside[0] == (place, 3, "issued_on")
    assert [row for _, row, _ in aside][-1] == 4
    page = address(exports / "page.csv")
    assert refusal(sail.objects, tmp_path / "second", page)[1] == page


@pytest.fixture(scope="module")
def books(folder: Path, tmp_path_factory: pytest.TempPathFactory, server: str) -> dict[str, Path]:
    """One book three times: local files, a lake of CSV, a lake of Parquet; the config of each."""
    rows = (folder / "lines.csv").read_text().splitlines()
    made = {}
    for kind in ("local", "csv", "parquet"):
        home = tmp_path_factory.mktemp(kind)
        for part in range(2):
            # Two objects of one name.
            chosen = rows[1 + part * LINES : 1 + (part + 1) * LINES]
            write(home, f"lines/{part}/export.csv", csv(*chosen, header=rows[0]))
        write(home, "customers.csv", (folder / "customers.csv").read_bytes())
        write(home, "touches.csv", (folder / "touches.csv").read_bytes())
        write(home, "initiatives.yaml", (folder / "initiatives.yaml").read_bytes())
        if kind == "parquet":
            for path in home.rglob("*.csv"):
                frame = pl.read_csv(path, infer_schema=False)
                if "amount" in frame.columns:
                    exact = pl.col("amount").cast(pl.Decimal(18, 2))
                    frame = frame.with_columns(exact, pl.col("issued_on").str.to_date())
                frame.write_parquet(path.with_suffix(".parquet"))
                path.unlink()
        base = "" if kind == "local" else f"{address(home)}/"
        suffix = "parquet" if kind == "parquet" else "csv"
        sources = [
            {"path": f"{base}lines", "table": "billing_lines"},
            {"path": f"{base}customers.{suffix}", "table": "customers"},
            {"path": f"{base}touch*.{suffix}", "table": "touches"},
            {"path": "initiatives.yaml", "table": "initiatives"},
        ]
        config: dict[str, object] = {
            "sources": sources,
            "base_currency": "USD",
            "as_of": "2021-12-31",
        }
        if kind != "local":
            config["engine"] = {"kind": "sail", "url": server}
        made[kind] = write(home, "clv.yaml", json.dumps(config))
    return made


def test_a_report_is_the_same_from_files_here_and_from_a_lake_of_csv_or_parquet(
    books: dict[str, Path],
) -> None:
    said = {
        kind: json.dumps(
            [result.records() for result in report(Request(config=config, cache=False)).results],
            default=str,
        )
        .replace(f"{address(config.parent)}/", "")
        .replace(".parquet", ".csv")
        for kind, config in books.items()
    }
    assert said["csv"] == said["local"]
    assert said["parquet"] == said["local"]
    assert "lines/1/export.csv" in said["local"]


class Counting:
    """An engine that notes whose bytes were asked for."""

    def __init__(self, objects: SparkObjects) -> None:
        self.objects = objects
        self.fetched: list[str] = []

    def listed(self, folder: str) -> list[Object]:
        return self.objects.listed(folder)

    def hashed(self, objects: Sequence[Object]) -> dict[str, str]:
        return self.objects.hashed(objects)

    def content(self, one: Object) -> memoryview:
        self.fetched.append(one.address.rpartition("/")[2])
        return self.objects.content(one)


def test_an_object_that_was_read_before_is_not_fetched_again_and_a_changed_one_always(
    tmp_path: Path, sail: SparkEngine
) -> None:
    for name in ("a.csv", "b.csv"):
        write(tmp_path, f"lake/{name}", csv(LINE.replace("I1", name)))
    source = {"path": f"{address(tmp_path)}/lake", "table": "billing_lines"}
    settings = Settings.model_validate({"sources": [source]})
    cache = PartCache(tmp_path / "cache")

    def run(number: int) -> tuple[list[str], int]:
        counting = Counting(sail.objects)
        store = LineStore(tmp_path / f"run{number}", cache)
        book = load_book(settings, tmp_path, store, lake=counting)
        assert not [path for path in store.scratch.rglob("*") if path.is_file()]
        total = book.table("billing_lines").select(pl.col("amount").sum()).collect().item()
        return counting.fetched, total

    assert run(1) == (["a.csv", "b.csv"], 20_000)
    assert run(2) == ([], 20_000)
    # As long as before, and of the same time: only the bytes tell.
    path = tmp_path / "lake" / "b.csv"
    before = path.stat()
    path.write_text(path.read_text().replace("100.00", "200.00"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(3) == (["b.csv"], 30_000)


def test_what_reading_unpacks_goes_with_the_copy(exports: Path, sail: SparkEngine) -> None:
    store = LineStore(exports / "run")
    paths = [address(exports / name) for name in ("typed.parquet", "packed.csv.gz", "utf16.csv")]
    sources = [{"path": path, "table": "billing_lines"} for path in paths]
    settings = Settings.model_validate({"sources": sources, "quarantine": {"max_share": "1"}})
    load_book(settings, exports, store, lake=sail.objects)
    assert not [path for path in store.scratch.rglob("*") if path.is_file()]


def test_a_preset_is_found_by_the_header_of_an_object(tmp_path: Path, sail: SparkEngine) -> None:
    write(tmp_path, "in.csv", (PRESETS / "stripe-customers" / "in.csv").read_bytes())
    write(tmp_path, "lines.csv", csv(LINE))
    lines = {"path": "lines.csv", "table": "billing_lines"}
    place = address(tmp_path / "in.csv")
    books = [
        load_book(
            Settings.model_validate({"sources": [{"path": path}, lines]}),
            tmp_path,
            LineStore(tmp_path / f"run{len(path)}"),
            lake=sail.objects,
        )
        for path in ("in.csv", place)
    ]
    here, there = (repr(book.sources) for book in books)
    assert there.replace(place, "in.csv") == here
    assert "stripe-customers" in here


NAMES = (
    "a.csv", "b.txt", "sub/a.csv", "sub/deep/c.csv", ".hidden.csv", "sub/.h/x.csv", "g[1].csv",
    "a b.csv", "p%20q.csv", "\u00fc,x.csv", "h#1.csv", "plus+.csv", "g(1).csv",
    "back\\s.csv", "{x,y}.csv", "[z]/a.csv", "(z)/a.csv",
    "_SUCCESS", "_tmp/z.csv", "read.me",
)  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for name in NAMES:
        write(folder, name, csv(LINE.replace("I1", f"I{NAMES.index(name)}")))
    return folder


def names_of(found: Sequence[Any], root: str) -> list[str]:
    return sorted(one.object.address.removeprefix(root) for one in found)


@pytest.mark.parametrize(
    "pattern",
    ["*.csv", "?.csv", "**/*.csv", "sub/**/*.csv", "*/*.csv", "[ab].*", "[!a].txt", "g[1].csv", "a*",
     "**/[a-c].csv", "g[[]1].csv", "p%20q.csv", "\u00fc*", "sub/*", "[[a]*"],
)  # fmt: skip
def test_a_glob_means_in_the_lake_what_it_means_here(
    pattern: str, tree: Path, sail: SparkEngine
) -> None:
    literal = [pattern] if (tree / pattern).is_file() else []
    matched = glob.glob(pattern, root_dir=tree, recursive=True)  # noqa: PTH207 - the same words
    # Of names that begin so, no server says anything.
    here = literal or [n for n in matched if (tree / n).is_file() and not n.startswith("_")]
    root = f"{address(tree)}/"
    found = objects_of(root + pattern, "sources[0]", sail.objects, tree)
    assert names_of(found, root) == sorted(here)
    assert len(here) > 0


def test_a_folder_means_every_export_in_and_below_it_here_and_in_the_lake(
    tree: Path, sail: SparkEngine, tmp_path: Path
) -> None:
    root = f"{address(tree)}/"
    there = names_of(objects_of(root, "sources[0]", sail.objects, tree), root)
    assert there == sorted(name for name in NAMES if is_export(name))
    here = load(tree.parent, {"path": tree.name, "table": "billing_lines"})
    assert [one.source for one in here.sources] == [f"{tree.name}/{name}" for name in there]
    book = loaded(sail.objects, tmp_path, root)
    ids = [frame.table("billing_lines").collect()["invoice_id"].sort() for frame in (book, here)]
    assert ids[0].to_list() == ids[1].to_list()


def test_every_object_is_hashed_and_copied_under_its_own_name(
    tree: Path, sail: SparkEngine, tmp_path: Path
) -> None:
    root = f"{address(tree)}/"
    found = objects_of(root, "sources[0]", sail.objects, tmp_path)
    for one in found:
        one.fetch()
    # Several are called a.csv.
    for one in found:
        name = one.object.address.removeprefix(root)
        assert one.copy.read_bytes() == (tree / name).read_bytes()
        assert one.digest() == hashlib.sha256((tree / name).read_bytes()).hexdigest()
    assert len({one.digest() for one in found}) == len(found)


def test_a_large_object_is_listed_once_and_comes_whole(tmp_path: Path, sail: SparkEngine) -> None:
    # Sail reads what is larger than 10 MB once per core.
    content = bytes(range(256)) * (11 << 12)
    write(tmp_path, "big/large.csv", content)
    listed = sail.objects.listed(f"{address(tmp_path)}/big")
    assert [one.size for one in listed] == [len(content)]
    assert sail.objects.content(listed[0]) == content


def test_a_folder_here_without_exports_is_told(tmp_path: Path) -> None:
    write(tmp_path, "docs/read.me", "nothing")
    with pytest.raises(DataError, match="no export is found in this folder") as error:
        load(tmp_path, {"path": "docs", "table": "billing_lines"})
    assert error.value.where == "docs (sources[0].path)"


def test_an_address_without_an_engine_is_told_with_what_to_set(tmp_path: Path) -> None:
    what, where, hint = refusal(None, tmp_path, "s3://lake/lines.csv")
    assert what == "this address is read by an engine, and none is set"
    assert where == "s3://lake/lines.csv (sources[0].path)"
    assert "engine: {kind: spark" in hint


@pytest.mark.parametrize("place", ["nowhere/", "x.csv", "*.csv"])
def test_an_address_with_nothing_there_is_told(
    place: str, tmp_path: Path, sail: SparkEngine
) -> None:
    path = f"{address(tmp_path)}/gone/{place}"
    assert refusal(sail.objects, tmp_path, path)[:2] == (
        "no file is found",
        f"{path} (sources[0].path)",
    )


def test_a_store_that_the_server_cannot_reach_is_told_in_its_words(
    tmp_path: Path, sail: SparkEngine
) -> None:
    what, where, _ = refusal(sail.objects, tmp_path, "ftp://lake/lines")
    assert what.startswith("the engine cannot read this: Generic URL error")
    assert where == f"ftp://lake/lines (by {sail.url})"


SECRETS = [
    "s3://AKIA123:hush@lake/lines",
    "s3://hush@lake/lines",
    "https://lake/x.csv?X-Amz-Signature=hush",
    "abfss://files:hush@lake.dfs.core.windows.net/x",
    "gs://lake/x?a=1&token=hush",
]


@pytest.mark.parametrize("path", SECRETS)
def test_an_address_with_a_secret_is_refused_and_not_repeated(path: str, tmp_path: Path) -> None:
    config = write(
        tmp_path, "clv.yaml", f"sources:\n  - {{path: '{path}', table: billing_lines}}\n"
    )
    with pytest.raises(ConfigError) as error:
        report(Request(config=config))
    assert "hush" not in str(error.value)
    assert "clv.yaml:2:6: sources.0.path: leave user, password and query out" in str(error.value)


def test_wildcards_containers_and_drives_are_no_secrets() -> None:
    for path in ("s3://lake/part-?.csv", "abfss://files@lake.dfs.core.windows.net/x", "x?a=1.csv"):
        assert not holds_secret(path)
    assert [is_address(path) for path in ("C://x.csv", "a/b.csv", "s3a://b/c", "file:///c")] == [
        False,
        False,
        True,
        True,
    ]


def test_a_token_in_the_address_of_a_server_is_never_shown(tmp_path: Path) -> None:
    assert shown("sc://u:pw@host:1/;token=hush;use_ssl=true") == "sc://host:1"
    url = "sc://127.0.0.1:1/;token=hush"
    with pytest.raises(UsageError) as error, connected(url, tmp_path):
        pass
    assert "hush" not in str(error.value)
    assert "sc://127.0.0.1:1" in str(error.value)


def test_an_object_that_changes_after_it_was_listed_stops_the_run(
    tmp_path: Path, sail: SparkEngine
) -> None:
    path = write(tmp_path, "x/lines.csv", csv(LINE))
    [one] = sail.objects.listed(address(tmp_path / "x"))
    path.write_text(csv(LINE, LATER))
    with pytest.raises(DataError, match="changed while it was read"):
        sail.objects.content(one)
    path.unlink()
    with pytest.raises(DataError, match="does not find it"):
        sail.objects.content(one)
    with pytest.raises(DataError, match="does not find it"):
        sail.objects.hashed([one])


def test_bytes_that_are_not_those_that_were_hashed_stop_the_run(
    tmp_path: Path, sail: SparkEngine
) -> None:
    path = write(tmp_path, "x/lines.csv", csv(LINE))
    [one] = objects_of(address(tmp_path / "x"), "sources[0]", sail.objects, tmp_path)
    one.digest()
    before = path.stat()
    path.write_text(csv(LINE).replace("100", "200"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match="changed while it was read"):
        one.fetch()
    assert not one.copy.exists()


def test_an_object_beyond_what_passes_through_memory_is_refused(
    tmp_path: Path, sail: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "x/lines.csv", csv(LINE))
    monkeypatch.setattr(lake, "MAX_BYTES", 10)
    what, _, hint = refusal(sail.objects, tmp_path, address(tmp_path / "x"))
    assert what.startswith("the object is larger than")
    assert "several" in hint


def test_a_server_that_goes_in_the_middle_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "RETRIES", 1)
    write(tmp_path, "x/lines.csv", csv(LINE))
    with ExitStack() as stack:
        with local_server() as url:
            engine = stack.enter_context(connected(url, tmp_path))
            [one] = engine.objects.listed(address(tmp_path / "x"))
        with pytest.raises(DataError, match=r"the connection is lost, .*refused") as error:
            engine.objects.content(one)
    assert error.value.where == f"{one.address} (by {url})"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


def test_a_night_hashes_objects_and_stops_when_they_changed_meanwhile(
    tmp_path: Path, server: str
) -> None:
    path = write(tmp_path, "x/lines.csv", csv(LINE))
    source = {"path": address(tmp_path / "x"), "table": "billing_lines"}
    engine = {"kind": "sail", "url": server}
    settings = Settings.model_validate({"sources": [source], "engine": engine})
    with lake_of(settings, None) as objects:
        found = contents(settings, tmp_path, objects)
        assert list(found) == [address(path)]
        assert_still(settings, tmp_path, found, objects)
        path.write_text(csv(LINE, LATER))
        with pytest.raises(DataError, match="exports changed during the run"):
            assert_still(settings, tmp_path, found, objects)


def test_without_addresses_no_engine_is_opened_to_ask() -> None:
    source = {"path": "lines.csv", "table": "billing_lines"}
    settings = Settings.model_validate({"sources": [source], "engine": {"kind": "spark"}})
    with lake_of(settings, None) as objects:
        assert objects is None


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("file:/tmp/a b.csv", "tmp/a b.csv"),
        ("s3a://lake/x/y.csv", "x/y.csv"),
        ("tmp/a.csv", "tmp/a.csv"),
        ("hdfs://name:8020/d/x", "d/x"),
        ("abfss://files@lake.dfs.core.windows.net/d", "d"),
    ],
)
def test_however_an_engine_writes_a_path_the_object_is_the_same(path: str, key: str) -> None:
    assert lake.key_of(path) == key


def test_init_says_how_to_begin_with_a_lake() -> None:
    with pytest.raises(UsageError) as error:
        propose_config(Path("s3://lake/billing"), force=False)
    assert "set their address as path" in str(error.value.hint)
