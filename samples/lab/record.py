"""Record a warehouse: start it, let it work and go wrong, stop it, write down what its logs say and what really happened.

    python samples/lab/record.py OUT [--hours 3] [--days 1] [--speed 60] [--seed 1] [--faults all] [--rate 1] [--guards mixed]

Writes `OUT/raw/` (logs and tables), `OUT/evidence/` (what a support team would have), `OUT/truth.json`, and `OUT/journal/` (what the truth was compiled from).
Everything runs on 127.0.0.1 in a temporary folder and is stopped at the end, on Ctrl-C and on errors.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.processes import LabError
from lab.recording import Plan, record


def main() -> int:
    """Exit code 0, or 2 where the lab could not be set up or a story failed."""
    options = _options()
    plan = Plan(
        begin=options.begin, hours=options.hours, days=options.days, speed=options.speed, seed=options.seed, faults=tuple(options.faults.split(",")),
        rate=options.rate, load=options.load, guarded=options.guards == "on", style=options.style, general_log=not options.no_general_log,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.suppress(PermissionError):
        os.nice(
            -5
        )  # a lab second is a few milliseconds: whoever else works on this machine would look like slow servers
    work = Path(tempfile.mkdtemp(prefix="warehouse-lab-"))
    work.chmod(0o755)  # the database servers run as a user of their own
    began = time.monotonic()
    try:
        truth = record(plan, options.out, work)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    found: dict[str, int] = {}
    for fault in truth["faults"]:
        found[fault["cause"]] = found.get(fault["cause"], 0) + 1
    print(
        json.dumps(
            {
                "faults": dict(sorted(found.items())),
                "innocent": len(truth["innocent"]),
                "seconds": round(time.monotonic() - began),
            }
        )
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write; must not hold a recording yet")
    parser.add_argument("--begin", default="2026-03-11 08:00", help="lab time at which the first shift begins")
    parser.add_argument("--hours", type=float, default=3, help="length of a shift in lab hours")
    parser.add_argument("--days", type=int, default=1, help="number of shifts; nights are skipped")
    parser.add_argument("--speed", type=float, default=60, help="lab seconds per real second")
    parser.add_argument("--seed", type=int, default=1, help="of intentions; races stay free")
    parser.add_argument("--faults", default="all", help="all, none, or causes and story names, separated by commas")
    parser.add_argument("--rate", type=float, default=1, help="how often stories are told")
    parser.add_argument("--load", type=float, default=1, help="how busy normal work is")
    parser.add_argument(
        "--guards", choices=("mixed", "on"), default="mixed", help="whether normal work meets unsound handlers too"
    )
    parser.add_argument(
        "--style", default="chinese", help="surface of the evidence: chinese, english, sap; none: raw only"
    )
    parser.add_argument("--no-general-log", action="store_true", help="leave MariaDB's general log off")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
