"""At the end of a recording: what the servers wrote, and a dump of every table."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from lab.hosts import Hosts
from lab.opening import SCHEMA, connect

SYSTEM = {
    "primary": "db",
    "replica": "db",
    "redis": "cache",
    "office": "gateway",
    "plant": "gateway",
    "wms": "wms",
    "wcs": "wcs",
    "erp": "erp",
}


def dump_tables(port: int, raw: Path) -> None:
    """Every table of wms, wcs and erp as CSV."""
    for database in ("wms", "wcs", "erp"):
        with connect(port) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name t FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'",
                (database,),
            )
            names = [str(row["t"]) for row in cursor.fetchall()]
        for name in names:
            dump_table(port, f"{database}.{name}", raw / "tables" / f"{database}.{name}.csv")


def dump_table(port: int, table: str, path: Path) -> None:
    r"""One table: header, `\N` for NULL, ordered by its first column."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        connect(port) as connection,
        connection.cursor() as cursor,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
        writer = csv.writer(file)
        writer.writerow([column[0] for column in cursor.description or ()])
        writer.writerows([_text(value) for value in row.values()] for row in cursor.fetchall())


def _text(value: Any) -> Any:
    if value is None:
        return r"\N"
    if hasattr(value, "hour"):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return value


def slow_redis(port: int, raw: Path) -> None:
    """`SLOWLOG GET`, as redis-cli prints it into a file."""
    folder = raw / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["redis-cli", "-p", str(port), "SLOWLOG", "GET", "1024"], capture_output=True, text=True, check=True
    )
    with (folder / "slowlog.txt").open("a", encoding="utf-8") as file:
        file.write(done.stdout)


def copy_logs(work: Path, raw: Path, hosts: Hosts) -> None:
    """Logs of servers and services; the binary log as text, once in Shanghai's time and once in UTC."""
    for name in ("general.log", "slow.log", "error.log"):
        _copy(work / "primary" / name, raw / "db" / name)
    _copy(work / "replica" / "error.log", raw / "db" / "replica-error.log")
    for gateway in ("office", "plant"):
        for name in ("access.json.log", "access.log", "error.log"):
            _copy(work / gateway / name, raw / ("nginx" if gateway == "office" else gateway) / name)
    _copy(work / "logs" / "monitor.out", raw / "redis" / "monitor.log")
    for path in sorted((work / "service-logs").glob("*.log")):
        folder = "pda" if path.stem.startswith("PDA") else path.stem
        _copy(path, raw / folder / path.name)
    binlogs = sorted(path for path in (work / "primary").glob("mariadb-bin.*") if path.suffix[1:].isdigit())
    for zone, name in (("Asia/Shanghai", "binlog.sql"), ("UTC", "binlog.utc.sql")):
        with (raw / "db" / name).open("wb") as file:
            command = ["mysqlbinlog", "--no-defaults", "-v", "--base64-output=DECODE-ROWS", "--database=wms", *map(str, binlogs)]
            subprocess.run(command, stdout=file, env=os.environ | {"TZ": zone}, check=True)
    _copy(SCHEMA, raw / "schema.sql")
    described = {host: {"system": SYSTEM.get(host, "scanner")} for host in hosts.skews}
    (raw / "hosts.json").write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
