"""`forensics ingest` against the bare Polars pipeline: whole processes, wall time and peak memory, text and gzip.

    python benchmarks/ingest.py [--size-mb 256] [--repeat 3] [--dir DIR]

Each figure is the best of `--repeat` runs, taken in turns so that both meet the same machine. Peak memory is the
process's own high-water mark as the kernel reports it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from generate import write

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Run:
    """One process: seconds of wall time, MiB of peak memory, seconds of processor time (user and system)."""

    seconds: float
    peak_mib: float
    cpu: float


def measure(command: list[str | Path]) -> Run:
    """Run a command to its end; raises if it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{command} ended with {process.returncode}\n{errors.read().decode(errors='replace')}")
    per_mib = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Run(seconds, usage.ru_maxrss / per_mib, usage.ru_utime + usage.ru_stime)


def bare(source: Path, work: Path) -> Run:
    """The baseline, in a process of its own."""
    return measure([sys.executable, HERE / "bare_polars.py", source, work / "bare.parquet"])


def ingest(source: Path, work: Path) -> Run:
    """The product, into a fresh case."""
    shutil.rmtree(work / "case", ignore_errors=True)
    return measure(
        [
            sys.executable,
            "-m",
            "forensics",
            "ingest",
            source,
            "--case",
            work / "case",
            "--formats",
            HERE / "formats",
            "--format",
            "json",
        ]
    )


def main() -> None:
    """Generate, run in turns, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size-mb", type=int, default=256, help="megabytes of text")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary folder)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        work = Path(folder)
        print(f"{'input':<12}{'what':<16}{'seconds':>9}{'MB/s':>9}{'peak MiB':>10}{'ratio':>8}")
        for name in ("wcs.log", "wcs.log.gz"):
            source = work / name
            write(source, given.size_mb)
            runs: dict[str, list[Run]] = {"bare polars": [], "forensics": []}
            for _ in range(given.repeat):
                runs["bare polars"].append(bare(source, work))
                runs["forensics"].append(ingest(source, work))
            base = min(run.seconds for run in runs["bare polars"])
            for what, taken in runs.items():
                best = min(run.seconds for run in taken)
                peak = max(run.peak_mib for run in taken)
                print(f"{name:<12}{what:<16}{best:>9.2f}{given.size_mb / best:>9.1f}{peak:>10.0f}{best / base:>8.2f}")
            source.unlink()


if __name__ == "__main__":
    main()
