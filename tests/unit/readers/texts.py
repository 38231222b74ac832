"""Binary log texts for the reader's tests, and their framing."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from forensics.formats.load import load_formats
from forensics.formats.samples import framed
from forensics.readers import READERS, Parsed, SourceContext


def records(text: str, format_id: str = "mysqlbinlog") -> pl.DataFrame:
    """The records of `text`, framed as the shipped format says."""
    return framed(text.strip("\n").split("\n"), 0, load_formats().get(format_id))


def parse(
    text: str, *, zone: str = "Asia/Shanghai", name: str = "bin.txt", format_id: str = "mysqlbinlog", chunk: int = 0
) -> Parsed:
    """Parse `text` at once, or `chunk` records at a time."""
    whole = records(text, format_id)
    reader = READERS[load_formats().get(format_id).record.reader or ""](SourceContext(zone=zone, name=name))
    step = chunk or max(whole.height, 1)
    parts = [reader.parse(whole.slice(at, step)) for at in range(0, whole.height, step)]
    return Parsed(
        pl.concat([part.events for part in parts], how="diagonal").sort("line", "part"),
        pl.concat([part.rejects for part in parts], how="vertical"),
    )


def changes(text: str, **options: Any) -> list[dict[str, Any]]:
    """The row changes, with `extra` unpacked."""
    rows = parse(text, **options).events.filter(pl.col("kind") == "change").to_dicts()
    return [row | {"extra": json.loads(row["extra"])} for row in rows]


def head(time: str, pos: int, what: str) -> str:
    """An event header."""
    return f"#{time} server id 1  end_log_pos {pos} CRC32 0x00000001 \t{what}\n"


def ddl(pos: int, statement: str, *, time: str = "260311  9:00:00", epoch: int = 1773190800, use: str = "w") -> str:
    """A transaction that changes the schema."""
    return (
        head(time, pos, f"GTID 0-1-{pos} ddl")
        + head(time, pos + 1, "Query\tthread_id=5\texec_time=0\terror_code=0")
        + f"use `{use}`/*!*/;\nSET TIMESTAMP={epoch}/*!*/;\n{statement}\n/*!*/;\n"
    )


def image(section: str, values: dict[int, str]) -> str:
    """One row image."""
    return f"### {section}\n" + "".join(f"###   @{at}={value}\n" for at, value in values.items())


def update(table: str, before: dict[int, str], after: dict[int, str]) -> str:
    """The pseudo-SQL of an update."""
    return f"### UPDATE `w`.`{table}`\n" + image("WHERE", before) + image("SET", after)


def insert(table: str, after: dict[int, str]) -> str:
    """The pseudo-SQL of an insert."""
    return f"### INSERT INTO `w`.`{table}`\n" + image("SET", after)


def txn(
    pos: int, body: str, *, statement: str = "", time: str = "260311  9:00:05", flags: str = "", table: str = "stock"
) -> str:
    """A transaction with one row event."""
    said = head(time, pos + 1, "Annotate_rows:") + f"#Q> {statement}\n" if statement else ""
    return (
        head(time, pos, f"GTID 0-1-{pos} trans")
        + "START TRANSACTION\n/*!*/;\n"
        + said
        + head(time, pos + 2, f"Table_map: `w`.`{table}` mapped to number 18{flags}")
        + head(time, pos + 3, "Update_rows: table id 18 flags: STMT_END_F")
        + body
        + head(time, pos + 4, f"Xid = {pos}")
        + "COMMIT/*!*/;\n"
    )


STOCK = "CREATE TABLE stock(id INT PRIMARY KEY, sku VARCHAR(32), loc VARCHAR(16), qty DECIMAL(12,3) NOT NULL, version INT, KEY k(sku, loc))"
