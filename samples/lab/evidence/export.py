"""From a recording to what a support team would have: `python samples/lab/evidence/export.py OUT --style chinese|english|sap`.

Reads `OUT/raw`, writes `OUT/evidence`. Nothing is interpreted: every table is shown in the clock of the host that wrote it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.evidence import chinese, english, sap, servers
from lab.evidence.raw import Raw

Style = Callable[[Raw], Iterator[tuple[str, bytes]]]
STYLES: dict[str, tuple[Style, str, str]] = {
    "chinese": (chinese.files, "binlog.sql", "access.json.log"),
    "english": (english.files, "binlog.utc.sql", "access.log"),
    "sap": (sap.files, "binlog.sql", "access.json.log"),
}
"""A style's tables, the zone in which its database team printed the binlog, and the layout of its gateways' logs."""


def export(out: Path, style: str) -> None:
    """Write `out/evidence` from `out/raw`.

    Args:
        out: the recording's folder.
        style: a key of `STYLES`.
    """
    raw = Raw(out / "raw")
    tables, binlog, gateway = STYLES[style]
    evidence = out / "evidence"
    shutil.rmtree(evidence, ignore_errors=True)
    for name, data in [*tables(raw), *servers.files(raw, binlog=binlog, gateway=gateway)]:
        path = evidence / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the recording")
    parser.add_argument("--style", choices=STYLES, default="chinese")
    options = parser.parse_args()
    export(options.out, options.style)


if __name__ == "__main__":
    main()
