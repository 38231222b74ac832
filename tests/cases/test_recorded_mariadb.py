"""Incidents recorded on a real primary/replica pair, ingested with no option."""

from __future__ import annotations

import pytest

import forensics
from forensics.checks import engine

CLASSES = {"F-S-02-05", "F-S-02-06"}
TRUTH = {
    ("F-S-02-05.1", "S02-OVERSELL", -5),
    ("F-S-02-05.2", "S01-LOST", 10),
    ("F-S-02-05.3", "S03-DUP", -10),
    ("F-S-02-05.4", "S14-INITNEG", -7),
    ("F-S-02-06.1", "S05-CACHE", 5),
    ("F-S-02-06.2", "S04-DIRTY", -5),
    ("F-S-02-06.3", "S06-LAG", 4),
    ("F-S-02-06.4", "S07-TRIG", -5),
}
"""What `truth.json` of the recording says: cause, material, quantity error."""


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


def test_every_fault_with_its_cause_and_nothing_else(audited):
    _, _, audit = audited
    assert {(f.cause, f.subject["sku"], int(f.qty_error)) for f in audit.findings if f.fault in CLASSES} == TRUTH
    assert len([f for f in audit.findings if f.fault in CLASSES]) == len(TRUTH)


def test_who_was_concerned(audited):
    _, _, audit = audited
    asked = {f.cause: f.subject["request_id"] for f in audit.findings if f.fault in CLASSES}
    assert set(asked["F-S-02-05.1"]) == {"OV-1", "OV-2", "OV-3"}
    assert set(asked["F-S-02-05.2"]) == {"LU-1", "LU-2"}
    assert asked["F-S-02-05.3"] == "DUP-1"
    assert set(asked["F-S-02-06.1"]) == {f"CA-R-{n}" for n in range(5, 21)}
    assert set(asked["F-S-02-06.2"]) == {f"DR-{n}" for n in range(6, 13)} | {"DR-W"}
    assert set(asked["F-S-02-06.3"]) == {f"LG-R-{n}" for n in range(1, 18, 2)}
    assert set(asked["F-S-02-06.4"]) == {f"TG-{n}" for n in range(1, 6)}


def test_each_cause_leads_its_incident(audited):
    _, _, audit = audited
    for incident in (i for i in audit.incidents if i.fault in CLASSES):
        sku = incident.subject["sku"]
        first = max(incident.causes, key=lambda cause: cause.probability)
        assert (first.cause, sku) in {(cause, of) for cause, of, _ in TRUTH}
        assert first.probability > 0.9


def test_why_the_values_flapped(audited):
    _, _, audit = audited
    said = {f.cause: f for f in audit.findings}
    assert said["F-S-02-06.1"].details["proof"] == "old value set again after the delete"
    assert {"deleted in the cache", "old value set in the cache"} <= {e.note for e in said["F-S-02-06.1"].evidence}
    assert said["F-S-02-06.2"].details["proof"] == "undone call"
    assert said["F-S-02-06.3"].details["lag_s"] == pytest.approx(2.057)
    assert "replication stopped" in {e.note for e in said["F-S-02-06.3"].evidence}
    assert said["F-S-02-06.4"].details["times"] == 5


@pytest.mark.parametrize("kind", ["api", "cache", "change", "ledger", "lock", "metric", "stock"])
def test_a_kind_of_record_less_accuses_nobody_else(audited, kind):
    case, _, _ = audited
    con = case.connect()
    con.execute("CREATE TEMP TABLE kept AS FROM events WHERE kind <> ?", [kind])
    con.execute("CREATE OR REPLACE TEMP VIEW events AS FROM kept")
    engine.prepare(con, case.clocks())
    found = {(f.cause, f.subject["sku"]) for f in engine.run_checks(con, engine.load_checks()) if f.fault in CLASSES}
    assert found <= {(cause, sku) for cause, sku, _ in TRUTH}
    gone = {
        "cache": set(),
        "lock": set(),
        "change": {"F-S-02-05.4", "F-S-02-06.2", "F-S-02-06.4"},  # rows without postings have no history left
        "metric": {"F-S-02-06.3"},
        "ledger": set(),
        "stock": {"F-S-02-06.1", "F-S-02-06.2", "F-S-02-06.3"},
    }
    if kind in gone:
        assert {cause for cause, _, _ in TRUTH} - {cause for cause, _ in found} == gone[kind]


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
