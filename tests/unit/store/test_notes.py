"""Notes and states under finding ids; audits compared with the last one over the same window."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from forensics.model.errors import ConfigError, EvidenceError
from forensics.model.result import SUBJECT_FIELDS, CaseResult, Incident
from forensics.store import custody, notes, runs
from tests.unit.verdict.build import finding

ALL = {"since": None, "until": None}
MARCH = {"since": datetime(2026, 3, 1, tzinfo=UTC), "until": None}


def incident(ident: str, *findings: str) -> Incident:
    return Incident(ident, "F-S-02-05", findings, dict.fromkeys(SUBJECT_FIELDS), None, None, ())


@pytest.fixture
def file(tmp_path):
    return tmp_path / "notes.jsonl"


def test_notes_stay_when_an_incident_grows_and_when_two_become_one(file):
    notes.add(file, "note", "aaaa", ["f1"], "asked the shift leader")
    notes.add(file, "status", "bbbb", ["f2"], "reviewed", "Li")
    kept = notes.read(file)
    alone, grown, other = notes.annotated(
        [incident("aaaa", "f1"), incident("cccc", "f1", "f2"), incident("dddd", "f3")], kept
    )
    assert ([n.text for n in alone.notes], alone.status) == (["asked the shift leader"], None)
    assert ([n.text for n in grown.notes], grown.status) == (["asked the shift leader", "reviewed"], "reviewed")
    assert (other.notes, other.status) == ((), None)


def test_a_note_about_two_findings_is_told_once_and_the_last_status_counts(file):
    notes.add(file, "status", "aaaa", ["f1", "f2"], "reviewed")
    notes.add(file, "status", "f2", ["f2"], "rejected")
    (told,) = notes.annotated([incident("aaaa", "f2", "f1")], notes.read(file))
    assert [n.text for n in told.notes] == ["reviewed", "rejected"]
    assert told.status == "rejected"


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "a\x1b[31mb", "a\x85b", "a\u2028b", "a\ud800b", "x" * 4001])
def test_what_is_no_line_of_text_is_refused(file, text):
    with pytest.raises(ConfigError, match="the note"):
        notes.add(file, "note", "aaaa", ["f1"], text)
    with pytest.raises(ConfigError, match="the name"):
        notes.add(file, "note", "aaaa", ["f1"], "fine", text)
    assert not file.exists()


def test_an_unknown_status_is_refused(file):
    with pytest.raises(ConfigError, match="no status 'done'"):
        notes.add(file, "status", "aaaa", ["f1"], "done")


def test_ids_may_be_cut_short():
    known = {"abcd12": (), "abcd34": (), "ef0123": ()}
    assert notes.named("ef01", known) == "ef0123"
    assert notes.named("abcd12", known) == "abcd12"
    assert notes.named("9999", known) is None
    with pytest.raises(ConfigError, match="several") as caught:
        notes.named("abcd", known)
    assert "abcd12, abcd34" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="too short"):
        notes.named("ef0", known)


def test_a_changed_note_is_seen_and_a_damaged_one_is_an_error(file):
    notes.add(file, "note", "aaaa", ["f1"], "as it was")
    file.write_text(file.read_text(encoding="utf-8").replace("as it was", "forged"), encoding="utf-8")
    assert custody.verify(file)
    entry = json.loads(file.read_text(encoding="utf-8"))
    del entry["findings"]
    file.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="cannot be read"):
        notes.read(file)


def test_a_line_separator_in_a_value_does_not_break_the_log(tmp_path):
    log = tmp_path / "custody.jsonl"
    custody.append(log, "ingest", file="a\u2028b\x85c.log")
    custody.append(log, "ingest", file="d.log")
    assert [entry["file"] for entry in custody.read(log)] == ["a\u2028b\x85c.log", "d.log"]
    assert custody.verify(log) == []


def found(*names: str) -> CaseResult:
    findings = tuple(finding(name=name, sku="10023", location="A-01") for name in names)
    return CaseResult({}, ALL, (incident("i" + "".join(names), *names),), findings)


def test_an_audit_against_the_last_one_over_the_same_window(tmp_path):
    log = tmp_path / "custody.jsonl"
    assert runs.since_last(custody.read(log), ALL, found("a", "b").findings) is None
    runs.record(log, found("a", "b"))
    custody.append(log, "report", file="r.html")
    last = runs.since_last(custody.read(log), ALL, found("b", "c").findings)
    assert last is not None
    assert (last.new, last.known) == (("c",), ("b",))
    (gone,) = last.resolved
    assert (gone.id, gone.cause, gone.subject) == ("a", "F-S-02-05.3", {"sku": "10023", "location": "A-01"})
    assert runs.since_last(custody.read(log), MARCH, found("b").findings) is None
    runs.record(log, found("c"))
    newer = runs.since_last(custody.read(log), ALL, found("b").findings)
    assert newer is not None
    assert (newer.new, [one.id for one in newer.resolved]) == (("b",), ["c"])


def test_audits_of_older_versions_are_not_compared(tmp_path):
    log = tmp_path / "custody.jsonl"
    custody.append(log, "audit", findings=["a"])
    assert runs.since_last(custody.read(log), ALL, found("a").findings) is None
    assert runs.known_ids(custody.read(log)) == {}


def test_recorded_ids_of_incidents_lead_to_their_findings(tmp_path):
    log = tmp_path / "custody.jsonl"
    runs.record(log, found("a", "b"))
    assert runs.known_ids(custody.read(log)) == {"iab": ("a", "b"), "a": ("a",), "b": ("b",)}
