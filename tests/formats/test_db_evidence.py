"""All recorded evidence of real servers through the real ingest: every file is recognised, every line accounted for, nothing refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from formats.real import DATA

from forensics.formats.load import load_formats
from forensics.ingest.pipeline import ingest
from forensics.ingest.result import IngestResult
from forensics.store.case import create

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")
FOLDERS = ("recorded", "samples", "eis")
BINARY = "mysql-bin.000001"
NO_LOG = ("expected.json",)
"""What a parser must give; it is no evidence."""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> IngestResult:
    case = create(tmp_path_factory.mktemp("evidence") / "case", version="test")
    return ingest(case, [str(DATA / folder) for folder in FOLDERS], load_formats(), zone="Asia/Shanghai")


def test_every_file_was_looked_at(result: IngestResult) -> None:
    there = {file for folder in FOLDERS for file in (DATA / folder).rglob("*") if file.is_file()}
    assert {Path(report.path) for report in result.files} == there


def test_every_file_is_recognised(result: IngestResult) -> None:
    unknown = [
        (report.path, report.parser)
        for report in result.files
        if (report.parser or "plain") in ("plain", "jsonl-log", "table-log")
        and Path(report.path).name not in (BINARY, *NO_LOG)
    ]
    assert unknown == []
    (binary,) = (report for report in result.files if Path(report.path).name == BINARY)
    assert binary.status == "binary"
    assert "mysqlbinlog" in (binary.problem or "")


def test_nothing_is_lost_and_nothing_refused(result: IngestResult) -> None:
    for report in result.files:
        if report.status == "binary":
            continue
        assert report.lines == report.event_lines + report.continuation + report.rejected + report.blank, report.path
        assert report.rejected == 0, report.path
        assert report.events > 0, report.path


def test_a_create_table_of_one_file_names_the_columns_of_another(result: IngestResult, tmp_path: Path) -> None:
    recorded = DATA / "recorded/mariadb10.11"
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "error.log").write_bytes((recorded / "error.log").read_bytes())
    text = (recorded / "mysqlbinlog_v.txt").read_text(errors="surrogateescape")
    begin, end = text.index("GTID 0-1-200 "), text.index("GTID 0-1-230 ")
    cut = text[text.rindex("\n", 0, begin) + 1 : text.rindex("\n", 0, end) + 1]
    (evidence / "binlog.txt").write_text(cut, errors="surrogateescape")
    schema = "USE wms;\nCREATE TABLE `stock` (\n  `id` int NOT NULL,\n  `sku` varchar(32),\n  `loc` varchar(16) COMMENT 'bin (code)',\n  `batch` varchar(16),\n  `qty` decimal(12,3),\n  `locked_qty` decimal(12,3),\n  `version` int,\n  `updated_at` datetime(3),\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\n"
    found = {}
    for name in ("without", "with"):
        case = create(tmp_path / name, version="test")
        ingest(case, [str(evidence)], load_formats(), zone="Asia/Shanghai")
        found[name] = case.events.frame().filter(pl.col("kind").is_in(["lock", "change"]))
        (evidence / "schema.sql").write_text(schema)
    named = {name: events.filter(pl.col("location") == "A-01") for name, events in found.items()}
    assert named["without"].is_empty()
    assert set(named["with"]["action"]) >= {"deadlock", "update"}
    assert set(named["with"].filter(pl.col("action") == "deadlock")["sku"]) == {"S08-DEADA", "S09-DEADB"}
