"""`--plan FILE`: the proposed corrections for programs; and the same in report and terminal."""

from __future__ import annotations

import json

import pytest

HEAD = "流水号,时间,托盘号,物料编码,库位,数量,变动前,变动后,单据类型,单据号,单据行,请求号\n"
TWICE = [  # one request is deducted twice, twenty days of plain picks around it
    f"{n + 1},2026-03-{1 + n // 2:02d} {10 + n % 2}:00:00,,10023,A-01,-2,{500 - 2 * n},{498 - 2 * n},出库,CK{n - (n == 21):03d},1,R{n - (n == 21):03d}"
    for n in range(40)
]
COUNT = "41,2026-03-25 10:00:00,,10023,A-01,2,420,422,盘点,PD1,1,PD1"


@pytest.fixture
def case(forensics, tmp_path):
    def ingest(*rows: str):
        (tmp_path / "库存流水.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        done = forensics("ingest", "库存流水.csv")
        assert done.code == 0, done.err
        return forensics

    return ingest


def test_the_plan_of_an_audit(case, tmp_path):
    run = case(*TWICE)
    done = run("audit", "--plan", "plan.json", "--format", "json")
    assert done.code == 0, done.err
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["schema"] == "wms-forensics/correction-plan/1"
    assert plan["settled"] == []
    (step,) = plan["steps"]
    assert (step["step"], step["action"], step["qty"], step["location"]) == (1, "reverse", "2", "A-01")
    assert [(e["before"], e["after"]) for e in step["effect"]] == [("420", "422")]
    assert set(step["reason"]) == {"zh", "en"}
    assert step["risk"]["level"] == "medium"
    assert step["replay"] == []
    (incident,) = done.json["incidents"]
    (finding,) = done.json["findings"]
    assert (step["incident"], step["finding"]) == (incident["id"], finding["id"])
    assert [(e["event_id"], e["line"]) for e in step["evidence"]] == [
        (e["event_id"], e["line"]) for e in finding["evidence"]
    ]
    assert incident["correction"][0]["step"] == 1


def test_a_count_has_set_it_right(case, tmp_path):
    run = case(*TWICE, COUNT)
    done = run("audit", "--plan", "plan.json", "--lang", "zh")
    plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan["steps"] == []
    (settled,) = plan["settled"]
    assert (settled["action"], settled["qty"], settled["ts"]) == ("reverse", "2", "2026-03-25T02:00:00Z")
    assert len(settled["evidence"]) == 1
    assert "已更正" in done.out
    assert "建议的更正" not in done.out


def test_trace_and_report_write_it_too(case, tmp_path):
    run = case(*TWICE)
    assert run("trace", "location", "A-01", "--plan", "traced.json", "--format", "json").code == 0
    assert run("report", "--location", "A-01", "--plan", "reported.json", "-o", "r.html", "--lang", "en").code == 0
    plans = [
        json.loads((tmp_path / name).read_text(encoding="utf-8"))["steps"] for name in ("traced.json", "reported.json")
    ]
    assert plans[0] == plans[1]
    assert len(plans[0]) == 1
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Step 1" in html
    assert "420" in html
    assert "Later postings on this stock row" in html


def test_a_place_that_cannot_be_written(case):
    run = case(*TWICE)
    done = run("audit", "--plan", "/proc/none/plan.json")
    assert done.code == 2
    assert "cannot write" in done.err
