"""`python -m lab.evidence OUT [--style chinese|english|sap]`: write `OUT/evidence` from `OUT/raw`."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.evidence.export import STYLES, export

parser = argparse.ArgumentParser(
    prog="python -m lab.evidence", description="What a support team would have of a recording."
)
parser.add_argument("out", type=Path, help="folder of the recording")
parser.add_argument("--style", choices=STYLES, default="chinese", help="whose exports")
parser.add_argument(
    "--leave-out",
    nargs="*",
    default=(),
    metavar="NAME",
    help="beginnings of names that nobody collected: db/general, db/binlog, pda/PDA",
)
options = parser.parse_args()
export(options.out, options.style, options.leave_out)
