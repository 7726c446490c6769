"""LibreOffice recalculates the finance workbooks: the same totals, and differences of 0.00.

Cached values are taken out first, so that what comes back was computed. Needs `soffice` (Debian:
libreoffice-calc-nogui). Last result: ARCHITECTURE.md.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import openpyxl

ROOT = Path(__file__).parents[2]
DUST = 1e-9


def without_values(workbook: Path, bare: Path) -> int:
    """A copy whose formulas have no cached values; how many formulas there are."""
    found = 0
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(bare, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/"):
                content, count = re.subn(rb"</f><v>[^<]*</v>", b"</f>", content)
                found += count
            target.writestr(name, content)
    return found


def compared(workbook: Path, folder: Path) -> tuple[int, int, float]:
    """Formulas, those whose recalculated value is the cached one, the largest difference cell."""
    bare = folder / f"bare-{workbook.name}"
    formulas = without_values(workbook, bare)
    command = ["soffice", "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "out")]
    subprocess.run([*command, str(bare)], check=True, capture_output=True)
    ours = openpyxl.load_workbook(workbook, data_only=True)
    text = openpyxl.load_workbook(workbook)
    theirs = openpyxl.load_workbook(folder / "out" / bare.name, data_only=True)
    equal, largest = 0, 0.0
    for sheet in text.worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            if cell.data_type != "f":
                continue
            left = ours[sheet.title][cell.coordinate].value
            right = theirs[sheet.title][cell.coordinate].value
            equal += right is not None and abs(left - right) <= DUST * max(1, abs(left))
            if str(cell.value).startswith("=ROUND("):
                largest = max(largest, abs(right) if right is not None else float("inf"))
    return formulas, equal, largest


def main() -> None:
    """Make both workbooks of the sample, recalculate them, say what came back."""
    if shutil.which("soffice") is None:
        sys.exit("soffice is not installed (Debian: libreoffice-calc-nogui)")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        wrong = False
        for command in ("split", "report"):
            workbook = folder / f"{command}.xlsx"
            config = str(ROOT / "sample_data" / "clv.yaml")
            subprocess.run(
                [sys.executable, "-m", "clv_cli", command, "-c", config, "-o", str(workbook), "-q"],
                check=True,
            )
            formulas, equal, largest = compared(workbook, folder)
            wrong |= formulas != equal or largest != 0
            print(
                f"clv {command}: {formulas} formulas, {equal} recalculated to the cached value, "
                f"largest difference {largest:.2f}"
            )
    sys.exit(wrong)


if __name__ == "__main__":
    main()
