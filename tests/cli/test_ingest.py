"""Bad and odd input through the real command: what a user sees, and that nothing is lost."""

from __future__ import annotations

import gzip
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile

import openpyxl
import pytest

LEDGER = (
    "流水号,时间,物料编码,库位,数量,变动前,变动后,单据号\n"
    "1,2025-03-11 10:00:00.120,10023,A-02-03-01,-5,12,7,CK01\n"
    "2,2025-03-11 10:00:01.131,10023,A-02-03-01,-3,7,4,CK02\n"
)
LOG = "\n".join(
    f"2025-03-11 09:15:{i % 60:02d}.020 INFO  [exec-{i}] c.i.task.TaskService Line:118 - 任务T2025031100{i:04d}已走出储位"
    for i in range(60)
)


def conserved(file: dict) -> bool:
    return file["lines"] == file["event_lines"] + file["continuation"] + file["rejected"] + file["blank"]


def ingest(forensics, *paths, **env):
    run = forensics("ingest", *paths, "--case", "case", "--format", "json", **env)
    assert run.code in (0, 3), run.err
    for file in run.json["files"]:
        assert conserved(file), file
    return run


def test_a_chinese_ledger_with_no_profile(forensics, tmp_path):
    (tmp_path / "流水.csv").write_text(LEDGER, encoding="gb18030")
    run = ingest(forensics, "流水.csv")
    (file,) = run.json["files"]
    assert run.code == 0
    assert (file["lines"], file["events"], file["rejected"], file["encoding"]) == (3, 2, 0, "gb18030")
    rows = forensics("sql", "SELECT line, byte_offset, sku, location, qty, qty_before, qty_after, doc, ts FROM events ORDER BY line",
                     "--case", "case", "--format", "json").json  # fmt: skip
    assert rows[0]["sku"] == "10023"
    assert float(rows[0]["qty"]) == -5
    assert rows[1]["doc"] == "CK02"
    assert rows[0]["ts"].startswith("2025-03-11T02:00:00.12")
    assert rows[0]["byte_offset"] == len(LEDGER.splitlines(keepends=True)[0].encode("gb18030"))


def test_again_renamed_rotated_and_compressed_is_a_no_op(forensics, tmp_path):
    (tmp_path / "a.csv").write_text(LEDGER)
    ingest(forensics, "a.csv")
    (tmp_path / "b.csv.1").write_text(LEDGER)
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(LEDGER.encode()))
    run = ingest(forensics, "a.csv", "b.csv.1", "c.csv.gz")
    assert [f["status"] for f in run.json["files"]] == ["unchanged"] * 3
    assert run.json["totals"]["events"] == 0
    assert forensics("case", "verify", "--case", "case").code == 0


def test_the_same_content_twice_in_one_run(forensics, tmp_path):
    (tmp_path / "a.csv").write_text(LEDGER)
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    run = ingest(forensics, "a.csv", "b.csv")
    assert [f["status"] for f in run.json["files"]] == ["new", "unchanged"]


def test_a_grown_file_adds_only_what_is_new(forensics, tmp_path):
    file = tmp_path / "app.log"
    file.write_text(LOG[: LOG.index("T20250311000030")], encoding="utf-8")  # cut inside a line
    ingest(forensics, "app.log")
    file.write_text(LOG + "\n\tat com.x.Y.z(Y.java:12)\n", encoding="utf-8")
    run = ingest(forensics, "app.log")
    assert run.json["files"][0]["status"] == "grown"
    got = forensics("sql", "SELECT count(*) n, count(DISTINCT byte_offset) d, max(line) l, count(DISTINCT source) s, count(task) t FROM events WHERE part = 0",
                    "--case", "case", "--format", "json").json[0]  # fmt: skip
    assert got == {"n": 60, "d": 60, "l": 60, "s": 1, "t": 60}
    assert forensics("case", "verify", "--case", "case").out.strip()
    assert forensics("case", "verify", "--case", "case").code == 0


def test_growth_of_a_table_keeps_its_header(forensics, tmp_path):
    (tmp_path / "a.csv").write_text(LEDGER)
    ingest(forensics, "a.csv")
    (tmp_path / "a.csv").write_text(LEDGER + "3,2025-03-11 10:05:00,10023,A-02-03-01,-1,4,3,CK03\n")
    run = ingest(forensics, "a.csv")
    assert run.json["files"][0]["status"] == "grown"
    got = forensics("sql", "SELECT line, doc, qty_after::VARCHAR q FROM events ORDER BY line", "--case", "case", "--format", "json").json
    assert [(r["line"], r["doc"]) for r in got] == [(2, "CK01"), (3, "CK02"), (4, "CK03")]
    assert forensics("case", "verify", "--case", "case").code == 0


