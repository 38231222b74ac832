"""Each carrier and a format of each kind against the bare one-liner of its kind: the shortest Polars, DuckDB or Python that reads the same rows.

    python benchmarks/carriers.py [--size-mb 64] [--repeat 2] [--dir DIR] [NAME …]

Whole processes, wall time, best of `--repeat`; `ratio` is the bare reader's time over the ingest's (1.0: as fast as the one-liner, which keeps no line, offset,
account, hash or mapping). The aim is 0.4 at least.
"""

from __future__ import annotations

import argparse
import csv
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest import ingest, measure

Row = dict[str, str | int | None]

_POLARS = "import polars as pl; "
_DUCK = "import duckdb; duckdb.sql(\"COPY (SELECT * FROM {}) TO '{}' (FORMAT parquet, COMPRESSION zstd)\")"
_DUMP = (
    "import re, sys, polars as pl; rows = [re.findall(r\"'((?:[^'\\\\]|\\\\.|'')*)'|([^,()]+)\", row) for line in open(sys.argv[1], encoding='utf-8') if line.startswith('INSERT') "
    "for row in re.findall(r\"\\(((?:[^()']|'(?:[^'\\\\]|\\\\.)*')*)\\)\", line.split('VALUES', 1)[1])]; "
    "pl.DataFrame({str(i): [row[i][0] or row[i][1] for row in rows] for i in range(len(rows[0]))}).write_parquet(sys.argv[2])"
)
_COPY = _POLARS + (
    "pl.scan_lines({0!r}).filter(pl.col('line').str.contains('\\t')).select(pl.col('line').str.split('\\t').list.to_struct(fields=[str(i) for i in range(12)])).unnest('line').sink_parquet({1!r})"
)
_SQLITE = "import sqlite3, polars as pl; c = sqlite3.connect({0!r}).execute('SELECT * FROM wms_inventory_history'); n = [d[0] for d in c.description]; pl.DataFrame(c.fetchall(), schema=n, orient='row', infer_schema_length=None).write_parquet({1!r})"
_XLSX = "import fastexcel; fastexcel.read_excel({0!r}).load_sheet(0).to_polars().write_parquet({1!r})"


def rows(count: int) -> Iterator[Row]:
    """A stock ledger as wms-ruoyi keeps it."""
    for i in range(count):
        change = -(i % 7) - 1 if i % 3 else i % 40
        yield {
            "id": 9000 + i, "warehouse_id": 1, "sku_id": 500 + i % 97, "quantity": change, "before_quantity": 1000, "after_quantity": 1000 + change,
            "amount": None, "remark": "拣货出库" if i % 3 else "采购入库", "order_id": i, "order_no": f"CK0311{i % 9999:04}", "order_type": 2 if i % 3 else 1,
            "create_time": f"2026-03-11 {i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}.{i % 1000:03}",
        }  # fmt: skip


