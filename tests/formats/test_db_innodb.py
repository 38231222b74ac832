"""What InnoDB prints: stored rows decoded, waits and holders, deadlocks and who was rolled back, in all the spellings of the servers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from formats.real import DATA, read
from hypothesis import given
from hypothesis import strategies as st

from forensics.formats.context import SourceContext
from forensics.readers.ddl import create_statements, declared_tables, find_table
from forensics.readers.innodb_rows import Stored, decimal, decode, fields, plausible
from forensics.readers.innodb_status import InnodbStatus
from forensics.readers.mysql_error_log import MysqlErrorLog

MARIADB = DATA / "recorded/mariadb10.11"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")


def packed(number: Decimal, precision: int, scale: int) -> bytes:
    """A DECIMAL as the server stores it, written from the manual's description and independent of the reader."""
    sizes = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)
    digits = f"{abs(number):.{scale}f}".replace(".", "").zfill(precision)
    whole, part = digits[: precision - scale], digits[precision - scale :]
    lead = len(whole) % 9
    groups = [whole[:lead]] * bool(lead) + [whole[i : i + 9] for i in range(lead, len(whole), 9)]
    groups += [part[i : i + 9] for i in range(0, len(part), 9)]
    data = bytearray(b"".join(int(group).to_bytes(sizes[len(group)], "big") for group in groups))
    data[0] ^= 0x80
    return bytes(byte ^ 0xFF for byte in data) if number < 0 else bytes(data)


@given(data=st.data(), scale=st.integers(0, 12), whole=st.integers(1, 18))
def test_every_decimal_reads_back(data: st.DataObject, scale: int, whole: int) -> None:
    limit = 10 ** (whole + scale) - 1
    number = Decimal(data.draw(st.integers(-limit, limit))).scaleb(-scale)
    text = decimal(packed(number, whole + scale, scale), whole + scale, scale)
    assert text is not None
    assert Decimal(text) == number


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("80000009", "9"),
        ("7fffffff", "-1"),
        ("00000001", "1"),
        ("8000000000000abc", "2748"),
        ("61313233343536", "a123456"),
        ("e8b4a7e4bd8d", "货位"),
        ("99bb6d27eb2396", "2026-11-22 18:31:43.911"),
        ("800000630000", "99.000"),
        ("", ""),
        ("0102030405060708090a", "0x0102030405060708090a"),
    ],
)
def test_undeclared_columns_are_what_their_bytes_can_only_be(stored: str, value: str) -> None:
    assert plausible(Stored(bytes.fromhex(stored))) == value


DUMP = """ PHYSICAL RECORD: n_fields 8; compact format; info bits 0
 0: len 4; hex 80000009; asc     ;;
 1: len 6; hex 0000000003cc; asc       ;;
 2: len 7; hex 610000013e0110; asc a   >  ;;
 3: len 5; hex 3130303233; asc 10023;;
 4: len 30; hex e8b4a7e4bd8de8b4a7e4bd8de8b4a7e4bd8de8b4a7e4bd8de8b4a7e4bd; asc \n  ; (total 60 bytes);
 5: len 4; hex 00000007; asc     ;;
 6: SQL NULL;
 7: len 1; hex 81; asc  ;;
"""


def test_declared_columns_have_their_names_types_and_storage_order() -> None:
    tables = declared_tables(
        "CREATE TABLE `w`.`stock` (`sku` varchar(32) COMMENT 'a (b), c', note text, n int unsigned, gone date,"
        " twice int AS (n * 2) VIRTUAL, flag tinyint, `id` int, PRIMARY KEY (`id`), KEY k (sku(5))) ENGINE=InnoDB"
    )
    table = find_table(tables, "other.stock")
    assert table is not None
    row = decode(fields(DUMP), table.columns, table.key)
    assert row.values == {"id": "9", "sku": "10023", "note": "货位货位货位货位货…", "n": "7", "gone": None, "flag": "1"}
    assert (row.writer, row.inferred) == ("972", False)


def test_a_declaration_of_another_width_is_not_used() -> None:
    table = declared_tables("CREATE TABLE stock (id int primary key, sku varchar(3))")["stock"]
    row = decode(fields(DUMP), table.columns, table.key)
    assert row.inferred
    assert list(row.values) == ["@1", "@2", "@3", "@4", "@5", "@6"]


def test_two_schemas_with_different_tables_of_one_name_settle_nothing() -> None:
    tables = declared_tables("USE a;\nCREATE TABLE t (x int);\nUSE b;\nCREATE TABLE t (y int);\n")
    assert find_table(tables, "b.t") == tables["b.t"]
    assert find_table(tables, "c.t") is None


