"""Logs that go into the evidence as the servers wrote them: rotated and compressed as on a real host, otherwise untouched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from lab.evidence.raw import Raw
from lab.evidence.surface import json_lines, packed, rotated, torn

_JSON = rb"\{"
_STAMP = rb"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d"
_LINES = {
    "nginx/access.json.log": _JSON, "nginx/access.log": rb"\S", "plant/access.json.log": _JSON, "plant/access.log": rb"\S",
    "wms/wms.log": _STAMP, "wcs/wcs.log": _STAMP, "erp/erp.log": _STAMP,
}  # fmt: skip
_WHOLE = (
    "db/slow.log", "db/error.log", "db/innodb_status.txt", "db/replica_status.txt", "db/replica_heartbeat.csv",
    "redis/slowlog.txt", "redis/monitor.log", "nginx/error.log", "plant/error.log",
)  # fmt: skip
_FOLDERS = {"plant": "nginx-plant"}
"""Where a gateway's files lie on the log server; the others keep their folder's name."""


def files(raw: Raw, *, binlog: str, gateway: str) -> Iterator[tuple[str, bytes]]:
    """Names below the evidence folder and contents.

    Args:
        raw: the recording.
        binlog: `binlog.sql` (printed in Shanghai time) or `binlog.utc.sql` (in UTC).
        gateway: which of the gateways' two access logs: `access.json.log` or `access.log`. One host writes one of them.
    """
    other = {"access.json.log", "access.log"} - {gateway}
    for name, start in _LINES.items():
        data = raw.bytes(name)
        if data and PurePosixPath(name).name not in other:
            for part, content in rotated(_place(name), data, start, parts=5).items():
                yield part, torn(content) if part == _place("nginx/access.json.log") else content
    for name in _WHOLE:
        data = raw.bytes(name)
        if data and data.count(b"\n") > 1:  # one line is a heading with nothing below
            yield _place(name), data
    if waits := _lock_waits(raw):
        yield "db/lock_waits.jsonl", json_lines(waits)
    if data := raw.bytes("db/general.log"):
        yield "db/general.log.xz", packed(data)
    for number, text in enumerate(_per_binlog(raw.bytes(f"db/{binlog}") or b""), 1):
        yield f"db/binlog.{number:06d}.txt.xz", packed(text)
    yield "db/schema.sql", re.sub(r"\s*--[^\n]*", "", raw.schema).encode()
    for name in raw.matching("pda/*.log"):
        yield name, raw.bytes(name) or b""


def _per_binlog(text: bytes) -> list[bytes]:
    """The text of one server's binlogs, each with the heading that `mysqlbinlog` prints once."""
    heading, *parts = re.split(rb"(?m)^(?=DELIMITER /\*!\*/;\n# at 4\n)", text)
    return [heading + part for part in parts]


def _lock_waits(raw: Raw) -> list[dict[str, Any]]:
    """Sampled lock waits as `information_schema` names them."""
    data = raw.bytes("db/lock_waits.csv")
    if not data:
        return []
    waits = pl.read_csv(data, infer_schema=False)
    names = {"waiting_trx": "waiting_trx_id", "wait_started": "trx_wait_started", "blocking_trx": "blocking_trx_id"}
    return waits.rename(names).to_dicts()


def _place(name: str) -> str:
    folder, _, file = name.partition("/")
    return f"{_FOLDERS.get(folder, folder)}/{file}"