def test_stdin(forensics):
    run = forensics("ingest", "-", "--case", "case", "--format", "json", stdin=LEDGER.encode())
    assert run.json["totals"]["events"] == 2


def test_empty_file(forensics, tmp_path):
    (tmp_path / "empty.log").touch()
    run = ingest(forensics, "empty.log")
    assert run.code == 0
    assert run.json["files"][0]["status"] == "empty"


def test_an_empty_folder_says_so(forensics, tmp_path):
    (tmp_path / "logs").mkdir()
    run = forensics("ingest", "logs", "--case", "case")
    assert run.code == 3
    assert "error:" in run.err
    assert "logs" in run.err


def test_a_path_that_is_not_there(forensics):
    run = forensics("ingest", "nope/*.log", "--case", "case")
    assert run.code == 3
    assert "error: nothing is there" in run.err
    assert "--> nope/*.log" in run.err
    assert "hint:" in run.err


def test_a_binary_file_among_logs(forensics, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "photo.jpg").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "logs" / "a.csv").write_text(LEDGER)
    run = ingest(forensics, "logs")
    assert {f["path"].rsplit("/", 1)[-1]: f["status"] for f in run.json["files"]} == {"a.csv": "new", "photo.jpg": "binary"}
    assert run.code == 0
    assert ingest(forensics, "logs/photo.jpg").code == 3  # named itself: the user expected it to be read


def test_a_binary_binlog_gets_a_hint(forensics, tmp_path):
    (tmp_path / "mysql-bin.000001").write_bytes(b"\xfebin" + bytes(range(256)) * 10)
    run = ingest(forensics, "mysql-bin.000001")
    assert "mysqlbinlog" in run.json["files"][0]["problem"]


