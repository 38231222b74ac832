"""Incidents recorded on a real primary/replica pair, ingested with no option."""

from __future__ import annotations

from decimal import Decimal

import pytest

import forensics


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    from conftest import SHARED, SHARED_REASON

    if not SHARED.is_dir():
        pytest.skip(SHARED_REASON)
    case = forensics.open_case(tmp_path_factory.mktemp("db") / "case", create=True)
    result = case.ingest(SHARED / "recorded" / "mariadb10.11")
    return case, result, case.audit()


def test_every_file_is_recognised_and_nothing_is_lost(audited):
    case, result, _ = audited
    assert case.verify() == []
    # no logs: the recording's own truth, a two-column summary, a log with its banner only, a binary log
    unknown = {f.path.rsplit("/", 1)[-1] for f in result.files if f.parser is None or f.parser.startswith("plain")}
    assert unknown <= {"truth.json", "stock_summary.csv", "slow_replica.log", "mysql-bin.000001"}
    (binary,) = [f for f in result.files if f.status == "binary"]
    assert "mysqlbinlog" in binary.problem


def test_the_two_faults_and_nothing_else(audited):
    _, _, audit = audited
    found = {(f.cause, f.subject["sku"]): f for f in audit.findings}
    assert set(found) == {("F-S-02-05.2", "S01-LOST"), ("F-S-02-05.3", "S03-DUP")}
    lost, twice = found["F-S-02-05.2", "S01-LOST"], found["F-S-02-05.3", "S03-DUP"]
    assert lost.qty_error == Decimal(10)
    assert set(lost.subject["request_id"]) == {"LU-1", "LU-2"}
    assert twice.qty_error == Decimal(-10)
    assert twice.subject["request_id"] == "DUP-1"


def test_evidence_of_the_duplicate_comes_from_all_witnesses(audited):
    _, _, audit = audited
    (twice,) = [f for f in audit.findings if f.cause == "F-S-02-05.3"]
    files = {e.file.rsplit("/", 1)[-1] for e in twice.evidence if e.role == "for"}
    assert {"api.jsonl", "stock_ledger.csv"} <= files
    assert any("mysqlbinlog" in file for file in files)
    assert all(e.line > 0 and e.text for e in twice.evidence)


def test_the_gateways_clock(audited):
    case, _, _ = audited
    (clock,) = [c for c in case.clocks() if "gateway" in (c.clock + c.reference) and "app" in (c.clock + c.reference)]
    sign = 1 if "gateway" in clock.clock else -1
    start = sign * (clock.offset_s - clock.drift_ppm * 1e-6 * (clock.at - clock.since).total_seconds())
    assert start == pytest.approx(0.350, abs=0.002)
    assert sign * clock.drift_ppm == pytest.approx(208, abs=10)
