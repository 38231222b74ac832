"""The product on the sample case: everything read, every fault found, nobody falsely accused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scoring import Comparison, compare

import forensics
from forensics.api import Case

CASE = Path(__file__).resolve().parents[2] / "samples" / "mixed-day"
ACCOUNTED = ("event_lines", "continuation", "rejected", "blank")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    opened = forensics.open_case(tmp_path_factory.mktemp("mixed-day") / "case", create=True)
    opened.ingest(CASE / "evidence")
    return opened


@pytest.fixture(scope="module")
def audit(case: Case) -> dict[str, Any]:
    return case.audit().to_json()


@pytest.fixture(scope="module")
def compared(audit: dict[str, Any]) -> Comparison:
    return compare(json.loads((CASE / "truth.json").read_text(encoding="utf-8")), audit["findings"])


def test_every_file_is_read_and_every_line_accounted_for(case: Case) -> None:
    evidence = case.evidence()
    files = {
        path.relative_to(CASE / "evidence").as_posix() for path in (CASE / "evidence").rglob("*") if path.is_file()
    }
    assert evidence.height >= len(files)
    for row in evidence.iter_rows(named=True):
        assert row["lines"] == sum(row[name] for name in ACCOUNTED), row["path"]
        assert row["events"] > 0, row["path"]
        # the rotated gateway log ends in a cut line, the control system's begins with a banner
        allowed = {".gz": 1, ".log": 4 * row["path"].endswith("wcs.log")}.get(Path(row["path"]).suffix, 0)
        assert row["rejected"] <= allowed, (row["path"], row["parser"])
    assert case.verify() == []


def test_reading_again_adds_nothing(case: Case) -> None:
    before = case.sql("SELECT count(*) FROM events").item()
    case.ingest(CASE / "evidence")
    assert case.sql("SELECT count(*) FROM events").item() == before


def test_clocks_are_those_of_the_day(case: Case) -> None:
    offsets = {(c.clock, c.reference): (c.offset_s, c.error_s) for c in case.clocks()}
    assert any(abs(abs(offset) - 95) < max(1.0, error) for offset, error in offsets.values()), offsets


def test_every_fault_is_found(compared: Comparison) -> None:
    assert compared.missed == []


def test_nobody_is_falsely_accused(compared: Comparison) -> None:
    assert compared.accused == []
    assert compared.false == []


def test_quantities_are_right(compared: Comparison) -> None:
    assert compared.wrong_quantity == []


def test_demo_incident_is_explained(case: Case) -> None:
    demo = json.loads((CASE / "demo.json").read_text(encoding="utf-8"))
    trace = case.trace(**demo["subject"], symptom=demo["symptom"])
    (incident,) = trace.result.incidents
    assert incident.causes[0].cause == "F-S-02-02.2"
    assert incident.causes[0].verdict == "shown"
    assert {"wms", "wcs", "scanner"} <= set(trace.events["system"].unique())
