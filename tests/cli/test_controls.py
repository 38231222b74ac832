"""The controls on the command line: the table, the parameters of forensics.toml, people under pseudonyms."""

from __future__ import annotations

import json

import pytest

HEAD = "时间,任务号,任务类型,状态,操作类型,操作人,托盘号,目标货位\n"
ROWS = "".join(
    f"2026-03-11 09:{n:02d}:{second},RW{n},入库,{state},人工,陈晨,TP{n},A-01-{n:02d}\n"
    for n in range(10, 20)
    for second, state in (("00", "已完成"), ("30", "已取消" if n < 13 else "已完成"))
)


@pytest.fixture
def case(forensics, tmp_path):
    folder = tmp_path / "logs" / "wms"
    folder.mkdir(parents=True)
    (folder / "task_log.csv").write_text(HEAD + ROWS, encoding="utf-8")
    assert forensics("ingest", "logs").code == 0
    return forensics


def control(run, number):
    return next(one for one in run.json["controls"] if one["number"] == number)


def test_every_control_is_in_the_table(case):
    out = case("audit", "--lang", "en").out
    table = out[out.index("Preventive controls") :]
    assert [line.split()[0] for line in table.splitlines()[2:] if line[:4].strip().isdigit()] == [
        str(n) for n in range(1, 21)
    ]
    assert "✕ exceeded" in table
    assert "for want of bindings of pallets" in table


def test_people_are_shown_when_asked(case, tmp_path):
    hidden = control(case("audit", "--format", "json"), 3)
    named = control(case("audit", "--format", "json", "--show-operators"), 3)
    assert (named["figure"], named["of"], named["rows"][0]["operator"]) == (15.0, 20.0, "陈晨")
    assert hidden["rows"][0]["operator"].startswith("OP-")
    assert hidden == control(case("audit", "--format", "json"), 3)
    for show, seen in (((), False), (("--show-operators",), True)):
        assert case("report", "-o", "r.html", *show).code == 0
        section = (
            (tmp_path / "r.html")
            .read_text(encoding="utf-8")
            .partition('<section id="controls">')[2]
            .partition("</section>")[0]
        )
        assert ("陈晨" in section) == seen


def test_parameters_stand_in_the_settings(case, tmp_path):
    settings = tmp_path / "forensics.toml"
    settings.write_text("[params.misclick-rate]\nthreshold = 20\n", encoding="utf-8")
    assert control(case("audit", "--format", "json"), 3)["ok"] is True
    settings.write_text("[params.misclick-rate]\nwithin_mni = 1\n", encoding="utf-8")
    run = case("audit")
    assert run.code != 0
    assert "misclick-rate.within_mni" in run.err
    assert "Traceback" not in run.err


def test_one_control_is_explained_and_tested(forensics):
    shown = json.loads(forensics("queries", "show", "7", "--format", "json").out)
    assert (shown["id"], shown["number"], {p["name"] for p in shown["params"]}) == (
        "idle-locks",
        7,
        {"threshold", "idle_min", "goes_on_min"},
    )
    run = forensics("queries", "test", "idle-locks", "--format", "json")
    assert run.json[0]["cases"] >= 3
    assert run.json[0]["failures"] == []
