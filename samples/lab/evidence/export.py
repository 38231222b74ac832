"""From a recording to what a support team would have.

Nothing is interpreted: every table is shown in the clock of the host that wrote it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lab.evidence import chinese, english, sap, servers
from lab.evidence.raw import Raw
from lab.evidence.surface import zipped

LARGE = 60_000
"""Bytes from which a file is compressed before it is sent."""
_COMPRESSED = (".gz", ".xz", ".xlsx")

Style = Callable[[Raw], Iterator[tuple[str, bytes]]]
STYLES: dict[str, tuple[Style, str, str]] = {
    "chinese": (chinese.files, "binlog.sql", "access.json.log"),
    "english": (english.files, "binlog.utc.sql", "access.log"),
    "sap": (sap.files, "binlog.sql", "access.json.log"),
}
"""A style's tables, the zone in which its database team printed the binlog, and the layout of its gateways' logs."""


def export(out: Path, style: str, left_out: Sequence[str] = ()) -> None:
    """Write `out/evidence` from `out/raw`.

    Args:
        out: the recording's folder.
        style: a key of `STYLES`.
        left_out: beginnings of names that nobody collected, such as `db/general`.
    """
    raw = Raw(out / "raw")
    tables, binlog, gateway = STYLES[style]
    evidence = out / "evidence"
    shutil.rmtree(evidence, ignore_errors=True)
    for name, data in [*tables(raw), *servers.files(raw, binlog=binlog, gateway=gateway)]:
        if name.startswith(tuple(left_out)):
            continue
        sent, content = (
            (f"{name}.gz", zipped(data)) if len(data) > LARGE and not name.endswith(_COMPRESSED) else (name, data)
        )
        path = evidence / sent
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
