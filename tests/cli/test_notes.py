"""`case note`, `case status`, `case notes`, and what an audit says of the last one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forensics.api import open_case

HEAD = "流水号,时间,托盘号,物料编码,库位,数量,变动前,变动后,单据号,请求号\n"
HOSTILE = "<script>alert(1)</script> `x` *y* \u202egnp.exe"


def rows(place: str, twice: int | None, days: int = 30) -> list[str]:
    """One pick a day from a place; on one day a request is deducted twice."""
    out, stock = [], 500
    for day in range(1, days + 1):
        for again in range(2 if day == twice else 1):
            number = f"{place[-1]}{day:02d}"
            out.append(
                f"{number}{again},2026-03-{day:02d} 10:00:{30 * again:02d},,10023,{place},-2,{stock},{stock - 2},CK{number},R{number}"
            )
            stock -= 2
    return out


def write(folder, name: str, *lines: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return f"{folder.name}/{name}"


def ids(result) -> tuple[list[str], list[str]]:
    return sorted(f["id"] for f in result["findings"]), sorted(i["id"] for i in result["incidents"])


def test_ids_depend_on_nothing_but_evidence_and_cause(forensics, tmp_path):
    one = write(tmp_path / "logs", "库存流水1.csv", *rows("A-1", 12))
    two = write(tmp_path / "logs", "库存流水2.csv", *rows("B-2", 20))
    assert forensics("ingest", one, two, "--case", "first").code == 0
    moved = write(tmp_path / "moved away", "库存流水9.csv", *rows("A-1", 12))
    again = write(tmp_path / "moved away", "库存流水0.csv", *rows("B-2", 20))
    extra = write(tmp_path / "moved away", "库存流水5.csv", *rows("C-3", 7))
    for file in (again, moved):
        assert forensics("ingest", file, "--case", "second").code == 0
    first = ids(forensics("audit", "--case", "first", "--format", "json", "--lang", "zh").json)
    second = ids(forensics("audit", "--case", "second", "--format", "json", "--lang", "en", "--tz", "UTC").json)
    assert first == second
    assert [len(found) for found in first] == [2, 2]
    assert forensics("ingest", extra, "--case", "second").code == 0
    third = ids(forensics("audit", "--case", "second", "--format", "json").json)
    assert [len(found) for found in third] == [3, 3]
    assert all(set(old) < set(new) for old, new in zip(first, third, strict=True))


@pytest.fixture
def case(forensics, tmp_path):
    assert forensics("ingest", write(tmp_path / "logs", "库存流水1.csv", *rows("A-1", 12))).code == 0
    return forensics


def test_notes_and_states_are_shown_wherever_the_incident_is(case, tmp_path):
    (incident,) = case("audit", "--format", "json").json["incidents"]
    assert (incident["status"], incident["notes"]) == (None, [])
    assert case("case", "note", incident["id"][:6], HOSTILE, "--by", "Li").code == 0
    assert case("case", "status", incident["findings"][0], "confirmed").code == 0
    listed = case("case", "notes", "--format", "json").json
    assert [(n["kind"], n["id"], n["by"]) for n in listed] == [
        ("note", incident["id"], "Li"),
        ("status", incident["findings"][0], None),
    ]
    (now,) = case("audit", "--format", "json").json["incidents"]
    assert now["id"] == incident["id"]
    assert now["status"] == "confirmed"
    assert [n["text"] for n in now["notes"]] == [HOSTILE, "confirmed"]
    traced = case("trace", "location", "A-1", "--lang", "zh").out
    assert "已确认" in traced
    assert case("report", "-o", "r.html", "--lang", "en").code == 0
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html
    markdown = case("audit", "--format", "markdown", "--lang", "en").out
    assert r"&lt;script&gt;alert(1)&lt;/script&gt; \`x\` \*y\*" in markdown
    table = case("audit", "--lang", "en").out
    for shown in (html, markdown, table, traced, case("case", "notes").out):
        assert "\u202e" not in shown
        assert "Li" in shown
    assert case("case", "verify").code == 0


def test_what_cannot_be_noted(case):
    (incident,) = case("audit", "--format", "json").json["incidents"]
    for arguments, said in (
        (("note", "ffff00000000", "x"), "no finding or incident 'ffff00000000'"),
        (("note", "ab", "x"), "too short"),
        (("note", incident["id"], "a\x1b[2Jb"), "U+001B"),
        (("note", incident["id"], "x", "--by", "a\nb"), "the name holds a control character"),
        (("status", incident["id"], "done"), "'done'"),
    ):
        done = case("case", *arguments)
        assert done.code == 2, done.out
        assert said in done.err
        assert "Traceback" not in done.err
    assert case("case", "notes", "--lang", "zh").out == "没有备注\n"


def test_an_id_that_no_audit_recorded_is_known_too(case):
    (finding,) = case("trace", "location", "A-1", "--format", "json").json["findings"]
    assert case("case", "status", finding["id"], "reviewed").code == 0


def test_an_audit_says_what_changed(case, tmp_path):
    first = case("audit", "--lang", "en")
    assert "Since the audit" not in first.out
    assert case("report", "-o", "r.html").code == 0
    assert case("trace", "location", "A-1").code == 0
    assert case("ingest", write(tmp_path / "logs", "库存流水2.csv", *rows("B-2", 20))).code == 0
    changed = case("audit", "--format", "json").json
    last = changed["since_last"]
    assert (len(last["new"]), len(last["known"]), last["resolved"]) == (1, 1, [])
    new = next(f for f in changed["findings"] if f["id"] in last["new"])
    assert new["subject"]["location"] == "B-2"
    quiet = case("audit", "--lang", "en").out
    assert "0 new, 2 known, 0 resolved" in quiet
    assert "  new" not in quiet
    windowed = case("audit", "--since", "2026-03-15", "--format", "json").json
    assert windowed["since_last"] is None


def test_a_finding_that_is_gone_is_named_as_it_was(case, tmp_path):
    opened = open_case(tmp_path / "case")
    result = opened.audit()
    (finding,) = result.findings
    opened.record(replace(result, findings=(replace(finding, id="0123456789ab"),)))
    done = case("audit", "--lang", "en", "--format", "markdown")
    assert "1 new, 0 known, 1 resolved" in done.out
    assert "Resolved 0123456789ab: Duplicate deduction" in done.out
    opened.record(replace(result, findings=(replace(finding, id="0123456789ab"),)))
    done = case("audit", "--format", "json")
    (gone,) = done.json["since_last"]["resolved"]
    named = {name: value for name, value in finding.subject.items() if value}
    assert gone == {"id": "0123456789ab", "cause": finding.cause, "subject": named}
    opened.record(replace(result, findings=(replace(finding, id="0123456789ab"),)))
    shown = case("audit", "--lang", "zh").out
    assert "新增 1 项，原有 0 项，消除 1 项" in shown
    assert "已消除 0123456789ab" in shown
    assert case("report", "-o", "r.html", "--lang", "zh").code == 0
    assert "原有 1 项" in (tmp_path / "r.html").read_text(encoding="utf-8")
