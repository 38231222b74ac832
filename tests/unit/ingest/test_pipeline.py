"""The pipeline's threads: whatever their order, a source that was read is committed."""

from __future__ import annotations

import time

import pytest

import forensics
from forensics.ingest import pipeline

LINE = "2025-03-11 09:15:{:02d}.020 INFO  [exec-1] c.i.task.TaskService Line:118 - 任务T2025{:04d}已走出储位"


@pytest.mark.parametrize("slow", ["_complete", "_parse", "_add", "_finish"])
def test_a_slow_thread_loses_no_source(tmp_path, monkeypatch, slow):
    plain = getattr(pipeline._Run, slow)

    def late(*args):
        time.sleep(0.15)
        return plain(*args)

    monkeypatch.setattr(pipeline._Run, slow, late)
    for number in range(3):
        lines = [LINE.format(i, 100 * number + i) for i in range(20)]
        (tmp_path / f"{number}.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    case = forensics.open_case(tmp_path / "case", create=True)
    result = case.ingest(*sorted(tmp_path.glob("*.log")))
    assert [f.status for f in result.files] == ["new"] * 3
    assert case.sql("SELECT count(DISTINCT task) FROM events").item() == 60
    assert case.verify() == []


def test_an_error_in_a_thread_reaches_the_caller(tmp_path, monkeypatch):
    def broken(*args):
        raise RuntimeError("disk full")

    monkeypatch.setattr("forensics.ingest.writer.write_events", broken)
    (tmp_path / "a.log").write_text(LINE.format(1, 1) + "\n", encoding="utf-8")
    case = forensics.open_case(tmp_path / "case", create=True)
    with pytest.raises(RuntimeError, match="disk full"):
        case.ingest(tmp_path / "a.log")
    monkeypatch.undo()
    assert case.ingest(tmp_path / "a.log").files[0].status == "new"
    assert case.verify() == []
