"""How fast worlds are written: records per second and peak memory, by style and size, each in a process of its own.

python benchmarks/simulate.py [SIZE …]        # 1M unless said otherwise: 1M 10M
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[1] / "samples" / "worlds" / "simulate.py"
STYLES = ("zh-csv", "en-csv", "camel-jsonl", "mixed")


def run(size: str, *options: str) -> str:
    """One world; its figures."""
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, SCRIPT, Path(work) / "world", "--events", size, *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            said = process.stderr.read() if process.stderr else ""
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(said)
        megabytes = sum(p.stat().st_size for p in Path(work).rglob("*") if p.is_file()) / 1e6
    records, per_s = (
        int(re.search(pattern, said)[1].replace(",", "")) for pattern in (r"([\d,]+) records,", r"\(([\d,]+) records/s")
    )  # type: ignore[index]
    cpu = used.ru_utime + used.ru_stime
    return f"{records:>12,}{megabytes:>9,.0f}{per_s:>12,}{records / cpu:>14,.0f}{used.ru_maxrss / 1024:>10,.0f}"


def main(sizes: list[str]) -> None:
    """Print a table."""
    print(f"{'style':<22}{'records':>12}{'MB':>9}{'records/s':>12}{'per CPU s':>14}{'peak MiB':>10}")
    for size in sizes:
        for style in STYLES:
            print(f"{style:<22}{run(size, '--style', style)}", flush=True)
        print(f"{'zh-csv, .gz':<22}{run(size, '--gz')}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["1M"])
