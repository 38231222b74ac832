"""What the exporters write is what the product reads: every table in every style, with nothing lost and nothing taken for plain text."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from lab.evidence import servers
from lab.evidence.export import STYLES, export
from lab.evidence.raw import Raw
from lab.evidence.surface import rotated, sql_dump, torn, workbook
from small_raw import SCHEMA, TABLES, write

import forensics


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")
    return {name: Raw(folder).columns(name) for name in TABLES}


@pytest.fixture(scope="module", params=STYLES)
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, columns: dict[str, list[str]]
) -> Path:
    out = write(tmp_path_factory.mktemp(request.param), columns)
    export(out, request.param)
    return out


@pytest.fixture(scope="module")
def case(recorded: Path) -> forensics.Case:
    case = forensics.open_case(recorded / "case", create=True)
    case.ingest(recorded / "evidence")
    return case


def test_the_schema_has_the_columns_that_the_fixture_fills(columns: dict[str, list[str]]) -> None:
    for name, rows in TABLES.items():
        unknown = set().union(*rows) - set(columns[name])
        assert not unknown, f"{name} has no {unknown}"


def test_every_file_is_recognised_and_no_line_is_lost(case: forensics.Case) -> None:
    files = case.sql(
        "select path, parser, lines, event_lines + continuation + rejected + blank as accounted, rejected from evidence"
    )
    assert len(files) > 20
    for path, parser, lines, accounted, rejected in files.iter_rows():
        assert (lines, rejected) == (accounted, 0), path
        assert parser != "plain", path


def test_kinds_and_counts_survive_every_style(case: forensics.Case) -> None:
    kinds = Counter(dict(case.sql("select kind, count(*) from events where system <> 'erp' group by kind").iter_rows()))
    for table, kind in (("wms.reservation_log", "reservation"), ("wms.scan_log", "scan"), ("wms.stock_count", "count"), ("wms.binding_log", "binding"),
                        ("wms.heartbeat", "metric")):  # fmt: skip
        assert kinds[kind] == len(TABLES[table]), kind
    assert len(case.sql("select 1 from events where kind = 'task' and system = 'wms'")) == len(TABLES["wms.task_log"])


def test_the_ledger_says_what_the_table_said(case: forensics.Case) -> None:
    told = case.sql(
        "select location, qty, qty_after, doc from events where kind = 'ledger' and system = 'wms' order by ts"
    )
    assert told.rows() == [
        (row["location"], Decimal(row["delta"]), Decimal(row["qty_after"]), row["doc"])
        for row in TABLES["wms.stock_ledger"]
    ]


def test_a_time_is_told_in_the_clock_of_the_host_that_wrote_it(case: forensics.Case) -> None:
    stamps = case.sql("select ts from events where kind = 'device' and action = 'alarm'")["ts"].dt.convert_time_zone(
        "Asia/Shanghai"
    )
    assert [f"{moment:%H:%M:%S}" for moment in stamps] == ["09:00:35"]


def test_a_style_exports_the_erp_with_its_signs(case: forensics.Case) -> None:
    told = case.sql("select qty, sku from events where kind = 'ledger' and system = 'erp' order by ts")
    assert told.rows() == [(Decimal(row["qty"]), row["material"]) for row in TABLES["erp.posting"]]


def test_an_export_is_the_same_twice(recorded: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (recorded / "evidence").rglob("*") if path.is_file()}
    style = next(style for style in STYLES if recorded.name.startswith(style))
    export(recorded, style)
    assert {path: path.read_bytes() for path in (recorded / "evidence").rglob("*") if path.is_file()} == before


def test_a_table_that_was_never_dumped_is_an_empty_export(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(SCHEMA.read_text(encoding="utf-8"), encoding="utf-8")
    table = Raw(tmp_path).table("wms.stock_count")
    assert (table.height, "qty_counted" in table.columns) == (0, True)


def test_rotation_loses_nothing_and_tears_no_record() -> None:
    import gzip

    log = b"".join(f"2026-03-11 08:{n:02d}:00 INFO a\n\tat stack\n".encode() for n in range(60))
    parts = rotated("wms.log", log, rb"\d{4}-", parts=3)
    assert list(parts) == ["wms.log.2.gz", "wms.log.1.gz", "wms.log"]
    texts = [gzip.decompress(data) if name.endswith("gz") else data for name, data in parts.items()]
    assert b"".join(texts) == log
    assert all(text.startswith(b"2026-") for text in texts)


def test_a_torn_log_ends_in_the_middle_of_its_last_line() -> None:
    whole = b'{"a":1}\n{"b":"\xe4\xba\x8c\xe4\xb8\x89"}\n'
    cut = torn(whole, 0.7)
    assert whole.startswith(cut)
    assert cut.count(b"\n") == 1
    assert not cut.endswith(b"}")
    cut.decode()


def test_a_dump_escapes_what_mysql_escapes() -> None:
    table = pl.DataFrame({"id": [1], "body": ['{"a":"it\'s"}\n'], "none": [None]})
    assert b'VALUES (1,\'{\\"a\\":\\"it\\\'s\\"}\\n\',NULL);' in sql_dump("t", "CREATE TABLE `t` ();", table)


def test_a_workbook_does_not_tell_when_it_was_made() -> None:
    sheet = {"A": (("title",), pl.DataFrame({"x": [1]}))}
    assert workbook(sheet) == workbook(sheet)


def test_each_binlog_is_a_file_of_its_own_with_the_common_heading() -> None:
    text = b"/*!50530 SET x*/;\nDELIMITER /*!*/;\n# at 4\n#260413 Start\nDELIMITER ;\nDELIMITER /*!*/;\n# at 4\n#260414 Start\n"
    first, second = servers._per_binlog(text)
    assert first == b"/*!50530 SET x*/;\nDELIMITER /*!*/;\n# at 4\n#260413 Start\nDELIMITER ;\n"
    assert second == b"/*!50530 SET x*/;\nDELIMITER /*!*/;\n# at 4\n#260414 Start\n"
    assert servers._per_binlog(b"") == []
