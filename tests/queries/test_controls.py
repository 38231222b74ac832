"""Controls: one SQL file each, a figure against a threshold, a list and a course by day."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.cases import event_frame, load_cases, run_case
from forensics.checks.check import load_views, views_named
from forensics.checks.controls import ROWS, ControlQuery, load_controls, run_controls
from forensics.model.errors import ConfigError, QueryError

CONTROLS = load_controls()
CASES = [(control, case) for control in CONTROLS for case in load_cases(control)]
HEADER = """/*
id = "x"
figure = {figure}
title = {{ zh = "甲", en = "a" }}
about = {{ zh = "甲", en = "a" }}
unit = {{ zh = "个", en = "n" }}
want = {{ zh = "乙", en = "b" }}
[params.threshold]
default = {threshold}
*/
"""


def case(events):
    """A connection with these events, prepared."""
    con = duckdb.connect()
    con.register("events", event_frame(events))
    engine.prepare(con)
    return con


def sends(n):
    """One receipt line sent so often, each time under a fresh id and a minute apart."""
    return [
        {
            "ts": f"2026-03-11T08:{i:02d}:00+00:00", "kind": "api", "system": "wms", "action": "create", "state": "CALL", "outcome": "fail",
            "endpoint": "/inbound", "request_id": f"R{i}", "pallet": "TP1", "doc": "RK1", "doc_line": "1", "sku": "10023", "qty": 5,
        }
        for i in range(n)
    ]  # fmt: skip


def written(folder, sql, figure='"sum"', threshold="0") -> ControlQuery:
    """A control of one's own."""
    (folder / "controls").mkdir(exist_ok=True)
    file = folder / "controls" / "x.sql"
    file.write_text(HEADER.format(figure=figure, threshold=threshold) + sql, encoding="utf-8")
    return next(one for one in load_controls([folder]) if one.id == "x")


def test_the_guides_twenty_are_there_once_each():
    assert [one.number for one in CONTROLS] == list(range(1, 21))


@pytest.mark.parametrize(("control", "case_"), CASES, ids=[f"{control.id}: {one.name}" for control, one in CASES])
def test_case(control, case_):
    assert run_case(control, case_) == []


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_a_control_has_a_positive_an_innocent_and_a_missing_source(control):
    cases = load_cases(control)
    assert any(one.expect for one in cases)
    assert any(not one.expect and not one.missing for one in cases)
    assert any(one.missing for one in cases)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
def test_every_parameter_is_used_and_explained_in_both_languages(control):
    for param in control.params:
        assert param.unit
        assert all(param.about.values())
        assert param.name == "threshold" or f"${param.name}" in control.sql
    assert views_named(control.sql, load_views()) or "events" in control.sql


@pytest.mark.parametrize(("n", "figure", "ok"), [(42, 1.0, False), (3, 0.0, True)])
def test_a_request_sent_over_and_over(n, figure, ok):
    (control,) = run_controls(case(sends(n)), [one for one in CONTROLS if one.number == 11])
    assert (control.figure, control.ok, control.of) == (figure, ok, n * (2 if n > 3 else 1))
    assert [(row["calls"], row["request_ids"]) for row in control.rows] == ([(42, 42)] if n == 42 else [])


def test_only_what_concerns_the_subject():
    con = case(sends(42))
    assert [one.id for one in run_controls(con, CONTROLS, {"pallet": "TP1"})] == ["repeated-requests"]
    assert run_controls(con, CONTROLS, {"pallet": "TP2"}) == []


def test_nothing_recorded_is_never_zero():
    for control in run_controls(case([{"kind": "log", "ts": "10:00:00"}]), CONTROLS):
        assert (control.figure, control.ok) == (None, None)
        assert set(control.missing) == {"zh", "en"}


@pytest.mark.parametrize(
    ("figure", "whole", "days"), [("sum", 7.0, [6.0, 1.0]), ("max", 4.0, [4.0, 1.0]), ("share", 10.0, [10.0, 10.0])]
)
def test_the_archive_and_each_day_are_summed_up_by_one_rule(tmp_path, figure, whole, days):
    noon = int(datetime(2026, 3, 11, 15, 30, tzinfo=UTC).timestamp()) * 1_000_000  # 23:30 in Shanghai
    sql = f"""SELECT * FROM (VALUES ({noon}, 2, 20), ({noon}, 4, 40), ({noon + 3_600_000_000}, 1, 10), (NULL, 0, 0)) t(us, figure, of) ORDER BY figure DESC"""
    one = written(tmp_path, sql, f'"{figure}"')
    (control,) = run_controls(case([{"kind": "log"}]), [one], zone="Asia/Shanghai")
    assert (control.figure, control.of, control.total) == (whole, 70.0, 3)
    assert [(day["day"], day["figure"]) for day in control.trend] == list(
        zip(["2026-03-11", "2026-03-12"], days, strict=True)
    )