def _csv(path: Path, data: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for i, row in enumerate(data):
            if i == 0:
                writer.writerow(row)
            writer.writerow(["" if value is None else value for value in row.values()])


def _jsonl(path: Path, data: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in data)


def _array(path: Path, data: Iterator[Row], indent: int | None = None) -> None:
    with path.open("w", encoding="utf-8") as out:
        for i, row in enumerate(data):
            out.write(
                ("[" if i == 0 else ", " if indent is None else ",\n")
                + json.dumps(row, ensure_ascii=False, indent=indent)
            )
        out.write("]\n")


def _pretty(path: Path, data: Iterator[Row]) -> None:
    _array(path, data, 2)


def _literal(value: str | int | None) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


def _dump(path: Path, data: Iterator[Row], together: int = 2000) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write("-- MySQL dump 10.13\n")
        for i, row in enumerate(data):
            if i % together == 0:
                out.write(
                    (";\n" if i else "")
                    + f"INSERT INTO `wms_inventory_history` ({','.join(f'`{name}`' for name in row)}) VALUES "
                )
            out.write(("," if i % together else "") + "(" + ",".join(map(_literal, row.values())) + ")")
        out.write(";\n")


def _singles(path: Path, data: Iterator[Row]) -> None:
    _dump(path, data, 1)


def _copy(path: Path, data: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write("-- PostgreSQL database dump\n")
        for i, row in enumerate(data):
            if i == 0:
                out.write(f"COPY public.wms_inventory_history ({', '.join(row)}) FROM stdin;\n")
            out.write("\t".join("\\N" if value is None else str(value) for value in row.values()) + "\n")
        out.write("\\.\n")


def _sqlite(path: Path, data: Iterator[Row]) -> None:
    with sqlite3.connect(path) as connection:
        first = next(data)
        connection.execute(f"CREATE TABLE wms_inventory_history ({', '.join(first)})")
        insert = f"INSERT INTO wms_inventory_history VALUES ({','.join('?' * len(first))})"
        connection.execute(insert, list(first.values()))
        connection.executemany(insert, (list(row.values()) for row in data))
    connection.close()


def _xlsx(path: Path, data: Iterator[Row]) -> None:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("流水")
    for i, row in enumerate(data):
        if i == 0:
            sheet.append(list(row))
        sheet.append(list(row.values()))
    book.save(path)


def _telegrams(path: Path, data: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for i, _ in enumerate(data):
            out.write(
                f"CONV01..EWM1....WTCO{i:010}R.____{369012345000000000 + i:018}..10-01-02..........20-05-01..........\n"
            )


@dataclass(frozen=True)
class Carrier:
    """How the rows are written, and the bare one-liner that reads them (`{0}`: the file, `{1}`: the Parquet file)."""

    suffix: str
    write: Callable[[Path, Iterator[Row]], None]
    bare: str
    bytes_a_row: int


CARRIERS = {
    "csv": Carrier(".csv", _csv, _POLARS + "pl.scan_csv({0!r}, infer_schema=False).sink_parquet({1!r})", 90),
    "json-lines": Carrier(".jsonl", _jsonl, _DUCK.format("read_json('{0}', format = 'newline_delimited')", "{1}"), 290),
    "json-array": Carrier(".json", _array, _DUCK.format("read_json('{0}', format = 'array')", "{1}"), 290),
    "json-pretty": Carrier(".json", _pretty, _DUCK.format("read_json('{0}', format = 'array')", "{1}"), 330),
    "dump-extended": Carrier(".sql", _dump, _DUMP, 110),
    "dump-one-a-row": Carrier(".sql", _singles, _DUMP, 290),
    "pg-copy": Carrier(".sql", _copy, _COPY, 90),
    "sqlite": Carrier(".db", _sqlite, _SQLITE, 100),
    "xlsx": Carrier(".xlsx", _xlsx, _XLSX, 90),
    "fixed-width": Carrier(".log", _telegrams, _POLARS + "pl.scan_lines({0!r}).with_columns(pl.col('line').str.extract_groups('^(.{{8}})(.{{8}})(.{{4}})(.{{10}})(.{{2}})(.{{4}})(.{{20}})(.{{18}})(.{{0,18}})$')).unnest('line').sink_parquet({1!r})", 93),
}  # fmt: skip


def main() -> None:
    """Generate, run in turns, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(CARRIERS), metavar="NAME")
    parser.add_argument("--size-mb", type=int, default=64, help="megabytes of text; of a workbook a tenth")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary folder)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        work = Path(folder)
        print(
            f"{'carrier':<16}{'rows':>10}{'MB':>7}{'bare s':>9}{'ingest s':>10}{'MB/s':>7}{'rows/s':>10}{'peak MiB':>10}{'ratio':>7}"
        )
        for name in given.names:
            carrier = CARRIERS[name]
            count = given.size_mb * 1_000_000 // carrier.bytes_a_row // (10 if name == "xlsx" else 1)
            source, target = work / f"{name}{carrier.suffix}", work / "bare.parquet"
            carrier.write(source, rows(count))
            code = carrier.bare if carrier.bare is _DUMP else carrier.bare.format(str(source), str(target))
            bare = min(measure([sys.executable, "-c", code, source, target]).seconds for _ in range(given.repeat))
            runs = [ingest(source, work) for _ in range(given.repeat)]
            best, peak, size = (
                min(run.seconds for run in runs),
                max(run.peak_mib for run in runs),
                source.stat().st_size / 1e6,
            )
            print(
                f"{name:<16}{count:>10,}{size:>7.0f}{bare:>9.2f}{best:>10.2f}{size / best:>7.1f}{count / best:>10,.0f}{peak:>10.0f}{bare / best:>7.2f}",
                flush=True,
            )
            source.unlink()


if __name__ == "__main__":
    main()