def test_statements_are_found_wherever_they_stand() -> None:
    general = "\t\t     5 Query\tCREATE TABLE w.t(id INT,name VARCHAR(9) DEFAULT ')')\n\t\t     5 Query\tUSE w\n"
    shown = "*** 1. row ***\n       Table: u\nCreate Table: CREATE TABLE `u` (\n  `id` int\n) ENGINE=InnoDB\n"
    found, _ = create_statements(general + shown + "CREATE TABLE cut (id int, na")
    assert found == [
        "CREATE TABLE w.t (id INT,name VARCHAR(9) DEFAULT ')');",
        "USE w;",
        "CREATE TABLE `u` (\n  `id` int\n);",
    ]


def context() -> SourceContext:
    return SourceContext(zone="Asia/Shanghai", ddl=(MARIADB / "general.log").read_text)


@needs_data
@pytest.mark.parametrize(("reader", "name"), [(MysqlErrorLog, "error.log"), (InnodbStatus, "innodb_status.txt")])
def test_the_recorded_deadlock_with_its_rows_by_name(reader: type, name: str) -> None:
    records = read(MARIADB / name).records
    events = reader(context()).parse(records).events
    dead = events.filter(pl.col("action") == "deadlock").sort("part")
    assert dead.select("txn", "outcome", "sku", "location", "table_name").rows() == [
        ("971", "fail", "S09-DEADB", "A-01", "wms.stock"),
        ("972", "ok", "S08-DEADA", "A-01", "wms.stock"),
    ]
    assert dead["ts"].to_list() == [datetime(2026, 11, 22, 10, 32, 2, tzinfo=UTC)] * 2
    (rolled_back,) = events.filter(pl.col("action") == "rollback").to_dicts()
    assert rolled_back["txn"] == "971"
    # 99 was written and never committed: 100 stood in the table before and after
    (row,) = json.loads(rolled_back["extra"])["uncommitted"]
    assert (row["sku"], row["qty"], row["version"]) == ("S08-DEADA", "99.000", "1")


@needs_data
def test_waiters_name_who_holds_them_up() -> None:
    events = InnodbStatus(context()).parse(read(MARIADB / "innodb_status.txt").records).events
    waits = events.filter((pl.col("action") == "wait") & (pl.col("txn") == "752"))
    assert waits.select("sku", "table_name").rows() == [("S03-DUP", "wms.stock")]
    assert json.loads(waits["extra"][0])["blocking_txn"] == "745"
    blocked = events.filter((pl.col("action") == "wait") & (pl.col("sku") == "S10-LOCKW"))
    assert blocked.height == 21
    assert blocked["duration_ms"].min() > 0


@needs_data
def test_mysql_8_deadlock_of_a_public_report() -> None:
    events = read(DATA / "samples/snippets/innodb_deadlock_mysql80_id2095427574.txt").events
    dead = events.filter(pl.col("action") == "deadlock").sort("part")
    assert dead["txn"].to_list() == ["127820", "127821"]
    assert dead["outcome"].to_list() == ["ok", "fail"]
    held = json.loads(dead["extra"][0])["locks"][0]
    assert (held["role"], held["rows"]) == ("holds", [{"@1": "1", "@2": "a123456", "@3": "Jackson"}])


def test_snapshots_after_a_deadlock_still_tell_of_their_transactions(tmp_path: Path) -> None:
    snapshot = """2026-03-11 09:14:0{n} 0x77 INNODB MONITOR OUTPUT
------------
LATEST DETECTED DEADLOCK
------------------------
2026-03-11 09:00:00 0x77
*** (1) TRANSACTION:
TRANSACTION 5, ACTIVE 1 sec
*** (2) TRANSACTION:
TRANSACTION 6, ACTIVE 1 sec
*** WE ROLL BACK TRANSACTION (1)
------------
TRANSACTIONS
------------
---TRANSACTION 9, ACTIVE 4{n} sec
2 lock struct(s), heap size 1128, 1 row lock(s)
MySQL thread id 8, OS thread handle 1, query id 1 localhost wms
---TRANSACTION 421298126309664, not started
0 lock struct(s), heap size 1128, 0 row lock(s)
"""
    file = tmp_path / "status.txt"
    file.write_text(snapshot.format(n=1) + snapshot.format(n=2))
    from forensics.formats.load import load_formats
    from forensics.formats.samples import parse_sample
    from forensics.formats.spec import Sample

    events = parse_sample(load_formats().get("innodb-status"), Sample(file.read_text())).events
    assert events.filter(pl.col("action") == "deadlock").height == 2
    holds = events.filter(pl.col("action") == "hold").sort("line")
    assert holds["txn"].to_list() == ["9", "9"]
    assert holds["duration_ms"].to_list() == [41_000.0, 42_000.0]
    assert holds["ts"].n_unique() == 1
