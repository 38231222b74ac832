from __future__ import annotations

import json

import pytest

from forensics.model.errors import EvidenceError
from forensics.store import custody


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "custody.jsonl"
    for number in range(3):
        custody.append(path, "ingest", file=f"日志{number}.log")
    return path


def rewrite(path, change):
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    path.write_text("\n".join(json.dumps(e) for e in change(entries)) + "\n", encoding="utf-8")


def test_an_untouched_log_holds(log):
    assert custody.verify(log) == []
    assert [entry["seq"] for entry in custody.read(log)] == [1, 2, 3]


def test_no_log_yet(tmp_path):
    assert custody.read(tmp_path / "none") == []


def test_a_changed_entry_is_found(log):
    rewrite(log, lambda e: [e[0], {**e[1], "file": "forged.log"}, e[2]])
    assert any("entry 2" in problem for problem in custody.verify(log))


def test_a_removed_entry_is_found(log):
    rewrite(log, lambda e: [e[0], e[2]])
    assert custody.verify(log)


def test_reordered_entries_are_found(log):
    rewrite(log, lambda e: [e[1], e[0], e[2]])
    assert custody.verify(log)


def test_a_damaged_line_is_named(log):
    log.write_text(log.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    with pytest.raises(EvidenceError) as error:
        custody.read(log)
    assert str(error.value.location).endswith(":4")
