"""The checks of negative and flapping stock on a ledger with one hot row: time and peak memory in a process of its own.

    python benchmarks/hot_row.py [--rows 1000000 2500000 5000000 10000000] [--operations 100000] [--dir DIR]

Half as many requests as ledger rows, and one stock row that is written 100,000 times in a day (`hot_world.py`). Prints how
long each shared view and the checks took, and that the checks find just what was planted. `--keep` leaves the cases
in the folder, where a second run takes them up again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

CLASSES = ("F-S-02-05", "F-S-02-06")
BY_SKU = frozenset({"F-S-02-05.4", "F-S-02-06.4"})
MEMORY = "3300MB"
"""What DuckDB may use; the rest up to 4 GiB is the process's."""


def check(folder: Path) -> dict[str, Any]:
    """Run the views and checks on two threads; wall and processor seconds by view and of the checks, and what was found."""
    from forensics.checks import engine
    from forensics.checks.check import load_views, views_named
    from forensics.checks.prepare import in_order
    from forensics.store.case import load
    from forensics.store.duck import connect

    con = connect(load(folder), threads=2, memory=MEMORY)
    engine.prepare(con)
    checks = [one for one in engine.load_checks() if one.fault in CLASSES]
    views = load_views()
    spent: dict[str, tuple[float, float]] = {}

    def clocked(name: str, start: tuple[float, float]) -> None:
        spent[name] = (time.perf_counter() - start[0], time.process_time() - start[1])

    for view in in_order(sorted(set().union(*(views_named(one.sql, views) for one in checks))), views):
        start = time.perf_counter(), time.process_time()
        engine.ensure_views(con, [view], views)
        clocked(view, start)
    start = time.perf_counter(), time.process_time()
    found = engine.run_checks(con, checks, undecided=True)  # all at once, as in an audit: evidence is looked up once
    clocked("the checks", start)
    names = defaultdict(list)
    for finding in found:
        if not finding.details.get("undecided"):
            names[finding.cause].append(name(finding))
    return {"spent": spent, "found": names, "undecided": sum(bool(one.details.get("undecided")) for one in found)}


def name(finding: Any) -> str:
    """What a finding is known by: its requests, or its material and the value shown."""
    sku = str(finding.subject["sku"])
    if finding.cause in BY_SKU:
        return sku
    if finding.cause.startswith("F-S-02-06"):
        return f"{sku} {int(finding.details['value'])}"
    requests = finding.subject["request_id"]
    return "+".join(sorted(requests) if isinstance(requests, list) else [str(requests)])


def measure(folder: Path, rows: int, operations: int) -> None:
    """Write a case unless it is there, check it in a child process, print."""
    truth_file = folder.with_suffix(".json")
    if not truth_file.is_file():
        from hot_world import write

        truth = write(folder, rows, operations)
        truth_file.write_text(json.dumps({cause: sorted(names) for cause, names in truth.items()}), encoding="utf-8")
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, __file__, "--child", str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"the checks failed (status {status})")
    said = json.loads(text)
    seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
    print(
        f"{rows:,} ledger rows, {operations:,} on one stock row: {seconds:.1f} s ({cpu:.1f} s of two cores' time), {usage.ru_maxrss / 1024:,.0f} MiB"
    )
    wrong = 0
    dear = sorted(said["spent"].items(), key=lambda item: -item[1][1])
    print("  " + "; ".join(f"{what} {wall:.1f} ({own:.1f})" for what, (wall, own) in dear if own >= 0.05))
    for cause in sorted(truth.keys() | said["found"].keys()):
        planted, found = set(truth.get(cause, ())), said["found"].get(cause, [])
        right = planted == set(found) and len(found) == len(planted)
        wrong += not right
        print(
            f"  {cause}: {len(planted)} planted, {len(found)} found"
            + ("" if right else f"; missed {sorted(planted - set(found))}, wrong {sorted(set(found) - planted)}")
        )
    print(f"  undecided: {said['undecided']}", flush=True)
    if wrong:
        sys.exit("the checks did not find just what was planted")


def main() -> None:
    """Measure every size."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 2_500_000, 5_000_000, 10_000_000])
    arguments.add_argument("--operations", type=int, default=100_000)
    arguments.add_argument("--dir", type=Path)
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(check(given.child)))
        return
    with tempfile.TemporaryDirectory(dir=given.dir) as work:
        home = given.dir if given.keep and given.dir else Path(work)
        for rows in given.rows:
            folder = home / f"hot-{rows}"
            measure(folder, rows, given.operations)
            if not given.keep:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