def test_a_long_list_is_cut_and_says_how_long_it_was(tmp_path):
    one = written(tmp_path, "SELECT 0 AS us, 1 AS figure, 1 AS of, i AS nr FROM range(250) t(i) ORDER BY i")
    (control,) = run_controls(case([{"kind": "log"}]), [one])
    assert (control.figure, control.total, len(control.rows), control.rows[1]["nr"]) == (250.0, 250, ROWS, 1)


def test_a_parameter_is_set_for_one_or_for_all(tmp_path):
    con = case(sends(42))
    (repeated,) = [one for one in CONTROLS if one.number == 11]

    def found(params):
        (control,) = run_controls(con, [repeated], params=params)
        return control.figure, control.ok

    assert found({"repeated-requests.sends": 42}) == (0.0, True)
    assert found({"sends": 42, "repeated-requests.sends": 41}) == (1.0, False)
    assert found({"repeated-requests.threshold": 1}) == (1.0, True)


def test_a_setting_that_nothing_reads_is_refused():
    from forensics.checks.session import Session

    with pytest.raises(ConfigError, match=r"idle-locks\.idle_mni"):
        Session(case(sends(1)), params={"idle-locks.idle_mni": 5}).controls()
    with pytest.raises(ConfigError, match="must be a number"):
        Session(case(sends(1)), params={"idle-locks.idle_min": "5"}).controls()


def test_a_sample_is_the_same_for_a_case_and_another_for_another():
    con = case([
        {"ts": f"2026-03-{9 + i % 5:02d}T08:{i % 60:02d}:00+00:00", "kind": "task", "system": "wms", "task": f"T{i}", "state": "DONE", "doc_type": "inbound",
         "pallet": f"P{i}", "to_location": "A-1", "actor_type": "wcs"} for i in range(200)
    ])  # fmt: skip
    (sample,) = [one for one in CONTROLS if one.number == 6]

    def drawn(seed):
        return [row["task"] for row in run_controls(con, [sample], seed=seed)[0].rows]

    assert drawn("a") == drawn("a")
    assert len(set(drawn("a"))) == 10
    assert drawn("a") != drawn("b")


def test_a_sample_prefers_what_is_risky_and_leaves_no_one_out():
    common = {"kind": "task", "system": "wms", "doc_type": "inbound", "to_location": "A-1"}
    con = case([
        {**common, "ts": f"2026-03-11T{8 + i // 60:02d}:{i % 60:02d}:00+00:00", "task": f"T{i:03d}", "pallet": f"P{i}",
         "state": "FORCED_DONE" if i < 20 else "DONE", "actor_type": "operator" if i < 20 else "wcs"} for i in range(200)
    ])  # fmt: skip
    (sample,) = [one for one in CONTROLS if one.number == 6]
    tasks = [row["task"] for seed in range(60) for row in run_controls(con, [sample], seed=str(seed))[0].rows]
    risky = sum(task < "T020" for task in tasks) / len(tasks)
    assert 0.2 < risky < 0.9  # a tenth of all tasks
    assert len(set(tasks)) > 120


def test_mistakes_are_named_with_their_line(tmp_path):
    with pytest.raises(QueryError, match="threshold") as error:
        written(tmp_path, "SELECT 1 AS figure", threshold='"three"')
    assert error.value.location.line == 8
    with pytest.raises(QueryError, match="sum up"):
        written(tmp_path, "SELECT 1 AS figure", figure='"median"')
    one = written(tmp_path, "SELECT 1 AS us, 1 AS figure")
    with pytest.raises(QueryError, match="'of'"):
        run_controls(case(sends(1)), [one])
    one = written(tmp_path, "SELECT nope AS figure")
    with pytest.raises(QueryError, match="nope"):
        run_controls(case(sends(1)), [one])
    one = written(tmp_path, "SELECT 1 AS us, 1 AS figure, 1 AS of; DROP TABLE events")
    with pytest.raises(QueryError, match="one SELECT"):
        run_controls(case(sends(1)), [one])