@pytest.mark.parametrize("name", ["app.log.gz", "app.log"])
def test_truncated_gz_keeps_what_can_be_read_and_refuses_the_cut_line(forensics, tmp_path, name):
    data = gzip.compress((LOG + "\n").encode() * 50)
    (tmp_path / name).write_bytes(data[: len(data) * 2 // 3])
    run = ingest(forensics, name)
    (file,) = run.json["files"]
    assert run.code == 3
    assert file["status"] == "damaged"
    assert "truncated" in file["problem"]
    assert file["events"] > 100
    reasons = forensics("sql", "SELECT reason FROM rejects", "--case", "case", "--format", "json").json
    assert [r["reason"] for r in reasons] == ["cut off: the source is damaged and ends here"]


def test_a_header_line_before_the_log_and_a_stack_trace_inside(forensics, tmp_path):
    lines = LOG.splitlines()
    trace = ["java.net.SocketTimeoutException: Read timed out", *[f"\tat com.acme.Wms.m{i}(Wms.java:{i})" for i in range(24)]]
    (tmp_path / "app.log").write_text("\n".join(["=== exported by ops ===", *lines[:30], *trace, *lines[30:]]) + "\n", encoding="utf-8")
    run = ingest(forensics, "app.log")
    (file,) = run.json["files"]
    assert file["lines"] == 86
    assert file["event_lines"] + file["rejected"] >= 60
    got = forensics("sql", "SELECT count(DISTINCT task) n, max(line) l FROM events WHERE task IS NOT NULL", "--case", "case", "--format", "json").json
    assert got == [{"n": 60, "l": 86}]


def test_a_stray_quote_does_not_swallow_the_table(forensics, tmp_path):
    rows = [f"{i},2025-03-11 10:00:{i:02d},1002{i},A-01,-1,{60 - i},{59 - i},CK{i:03d}" for i in range(50)]
    rows[10] = rows[10].replace("CK010", '"CK010')
    (tmp_path / "a.csv").write_text(LEDGER.splitlines()[0] + "\n" + "\n".join(rows) + "\n")
    run = ingest(forensics, "a.csv")
    assert run.json["files"][0]["events"] >= 49


def test_wrong_encoding_inside_a_file(forensics, tmp_path):
    (tmp_path / "app.log").write_bytes(LOG.encode() + b"\n" + LOG.splitlines()[0].replace("已走出", "已走出").encode("gb18030") + b"\n")
    run = ingest(forensics, "app.log")
    assert run.json["files"][0]["lines"] == 61
    got = forensics("sql", "SELECT raw FROM events WHERE line = 61", "--case", "case", "--format", "json").json
    assert "已走出储位" in got[0]["raw"]


def test_archives_and_workbooks(forensics, tmp_path):
    (tmp_path / "a.csv").write_text(LEDGER)
    (tmp_path / "app.log").write_text(LOG, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("wms/app.log.gz", gzip.compress(LOG.encode()))
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.csv", "db/a.csv")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "盘点"
    for row in (["盘点表 2025-03-11"], [], ["时间", "库位", "物料编码", "账面数量", "实盘数量"], ["2025-03-11 18:00:00", "A-01", "10023", 9, 8]):
        sheet.append(row)
    book.save(tmp_path / "count.xlsx")
    run = ingest(forensics, "all.zip", "all.tar.gz", "count.xlsx")
    assert [(f["member"], f["event_lines"]) for f in run.json["files"]] == [("wms/app.log.gz", 60), ("db/a.csv", 2), ("盘点", 1)]
    got = forensics("sql", "SELECT line, qty_counted::VARCHAR c, extra->>'qty_expected' e FROM events WHERE kind = 'count'", "--case", "case", "--format", "json").json
    assert got[0]["line"] == 4


def test_a_missing_case(forensics):
    run = forensics("trace", "pallet", "TP1", "--case", "nowhere")
    assert run.code == 2
    assert "error: there is no case here" in run.err
    assert "--> nowhere" in run.err
    assert "Traceback" not in run.err


def test_a_killed_ingest_leaves_a_valid_case(forensics, tmp_path):
    big = tmp_path / "big.log"
    with big.open("w", encoding="utf-8") as out:
        for i in range(40):
            out.write((LOG + "\n").replace("T2025031100", f"T{i:03d}5031100") * 400)
    (tmp_path / "a.csv").write_text(LEDGER)
    process = subprocess.Popen(
        [sys.executable, "-m", "forensics", "ingest", "a.csv", "big.log", "--case", "case"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (tmp_path / "case" / "case.toml").exists():
        time.sleep(0.05)
    time.sleep(0.4)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    run = ingest(forensics, "a.csv", "big.log")
    assert run.json["totals"]["rejected"] == 0
    assert forensics("case", "verify", "--case", "case").code == 0
    got = forensics("sql", "SELECT count(*) n FROM events WHERE part = 0", "--case", "case", "--format", "json").json
    assert got == [{"n": 40 * 400 * 60 + 2}]


def test_ctrl_c_half_way_leaves_a_valid_case(forensics, tmp_path):
    (tmp_path / "a.csv").write_text(LEDGER)
    with (tmp_path / "big.log").open("w", encoding="utf-8") as out:
        for i in range(60):
            out.write((LOG + "\n").replace("T2025031100", f"T{i:03d}5031100") * 400)
    process = subprocess.Popen(
        [sys.executable, "-m", "forensics", "ingest", "a.csv", "big.log", "--case", "case"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (tmp_path / "case" / "case.toml").exists():
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err
    assert b"Traceback" not in err
    assert forensics("case", "verify", "--case", "case").code == 0
    ingest(forensics, "a.csv", "big.log")
    got = forensics("sql", "SELECT count(*) n FROM events WHERE part = 0", "--case", "case", "--format", "json").json
    assert got == [{"n": 60 * 400 * 60 + 2}]
    assert forensics("case", "verify", "--case", "case").code == 0


def test_formats_named_in_the_settings_file_are_used(forensics, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "forensics.toml").write_text('formats = ["mine"]\n')
    (tmp_path / "mine" / "crane.toml").write_text(
        """id = "my-crane"
system = "wcs"
title = { en = "crane", zh = "堆垛机" }
link = "https://example.org/crane"
[detect]
head = ['(?m)^CRANE~']
[record]
frame = "line"
[[pattern]]
name = "put"
regex = '^CRANE~(?P<time>\\S+ \\S+)~(?P<task>\\S+)$'
[[event]]
kind = "device"
set = { action = "put_done" }
[event.fields]
ts = { from = "time", time = "auto" }
task = "task"
[[sample]]
text = '''
CRANE~2025-03-11 10:00:00~T1
'''
[[sample.events]]
kind = "device"
action = "put_done"
task = "T1"
ts = "2025-03-11T10:00:00+08:00"
""",
        encoding="utf-8",
    )
    (tmp_path / "c.txt").write_text("CRANE~2025-03-11 10:00:00~T9\n")
    run = ingest(forensics, "c.txt")
    assert run.json["files"][0]["parser"] == "my-crane", run.err
