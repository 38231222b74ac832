"""Record the cases of samples/ anew: `python samples/lab/cases.py NAME… [--from FOLDER]`. What each is stands in cases.toml."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

LAB = Path(__file__).resolve().parent
sys.path.insert(0, str(LAB.parent))

from lab.evidence.export import export  # noqa: E402  the package is found through the line above
from lab.evidence.page import page  # noqa: E402

KEPT = ("zone", "faults", "innocent", "clocks")
"""What of a recording's truth goes into a case."""


def recorded(case: dict[str, Any], out: Path) -> None:
    """Record into `out` as the case says."""
    options: list[str] = []
    for name, value in case["record"].items():
        options += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    subprocess.run([sys.executable, str(LAB / "record.py"), str(out), "--style", "none", *options], check=True)


def written(name: str, case: dict[str, Any], out: Path) -> None:
    """Make `samples/<name>` of a recording."""
    export(out, case["style"], case["leave-out"])
    folder = LAB.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(out / "evidence", folder / "evidence")
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    truth = {key: truth[key] for key in KEPT}
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(name, case, folder, truth), encoding="utf-8")


def main() -> None:
    """Command line."""
    cases = tomllib.loads((LAB / "cases.toml").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=cases)
    parser.add_argument("--from", dest="source", type=Path, help="a recording made before (one name)")
    options = parser.parse_args()
    for name in options.names:
        if options.source:
            written(name, cases[name], options.source)
            continue
        with tempfile.TemporaryDirectory(prefix=f"{name}-") as work:
            recorded(cases[name], Path(work))
            written(name, cases[name], Path(work))


if __name__ == "__main__":
    main()
