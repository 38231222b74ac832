"""Arrays, dumps, databases and workbooks: every row comes out with its place, whatever stands between; nothing is lost."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forensics
from forensics.ingest import arrays, chunks

ROW = {"sku": "10023", "location": "A-01", "qty": 5, "time": "2026-03-11 10:00:00"}


def ingest(folder: Path, *files: Path) -> tuple[object, dict[str, object]]:
    shutil.rmtree(folder / "case", ignore_errors=True)
    case = forensics.open_case(folder / "case", create=True)
    result = case.ingest(*(files or sorted(folder.glob("*.*"))))
    for file in result.files:
        assert file.lines == file.event_lines + file.continuation + file.rejected + file.blank, file
    return case, {file.member or Path(file.path).name: file for file in result.files}


def events(case, columns: str = "*") -> list[dict[str, object]]:
    return case.sql(f"SELECT {columns} FROM events ORDER BY byte_offset, part").to_dicts()


def stands_where_it_says(data: bytes, encoding: str, rows: list[dict[str, object]]) -> None:
    for row in rows:
        text = data[row["byte_offset"] :].decode(encoding, "ignore")
        assert text.startswith(row["raw"][:1])
        assert text.replace("\r\n", "\n").startswith(row["raw"])


# --- JSON arrays ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrapper",
    [
        "%s",
        '{"RECORDS":%s}',
        '{"code":200,"msg":"ok","data":{"total":3,"records":%s,"size":10}}',
        '{"rows": %s,"total":3}',
    ],
)
def test_an_array_in_any_envelope_and_encoding(tmp_path, encoding, indent, wrapper):
    rows = [{**ROW, "remark": f'第{i}行 "{{[" \\ 乾', "n": {"sku": i}} for i in range(7)]
    data = (wrapper % json.dumps(rows, indent=indent, ensure_ascii=False)).encode(encoding)
    (tmp_path / "stock.json").write_bytes(data)
    case, files = ingest(tmp_path, tmp_path / "stock.json")
    found = events(case)
    assert [json.loads(row["raw"]) for row in found] == rows
    assert {row["kind"] for row in found} == {"stock"}
    assert files["stock.json"].rejected == 0
    stands_where_it_says(data, {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding), found)
    text = data.decode(encoding)
    assert [row["line"] for row in found] == [
        text[: text.index(json.dumps(row, indent=indent, ensure_ascii=False)[:2])].count("\n") + 1 if indent is None else 2 + i * (json.dumps(row, indent=2).count("\n") + 1)
        for i, row in enumerate(rows)
    ]  # fmt: skip


def test_an_array_on_one_line_counts_its_objects_as_lines(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROW] * 9), encoding="utf-8")
    _, files = ingest(tmp_path)
    assert (files["a.json"].lines, files["a.json"].event_lines) == (9, 9)


def test_an_array_over_lines_counts_its_lines(tmp_path):
    text = json.dumps([ROW] * 9, indent=1) + "\n"
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    _, files = ingest(tmp_path)
    assert files["a.json"].lines == text.count("\n")
    assert files["a.json"].event_lines == 9


def test_objects_over_many_lines_one_after_another(tmp_path):
    (tmp_path / "a.json").write_text(
        "\n".join(json.dumps({**ROW, "qty": i}, indent=4) for i in range(4)), encoding="utf-8"
    )
    case, _ = ingest(tmp_path)
    assert [row["qty"] for row in events(case)] == [0, 1, 2, 3]


def test_a_message_that_carries_an_array_is_one_record(tmp_path):
    message = {"data": [ROW, ROW], "size": 2, "MessageID": "2503110000031"}
    (tmp_path / "a.json").write_text(json.dumps(message), encoding="utf-8")
    case, _ = ingest(tmp_path)
    assert case.sql("SELECT count(DISTINCT byte_offset) FROM events").item() == 1


@pytest.mark.parametrize("marked", [True, False])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_junk_spoils_no_other_object(marked, data):
    """Any text between two objects, or a piece cut out of one: the others come out whole."""
    rows = [{("id" if marked or i % 3 else "x"): i, "sku": "S", "t": '}{],"'} for i in range(12)]
    texts = [json.dumps(row) for row in rows]
    at = data.draw(st.integers(1, 10))
    if marked:
        cut = data.draw(st.integers(1, len(texts[at]) - 1))
        texts[at] = texts[at][:cut]
    else:
        texts[at] = data.draw(st.sampled_from(["null", "5", '"x"', "[1, 2]", "nonsense"]))
    whole = ("[" + ", ".join(texts) + "]").encode()
    found = _array(whole, 1 << 20)
    good = [text for i, text in enumerate(texts) if i != at]
    assert [raw for raw in found["raw"] if raw in good] == good


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.booleans(), st.sampled_from(["utf-8", "gb18030", "utf-16-le"]), st.booleans())
def test_chunks_of_any_size_give_the_same_objects(size, pretty, encoding, marked):
    rows = [
        {("id" if marked or i % 3 else "k"): i, "sku": "乾{" * (i % 4), "in": {"a": [1, {"b": '"'}]}} for i in range(15)
    ]
    text = '{"rows":' + json.dumps(rows, indent=1 if pretty else None, ensure_ascii=False) + "}"
    whole, pieces = _array(text.encode(encoding), 1 << 20, encoding), _array(text.encode(encoding), size, encoding)
    assert [json.loads(raw) for raw in whole["raw"]] == rows
    assert pieces.drop("lines").equals(whole.drop("lines"))
    assert pieces["lines"].sum() == whole["lines"].sum()


def _array(data: bytes, size: int, encoding: str = "utf-8") -> pl.DataFrame:
    from forensics.formats.elements import layout
    from forensics.ingest.encoding import Encoding, split

    known = Encoding(encoding)
    found = layout(data.decode(encoding))
    assert found is not None
    blocks = (data[i : i + 64] for i in range(0, len(data), 64))
    cut = arrays.cut_array(blocks, known, found.marker, size=size)
    return pl.concat([arrays.array_records(split(c.data, known, first=c.offset == 0), c, found.marker)[0] for c in cut])


def test_an_array_larger_than_memory_allows_is_cut_in_bounded_pieces(monkeypatch):
    monkeypatch.setattr(arrays, "MAX_RECORD", 4096)
    data = b'[{"id": 1, "a": "' + b"x" * 50_000 + b'"}, {"id": 2}, {"id": 3}, {"id": 4}]'
    pieces = list(
        arrays.cut_array(
            (data[i : i + 512] for i in range(0, len(data), 512)), chunks.Encoding("utf-8"), b'{"id":', size=1024
        )
    )
    assert b"".join(piece.data for piece in pieces) == data
    assert max(len(piece.data) for piece in pieces) <= 4096 + 512


# --- dumps ------------------------------------------------------------------------------------------------------------

TEXTS = [
    "plain",
    "it's",
    'say "x"',
    "a, (b), c;",
    "back\\slash",
    "line\nbreak",
    "中文\t制表",
    "--no comment",
    "",
    "NULL",
]


def _mysql(value: str) -> str:
    out = value.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f"'{out}'"


def _standard(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


WRITERS = {
    "mysql-extended": (lambda rows: "-- MySQL dump 10.13\nINSERT INTO `stock` (`sku`,`location`,`qty`,`time`,`remark`) VALUES "
                       + ",".join(f"('S','A-01',{i},'2026-03-11 10:00:00',{_mysql(t)})" for i, t in rows) + ";\n"),
    "mysql-one-a-line": (lambda rows: "-- Source Server Type : MySQL\n" + "".join(f"INSERT INTO `stock` (`sku`, `location`, `qty`, `time`, `remark`) VALUES ('S', 'A-01', {i}, '2026-03-11 10:00:00', {_mysql(t)});\n" for i, t in rows)),
    "rows-on-lines": (lambda rows: "-- MySQL dump\nINSERT INTO `stock`\n(`sku`,`location`,`qty`,`time`,`remark`)\nVALUES\n"
                      + ",\n".join(f"  ('S','A-01',{i},'2026-03-11 10:00:00',{_mysql(t)})" for i, t in rows) + ";\n"),
    "columns-from-create": (lambda rows: "-- MySQL dump\nCREATE TABLE `stock` (\n  `sku` varchar(9),\n  `location` varchar(9),\n  `qty` decimal(10,2),\n  `time` datetime,\n  `remark` text,\n  PRIMARY KEY (`sku`)\n) ENGINE=InnoDB;\n"
                             "INSERT INTO `stock` VALUES " + ",".join(f"('S','A-01',{i},'2026-03-11 10:00:00',{_mysql(t)})" for i, t in rows) + ";\n"),
    "postgres-inserts": (lambda rows: "-- PostgreSQL database dump\nSET standard_conforming_strings = on;\n" + "".join(f"INSERT INTO public.stock (sku, location, qty, time, remark) VALUES ('S', 'A-01', {i}, '2026-03-11 10:00:00', {_standard(t)});\n" for i, t in rows)),
    "postgres-copy": (lambda rows: '-- PostgreSQL database dump\nCOPY public.stock (sku, location, qty, "time", remark) FROM stdin;\n'
                      + "".join("S\tA-01\t{}\t2026-03-11 10:00:00\t{}\n".format(i, t.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")) for i, t in rows) + "\\.\n\nSELECT pg_catalog.setval('x', 1);\n"),
    "sql-server": (lambda rows: "USE [wms]\nGO\n" + "".join(f"INSERT [dbo].[stock] ([sku], [location], [qty], [time], [remark]) VALUES (N'S', N'A-01', CAST({i}.00 AS Decimal(18, 2)), CAST(N'2026-03-11T10:00:00.000' AS DateTime), N{_standard(t)})\nGO\n" for i, t in rows)),
    "oracle": (lambda rows: "".join(f"INSERT INTO \"WMS\".\"STOCK\" (\"SKU\", \"LOCATION\", \"QTY\", \"TIME\", \"REMARK\") VALUES ('S', 'A-01', '{i}', TO_DATE('2026-03-11 10:00:00', 'SYYYY-MM-DD HH24:MI:SS'), {_standard(t)});\n" for i, t in rows)),
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_dump_of_any_database(tmp_path, writer, encoding):
    rows = list(enumerate(TEXTS, 1))
    data = WRITERS[writer](rows).encode(encoding)
    (tmp_path / "wms.sql").write_bytes(data)
    case, files = ingest(tmp_path, tmp_path / "wms.sql")
    found = events(case)
    assert [(row["kind"], row["sku"], row["location"], int(row["qty"])) for row in found] == [
        ("stock", "S", "A-01", i) for i, _ in rows
    ]
    assert {row["ts"].isoformat() for row in found} == {"2026-03-11T02:00:00+00:00"}
    remarks = [json.loads((row["extra"] or "{}").replace("REMARK", "remark")).get("remark") for row in found]
    assert remarks == [text.strip() or None for text in TEXTS]
    assert files["wms.sql"].rejected == 0
    stands_where_it_says(data, {"utf-16": "utf-16-le"}.get(encoding, encoding), found)
    text = data.decode(encoding)
    if writer == "rows-on-lines":
        assert [row["line"] for row in found] == list(range(5, 5 + len(rows)))
    if writer != "mysql-extended" and "create" not in writer:
        assert files["wms.sql"].lines == len(text.rstrip("\n").split("\n"))


def test_a_bad_row_and_junk_spoil_nothing_else(tmp_path):
    text = (
        "-- MySQL dump\nINSERT INTO `stock` (`sku`,`location`,`qty`,`time`) VALUES ('S','A-01',1,'2026-03-11 10:00:00'),('S','A-01'),"
        "('S','A-01',3,'2026-03-11 10:00:00') nonsense ('S','A-01',4,'2026-03-11 10:00:00');\n"
        "INSERT INTO `stock` (`sku`,`location`,`qty`,`time`) VALUES ('S','A-01',5,'2026-03-11 10:0\n"
        "INSERT INTO `stock` (`sku`,`location`,`qty`,`time`) VALUES ('S','A-01',6,'2026-03-11 10:00:00');\n"
        "UPDATE stock SET qty = 0;\n"
    )
    (tmp_path / "a.sql").write_text(text, encoding="utf-8")
    case, files = ingest(tmp_path)
    assert [int(row["qty"]) for row in events(case) if row["kind"] == "stock"] == [1, 3, 4, 6]
    assert [row["raw"] for row in events(case) if row["kind"] == "log"] == ["UPDATE stock SET qty = 0;"]
    refused = case.sql("SELECT raw, reason FROM rejects ORDER BY byte_offset").rows()
    assert refused[0] == ("('S','A-01')", "expected 4 values, found 2")
    assert refused[1][0] == "nonsense"
    assert refused[2][0].startswith("('S','A-01',5")
    assert len(refused) == 3
    assert files["a.sql"].rejected == 3


def test_columns_of_a_table_come_from_elsewhere_among_the_evidence(tmp_path):
    (tmp_path / "a_rows.sql").write_text(
        "-- MySQL dump\nINSERT INTO `stock` VALUES ('S','A-01',1,'2026-03-11 10:00:00');\n", encoding="utf-8"
    )
    (tmp_path / "z_schema.sql").write_text(
        "CREATE TABLE `stock` (\n `sku` varchar(9),\n `location` varchar(9),\n `qty` int,\n `time` datetime\n);\n",
        encoding="utf-8",
    )
    case, _ = ingest(tmp_path)
    assert [(row["kind"], row["sku"]) for row in events(case)] == [("stock", "S")]


@settings(max_examples=25, deadline=None)
@given(st.integers(40, 900), st.sampled_from(sorted(WRITERS)))
def test_chunks_of_any_size_give_the_same_rows(size, writer):
    from forensics.formats.statements import dialect_of, statement_starts
    from forensics.ingest.encoding import Encoding, split
    from forensics.readers.dump import Framer

    rows = [
        (i, text.replace("\n", " ") if writer.startswith(("post", "sql", "ora")) else text)
        for i, text in enumerate(TEXTS, 1)
    ]
    text = WRITERS[writer](rows)
    known = Encoding("utf-8")

    def framed(size: int) -> pl.DataFrame:
        framer = Framer(dialect_of(text))
        data = text.encode()
        blocks = (data[i : i + 32] for i in range(0, len(data), 32))
        cut = chunks.cut(blocks, known, lambda lines: statement_starts(lines, framer.dialect), size=size)
        return pl.concat([framer.records(split(c.data, known), c.offset, c.line, last=c.last)[0] for c in cut])

    whole = framed(1 << 20)
    assert len(whole) == len(TEXTS)
    assert framed(size).drop("lines").equals(whole.drop("lines"))


# --- databases and workbooks -------------------------------------------------------------------------------------------


def _database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE stock_ledger (id INTEGER PRIMARY KEY, ts TEXT, sku TEXT, qty NUMERIC, qty_before NUMERIC, qty_after NUMERIC, note BLOB)"
        )
        connection.executemany(
            "INSERT INTO stock_ledger VALUES (?,?,?,?,?,?,?)",
            [
                (7, "2026-03-11 10:00:00", "S1", -1, 5, 4, None),
                (9, "2026-03-11 10:00:01", "S1", -1.5, 4, 2.5, 'two\nlines, "quoted"'),
            ],
        )
        connection.execute("CREATE TABLE bare (a)")
    connection.close()


def test_an_sqlite_table_has_its_rowids_as_lines(tmp_path):
    _database(tmp_path / "wms.db")
    case, files = ingest(tmp_path)
    assert set(files) == {"stock_ledger"}
    found = events(case)
    assert [(row["line"], row["kind"], str(row["qty"].normalize())) for row in found] == [
        (7, "ledger", "-1"),
        (9, "ledger", "-1.5"),
    ]
    assert json.loads(found[1]["extra"])["note"] == 'two\nlines, "quoted"'


def test_rows_in_the_write_ahead_log_count_and_the_evidence_stays_as_it_was(tmp_path):
    path = tmp_path / "wms.db"
    _database(path)
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("INSERT INTO stock_ledger VALUES (11, '2026-03-11 10:00:02', 'S1', -1, 2.5, 1.5, NULL)")
    writer.commit()
    copy = tmp_path / "evidence"
    copy.mkdir()
    for name in ("wms.db", "wms.db-wal"):
        shutil.copyfile(tmp_path / name, copy / name)
    writer.close()
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    case, _ = ingest(tmp_path, copy / "wms.db")
    assert [row["line"] for row in events(case)] == [7, 9, 11]
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before


def test_a_damaged_database_is_said_to_be_one(tmp_path):
    (tmp_path / "wms.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 600)
    case = forensics.open_case(tmp_path / "case", create=True)
    (file,) = case.ingest(tmp_path / "wms.db").files
    assert file.status in ("unreadable", "empty")


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "盘点"
    sheet["B3"] = "盘点报表"
    sheet.merge_cells("B3:F3")
    for row in (
        ["单号", "货位", "物料", "实盘数量", "时间"],
        ["PK1", "A-01", "S1", 5, 46092.4173],
        [None, "A-02", "S2", 6, 46092.5],
        ["PK2", "A-03", "S3", 7, 46092.75],
    ):
        sheet.append([None, *row])
    sheet.merge_cells("B5:B6")
    book.create_sheet("库存").append(["物料", "库位", "数量", "时间"])
    book["库存"].append(["S9", "A-09", 1, "2026-03-11 10:00:00"])
    book.save(path)


def test_a_workbook_with_titles_merged_cells_and_serial_dates(tmp_path):
    _workbook(tmp_path / "盘点.xlsx")
    case, files = ingest(tmp_path)
    assert set(files) == {"盘点", "库存"}
    counts = case.sql(
        "SELECT line, doc, location, qty_counted, ts FROM events WHERE kind = 'count' ORDER BY line"
    ).rows()
    assert [row[:3] for row in counts] == [(5, "PK1", "A-01"), (6, "PK1", "A-02"), (7, "PK2", "A-03")]
    assert counts[1][4].isoformat() == "2026-03-11T04:00:00+00:00"


def test_containers_inside_archives_are_opened(tmp_path):
    _workbook(tmp_path / "a.xlsx")
    _database(tmp_path / "wms.db")
    (tmp_path / "out").mkdir()
    with zipfile.ZipFile(tmp_path / "out" / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.xlsx", "x/a.xlsx")
    (tmp_path / "out" / "wms.db.gz").write_bytes(gzip.compress((tmp_path / "wms.db").read_bytes()))
    with zipfile.ZipFile(tmp_path / "out" / "outer.zip", "w") as archive:
        archive.write(tmp_path / "wms.db", "db/wms.db")
        archive.write(tmp_path / "out" / "all.zip", "all.zip")
    case, files = ingest(tmp_path, *sorted((tmp_path / "out").iterdir()))
    assert {"盘点", "库存", "stock_ledger"} <= set(files)
    assert case.sql("SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind").rows() == [
        ("count", 3),
        ("ledger", 2),
        ("stock", 1),
    ]
