"""The binary log reader against every trap that its text sets."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.readers.texts import STOCK, changes, ddl, head, insert, parse, records, txn, update

ROW = {1: "11", 2: "'10023'", 3: "'A-01'", 4: "100.000", 5: "0"}
SOLD = ROW | {4: "95.000", 5: "1"}


def test_a_stock_row_has_its_entities_and_its_balance() -> None:
    (row,) = changes(ddl(100, STOCK) + txn(200, update("stock", ROW, SOLD)))
    assert (row["table_name"], row["action"], row["txn"]) == ("w.stock", "update", "0-1-200")
    assert (row["sku"], row["location"], row["version"]) == ("10023", "A-01", "1")
    assert (row["qty_before"], row["qty_after"]) == (Decimal(100), Decimal(95))
    assert row["log_position"] == "bin.txt:000000000203"
    assert row["extra"]["before"] == {"id": "11", "sku": "10023", "loc": "A-01", "qty": "100.000", "version": "0"}


def test_a_ledger_row_has_its_delta_and_no_balance_of_stock() -> None:
    table = "CREATE TABLE ledger(id INT, sku VARCHAR(9), delta DECIMAL(9,3), qty_before DECIMAL(9,3), qty_after DECIMAL(9,3), request_id VARCHAR(9))"
    body = insert("ledger", {1: "1", 2: "'10023'", 3: "-5.000", 4: "100.000", 5: "95.000", 6: "'R-1'"})
    (row,) = changes(ddl(100, table) + txn(200, body, table="ledger"))
    assert (row["qty"], row["request_id"]) == (Decimal(-5), "R-1")
    assert row["extra"]["after"]["qty_after"] == "95.000"
    assert row.get("qty_before") is None
    assert row.get("qty_after") is None


def test_an_order_table_with_a_sku_and_a_quantity_keeps_no_balance() -> None:
    table = "CREATE TABLE order_line(id INT, order_no VARCHAR(9), line_no INT, sku VARCHAR(9), qty INT)"
    (row,) = changes(
        ddl(100, table) + txn(200, insert("order_line", {1: "1", 2: "'CK1'", 3: "1", 4: "'10023'", 5: "5"}))
    )
    assert row.get("qty_after") is None
    assert (row["doc"], row["qty"]) == ("CK1", 5)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("'it's \\ a \"test\" @3=9'", 'it\'s \\ a "test" @3=9'),
        ("NULL", None),
        ("'NULL'", "NULL"),
        ("-1 (18446744073709551615)", "-1"),
        ("'2026:02:28'", "2026-02-28"),
        ("'-12:30:00.500'", "-12:30:00.500"),
        ("1767294245.678", "1767294245.678"),
        ("b'00000011'", "b'00000011'"),
        ("'a\\x0ab'", "a\nb"),
        ("''", ""),
        ("'x' /* VARSTRING(32) meta=32 nullable=0 is_null=0 */", "x"),
        ("2 /* ENUM(1 byte) meta=63233 nullable=1 is_null=0 */", "2"),
        ("NULL /* BLOB/TEXT meta=2 nullable=1 is_null=1 */", None),
        ("'fake /* INT meta=0 nullable=0 is_null=0 */'", "fake /* INT meta=0 nullable=0 is_null=0 */"),
    ],
)
def test_a_value_ends_where_its_line_ends(written: str, meant: str | None) -> None:
    (row,) = changes(ddl(100, STOCK) + txn(200, insert("stock", ROW | {2: written})))
    assert row["extra"]["after"]["sku"] == meant
    assert row.get("sku") == meant


def test_rows_inside_a_statement_are_no_rows() -> None:
    fake = insert("stock", ROW).replace("\n", " \n")
    statement = head("260311  9:00:06", 300, "GTID 0-1-300 trans") + head(
        "260311  9:00:06", 301, "Query\tthread_id=5\texec_time=0"
    )
    statement += f"SET TIMESTAMP=1773190806/*!*/;\nUPDATE t SET note='\n{fake}'\n/*!*/;\n"
    parsed = parse(ddl(100, STOCK) + statement)
    assert set(parsed.events["kind"]) == {"log"}


@pytest.mark.parametrize(("zone", "printed"), [("Asia/Shanghai", "UTC"), ("Europe/Berlin", "Asia/Shanghai")])
def test_absolute_times_tell_where_the_text_was_printed(zone: str, printed: str) -> None:
    hours = {"UTC": "1:00", "Asia/Shanghai": "9:00"}[printed]
    text = txn(50, update("stock", ROW, SOLD), time=f"260311  {hours}:05") + ddl(100, STOCK, time=f"260311  {hours}:00")
    text += txn(200, update("stock", SOLD, ROW), time=f"260311  {hours}:07")
    assert [str(row["ts"]) for row in changes(text, zone=zone)] == [
        "2026-03-11 01:00:05+00:00",
        "2026-03-11 01:00:07+00:00",
    ]


def test_without_any_absolute_time_the_zone_of_the_case_counts() -> None:
    (row,) = changes(txn(50, update("stock", ROW, SOLD)), zone="Europe/Berlin")
    assert str(row["ts"]) == "2026-03-11 08:00:05+00:00"
    assert row["ts_precision"] == "s"


def test_the_commit_time_of_mysql_8_counts() -> None:
    text = head(
        "260311 19:37:52",
        602,
        "Anonymous_GTID\tlast_committed=1\timmediate_commit_timestamp=1773229072431481\ttransaction_length=807",
    )
    text += "SET @@SESSION.GTID_NEXT= '3e11fa47-71ca-11e1-9e33-c80aa9429562:17'/*!*/;\n"
    text += head("260311 19:37:45", 691, "Update_rows: table id 18 flags: STMT_END_F") + update("stock", ROW, SOLD)
    text += head("260311 19:37:52", 700, "Xid = 171") + "COMMIT/*!*/;\n"
    (row,) = changes(text)
    assert str(row["ts"]) == "2026-03-11 11:37:52.431481+00:00"
    assert (row["ts_precision"], row["txn"]) == ("us", "3e11fa47-71ca-11e1-9e33-c80aa9429562:17")


def test_several_rows_of_one_event_are_parts_with_their_own_text() -> None:
    body = update("stock", ROW, SOLD) + update("stock", ROW | {1: "12"}, SOLD | {1: "12"})
    first, second = changes(ddl(100, STOCK) + txn(200, body))
    assert (first["part"], second["part"]) == (0, 1)
    assert first["line"] == second["line"]
    assert second["raw"].startswith("### UPDATE `w`.`stock`")
    assert "@1=11" not in second["raw"]
    assert second["extra"]["after"]["id"] == "12"


def test_a_row_of_a_table_that_the_statement_does_not_name_was_made_by_a_trigger() -> None:
    body = update("stock", ROW, SOLD) + insert("summary", {1: "'10023'", 2: "95.000"})
    stock, summary = changes(
        ddl(100, STOCK) + txn(200, body, statement="UPDATE stock SET qty=qty-5", flags=" (has triggers)")
    )
    assert "origin" not in stock["extra"]
    assert summary["extra"]["origin"] == "trigger"
    assert summary["extra"]["statement"] == "UPDATE stock SET qty=qty-5"


def test_without_the_statement_the_flag_of_the_table_tells() -> None:
    body = update("stock", ROW, SOLD) + insert("summary", {1: "'10023'", 2: "95.000"})
    stock, summary = changes(ddl(100, STOCK) + txn(200, body, flags=" (has triggers)"))
    assert "origin" not in stock["extra"]
    assert summary["extra"]["origin"] == "trigger"
    unflagged = changes(ddl(100, STOCK) + txn(200, body))
    assert not any("origin" in row["extra"] for row in unflagged)


def test_a_schema_change_holds_from_its_place_on() -> None:
    text = ddl(100, STOCK) + txn(200, insert("stock", ROW))
    text += ddl(300, "ALTER TABLE stock ADD COLUMN batch VARCHAR(9) AFTER sku, DROP COLUMN version")
    text += txn(400, insert("stock", {1: "12", 2: "'10023'", 3: "'B1'", 4: "'A-02'", 5: "7.000"}))
    for chunk in (0, 1, 2):
        old, new = changes(text, chunk=chunk)
        assert (old["location"], old["qty_after"], old.get("batch")) == ("A-01", 100, None)
        assert (new["location"], new["qty_after"], new["batch"]) == ("A-02", 7, "B1")


def test_printed_metadata_names_the_columns() -> None:
    text = head("260311  9:00:05", 200, "GTID 0-1-9 trans") + head(
        "260311  9:00:05", 202, "Table_map: `w`.`stock` mapped to number 18"
    )
    text += "# Columns(`id` INT NOT NULL,\n#         `sku` VARCHAR(32),\n#         `loc` VARCHAR(16),\n#         `qty` DECIMAL(12,3),\n#         `version` INT)\n"
    text += (
        "# Primary Key(id)\n# at 202\n"
        + head("260311  9:00:05", 203, "Write_rows: table id 18 flags: STMT_END_F")
        + insert("stock", ROW)
    )
    (row,) = changes(text)
    assert (row["sku"], row["qty_after"]) == ("10023", 100)


def test_columns_that_nothing_names_stay_positions() -> None:
    (row,) = changes(txn(200, insert("stock", ROW)))
    assert row["extra"]["columns"] == "inferred"
    assert row["extra"]["after"]["@2"] == "10023"
    assert row.get("sku") is None


def test_a_minimal_image_is_completed_from_the_rows_earlier_image() -> None:
    text = (
        ddl(100, STOCK) + txn(200, insert("stock", ROW)) + txn(300, update("stock", {1: "11"}, {4: "95.000", 5: "1"}))
    )
    text += txn(400, update("stock", {1: "11"}, {4: "90.000"})) + txn(
        500, "### DELETE FROM `w`.`stock`\n### WHERE\n###   @1=11\n"
    )
    text += txn(600, update("stock", {1: "12"}, {4: "1.000"}))
    for chunk in (0, 1):
        _, first, second, gone, other = changes(text, chunk=chunk)
        assert (first["sku"], first["location"], first["qty_before"], first["qty_after"]) == ("10023", "A-01", 100, 95)
        assert first["extra"]["image"] == "completed"
        assert (second["qty_before"], second["qty_after"]) == (95, 90)
        assert (gone["sku"], gone["qty_before"], gone["qty_after"]) == ("10023", 90, None)
        assert (other.get("sku"), other["qty_before"], other["qty_after"]) == (None, None, 1)


def test_a_full_image_that_says_null_is_believed() -> None:
    text = ddl(100, STOCK) + txn(200, insert("stock", ROW)) + txn(300, insert("stock", ROW | {1: "12", 3: "NULL"}))
    text += txn(400, update("stock", SOLD | {3: "NULL"}, SOLD | {3: "NULL"}))
    assert changes(text)[-1]["location"] is None


def test_undecoded_images_are_rejected_with_the_remedy() -> None:
    text = head("260311  9:00:05", 200, "GTID 0-1-9 trans") + "BINLOG '\n8gJ4aBMBAAAA\n'/*!*/;\n"
    parsed = parse(text)
    assert parsed.events.is_empty()
    assert "--base64-output=DECODE-ROWS" in parsed.rejects["reason"][0]


def test_later_files_of_one_text_sort_after_the_first() -> None:
    start = head("260311  9:00:00", 120, "Start: binlog v 4, server v 10.11.6-MariaDB-log created 260311  9:00:00")
    text = start + txn(900, insert("stock", ROW)) + start.replace("9:00:00", "9:00:09") + txn(200, insert("stock", ROW))
    positions = [row["log_position"] for row in changes(text)]
    assert len(set(positions)) == 2
    assert positions == sorted(positions)


def test_no_record_is_lost() -> None:
    text = (
        "DELIMITER /*!*/;\nrubbish \x00\n"
        + ddl(100, "GRANT ALL ON *.* TO x")
        + ddl(200, STOCK)
        + txn(300, insert("stock", ROW))
    )
    parsed = parse(text)
    assert set(records(text)["line"]) == set(parsed.events["line"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n\r"), max_size=30),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_in_a_value_comes_back_as_written(values: list[str]) -> None:
    """Against a plain reading of the same line: quotes off, control characters as the log escapes them."""
    plain = [
        value for value in values if "\\x" not in value and not pl.Series([value]).str.contains(r"^\d{4}:\d\d:\d\d$")[0]
    ]
    text = ddl(100, STOCK)
    for at, value in enumerate(plain):
        escaped = "".join(f"\\x{ord(c):02x}" if ord(c) < 32 or ord(c) == 127 else c for c in value)
        text += txn(200 + at * 10, insert("stock", ROW | {2: f"'{escaped}'"}))
    assert [row["extra"]["after"]["sku"] for row in changes(text)] == plain
