"""An export never seen: ten lines of profile read it, and `formats infer` writes most of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import forensics
from forensics.cli.formats import formats
from forensics.formats import tomltext
from forensics.formats.infer_values import by_values, is_day, is_number, is_time, is_time_of_day
from forensics.formats.load import load_formats
from forensics.formats.mapping import Heading
from forensics.formats.quantity import decimal_mark, parse
from forensics.formats.samples import run_samples
from forensics.model.errors import FormatError

MAPS = load_formats().maps

JOURNAL = """Frachtjournal Werk 1000;;;;;;;;;;
Beleg-Nr;Pos;Artikelnr;Charge;Ist-Menge;ME;Lagerplatz;Buchungsdatum;Uhrzeit;BwArt;Benutzer
4900031926;10;10023;B2503;5,000-;ST;A-02-03-01;11.03.2026;100001;X1;MEIER
4900031990;10;10023;B2503;5,000;ST;A-02-03-01;11.03.2026;104012;X2;MEIER
4900032001;10;10024;B2504;12,500-;KG;A-02-05-02;11.03.2026;180000;X3;KLEIN
4900032002;20;10025;B2504;1.250,000;ST;B-01-01-01;12.03.2026;081500;X4;KLEIN
4900032003;10;10025;B2505;40,000;ST;B-01-01-02;12.03.2026;081733;X4;MEIER
"""
PROFILE = """
id     = "frachtjournal"
system = "erp"
zone   = "Europe/Berlin"
[columns]
ts       = ["Buchungsdatum", "Uhrzeit"]
doc      = "BELEG NR"
doc_line = "Pos"
doc_type = "BwArt"
sku      = "Artikelnr"
batch    = "Charge"
qty      = { from = "Ist-Menge", decimal = "," }
uom      = "ME"
location = "Lagerplatz"
operator = "Benutzer"
[words.doc_type]
X1 = "outbound"
X2 = "reversal"
X3 = "count"
X4 = "inbound"
[set]
warehouse = "1000"
"""


def events(folder: Path, name: str, text: str, *profiles: Path, encoding: str = "utf-8") -> pl.DataFrame:
    (folder / name).write_bytes(text.encode(encoding))
    case = forensics.open_case(folder / "case", create=True, formats=profiles)
    case.ingest(str(folder / name))
    return case.sql("SELECT * FROM events ORDER BY line, part")


def run(*args: str) -> Any:
    return CliRunner().invoke(formats, ["infer", *args], catch_exceptions=False)


# --- profiles --------------------------------------------------------------------------------------------------------


def test_ten_lines_read_an_unknown_export(tmp_path: Path) -> None:
    profile = tmp_path / "journal.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    found = events(tmp_path, "export.csv", JOURNAL, profile)
    assert found["kind"].to_list() == ["ledger"] * 5
    assert found["system"].unique().to_list() == ["erp"]
    assert [str(q) for q in found["qty"]] == ["-5.000000", "5.000000", "-12.500000", "1250.000000", "40.000000"]
    assert found["doc_type"].to_list() == ["outbound", "reversal", "count", "inbound", "inbound"]
    assert found["ts"].dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()[:2] == ["2026-03-11T09:00:01", "2026-03-11T09:40:12"]
    assert found["ts_quality"].unique().to_list() == ["recorded"]
    assert found["warehouse"].unique().to_list() == ["1000"]
    assert found.select("doc", "doc_line", "sku", "batch", "uom", "location", "operator").row(2) == (
        "4900032001", "10", "10024", "B2504", "KG", "A-02-05-02", "KLEIN",
    )  # fmt: skip


def test_words_give_unsigned_quantities_their_sign(tmp_path: Path) -> None:
    profile = tmp_path / "journal.toml"
    profile.write_text(PROFILE + '[words.sign]\nX3 = "-"\n', encoding="utf-8")
    found = events(tmp_path, "export.csv", JOURNAL.replace("5,000-", "5,000").replace("12,500-", "12,500"), profile)
    assert [int(q) for q in found["qty"]] == [-5, 5, -12, 1250, 40]


def test_stages_of_a_task_keep_their_own_times(tmp_path: Path) -> None:
    profile = tmp_path / "moves.toml"
    profile.write_text(
        'id = "moves"\nsystem = "wms"\n[columns]\ntask = "Job"\nstate = "St"\n'
        'created_at = { from = "Opened", time = ["%d/%m/%Y %H:%M:%S"] }\nfinished_at = { from = ["Closed", "At"], time = ["%d/%m/%Y %H:%M:%S"] }\n'
        '[words.state]\nOK = "DONE"\nXX = "CANCELLED"\n',
        encoding="utf-8",
    )
    text = "Job,St,Opened,Closed,At\nJ1,OK,01/02/2026 10:00:00,02/02/2026,11:00:00\nJ2,XX,03/02/2026 10:00:00,04/02/2026,12:00:00\n"
    found = events(tmp_path, "jobs.csv", text, profile)
    local = found["ts"].dt.convert_time_zone("Asia/Shanghai").dt.strftime("%m-%d %H").to_list()
    assert list(zip(found["task"], found["state"], local, strict=True)) == [
        ("J1", "CREATED", "02-01 10"), ("J1", "DONE", "02-02 11"), ("J2", "CREATED", "02-03 10"), ("J2", "CANCELLED", "02-04 12"),
    ]  # fmt: skip
    assert found["ts_quality"].unique().to_list() == ["recorded"]


def test_a_profile_reads_json_by_paths(tmp_path: Path) -> None:
    profile = tmp_path / "tms.toml"
    profile.write_text(
        'id = "tms"\nsystem = "erp"\nkind = "document"\n[columns]\nts = "stamp"\ndoc = { from = "head", path = "nr" }\n'
        'sku = { from = "head", path = "lines.0.art" }\nqty = "q"\nstate = "st"\n[words.state]\n7 = "DONE"\n',
        encoding="utf-8",
    )
    text = "".join(
        f'{{"stamp":"2026-03-11 10:00:0{n}","head":{{"nr":"F{n}","lines":[{{"art":"1002{n}"}}]}},"q":{n},"st":"7"}}\n'
        for n in range(3)
    )
    found = events(tmp_path, "tms.jsonl", text, profile)
    assert found.select("kind", "doc", "sku", "state").rows() == [
        ("document", f"F{n}", f"1002{n}", "DONE") for n in range(3)
    ]


def test_a_declared_clock_corrects_the_order_and_not_the_stamps(tmp_path: Path) -> None:
    profile = tmp_path / "journal.toml"
    profile.write_text("clock_ahead_s = 90\n" + PROFILE, encoding="utf-8")
    (tmp_path / "export.csv").write_text(JOURNAL, encoding="utf-8")
    case = forensics.open_case(tmp_path / "case", create=True, formats=[profile])
    case.ingest(str(tmp_path / "export.csv"))
    assert [(c.clock, c.offset_s, c.method) for c in case.clocks()] == [("erp", 90.0, "declared")]
    shifted = case.sql("SELECT (epoch_us(ts) - us) / 1e6 AS s FROM events_ordered")
    assert shifted["s"].unique().to_list() == [90.0]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ('id = "x"\n[columns]\n', "names no column", 2),
        ('id = "x"\n[columns]\nts = { const = "1" }\n', "needs a heading", 3),
        ('id = "x"\n[columns]\nts = "a"\n[words.colour]\na = "b"\n', "no column of words is called 'colour'", 4),
        ('id = "x"\nkind = "legder"\n[columns]\nts = "a"\n', "no kind is called 'legder'", 2),
        ('id = "x"\n[columns]\nts = "a"\n[[event]]\nkind = "log"\n', "instead of", 2),
        ('id = "x"\n[columns]\nraw = "a"\n', "'raw' is not set by a format", 3),
        ('id = "x"\n[columns]\nqty = { from = "a", decimal = "x" }\n', "no decimal mark", 3),
    ],
)
def test_a_wrong_profile_is_told_with_its_place(tmp_path: Path, text: str, says: str, line: int) -> None:
    file = tmp_path / "p.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=says) as caught:
        load_formats([file])
    assert caught.value.location is not None
    assert caught.value.location.line == line


# --- drafts ----------------------------------------------------------------------------------------------------------

LOG = "".join(
    f"2026-03-11 09:{n:02d}:40.020 [http-nio-{n % 7}] INFO  c.i.task.Agv:118 - 任务T2026031100{n:04d}已走出储位 A-02-03-{n:02d}, 托盘TP{n:06d}\n"
    f'2026-03-11 09:{n:02d}:41.020 [http-nio-{n % 7}] WARN  c.i.net.Client:57 - POST /wms/confirm taskNo=T2026031100{n:04d} qty={n} body={{"reqCode":"A{n}"}}\n'
    for n in range(1, 30)
)  # fmt: skip
JSONL = "".join(
    f'{{"when":"2026-03-11T10:00:{n:02d}+08:00","box":{{"id":"TP{n:06d}"}},"artikel":"1002{n % 4}","menge":{n},"colour":"red"}}\n'
    for n in range(20)
)
FILES = {"frachtjournal.csv": JOURNAL, "agv.log": LOG, "boxes.jsonl": JSONL}


@pytest.mark.parametrize("name", FILES)
def test_a_draft_loads_and_its_sample_passes_and_it_is_recognised(tmp_path: Path, name: str) -> None:
    source, draft = tmp_path / name, tmp_path / "mine" / "draft.toml"
    source.write_text(FILES[name], encoding="utf-8")
    done = run(str(source), "-o", str(draft), "--tz", "Europe/Berlin", "--system", "wcs")
    assert done.exit_code == 0
    assert "rejected: none" in done.output
    assert "wins over this draft" not in done.output
    assert "sample fails" not in done.output
    registry = load_formats([draft.parent])
    spec = registry.get(tomllib.loads(draft.read_text(encoding="utf-8"))["id"])
    assert spec.samples[0].events
    assert run_samples(spec) == []
    found = events(tmp_path, name, FILES[name], draft)
    assert set(found["ts_quality"]) == {"recorded"}


def test_the_draft_of_a_table_says_what_was_taken_for_what_and_what_is_open(tmp_path: Path) -> None:
    source, draft = tmp_path / "frachtjournal.csv", tmp_path / "draft.toml"
    source.write_text(JOURNAL, encoding="utf-8")
    done = run(str(source), "-o", str(draft), "--tz", "Europe/Berlin")
    written = tomllib.loads(draft.read_text(encoding="utf-8"))
    assert written["columns"] == {
        "ts": {"from": ["Buchungsdatum", "Uhrzeit"], "time": ["%d.%m.%Y %H%M%S", "auto"]}, "batch": "Charge", "qty": {"from": "Ist-Menge", "decimal": ","}, "uom": "ME",
        "location": "Lagerplatz", "doc_type": "BwArt",
    }  # fmt: skip
    left = done.output.split("left to you")[1]
    for heading in (
        "Beleg-Nr",
        "Artikelnr",
        "Benutzer",
        "which system",
        "what the words of BwArt mean: X1, X2, X3, X4",
    ):
        assert heading in left


def test_a_corrected_draft_gets_a_new_sample(tmp_path: Path) -> None:
    source, draft = tmp_path / "frachtjournal.csv", tmp_path / "draft.toml"
    source.write_text(JOURNAL, encoding="utf-8")
    draft.write_text(PROFILE, encoding="utf-8")
    done = run(str(source), "--from", str(draft), "-o", str(draft))
    assert "left to you\n  nothing" in done.output
    assert "2026-03-11 10:00:01" in done.output, "times are shown in the profile's zone"
    assert draft.read_text(encoding="utf-8").startswith(PROFILE.rstrip())
    spec = load_formats([draft]).get("frachtjournal")
    assert run_samples(spec) == []
    assert spec.samples[0].events[0]["doc_type"] == "outbound"


def test_the_draft_of_a_log_knows_what_stands_where(tmp_path: Path) -> None:
    source, draft = tmp_path / "agv.log", tmp_path / "draft.toml"
    source.write_text(LOG + "2026-03-11 10:00:00.000 something else\n", encoding="utf-8")
    run(str(source), "-o", str(draft))
    found = events(tmp_path, "agv.log", source.read_text(encoding="utf-8"), draft)
    moved = found.filter(pl.col("kind") == "device")
    assert moved.height == 29
    assert moved.select("action", "task", "location", "pallet").row(4) == (
        "pick_done",
        "T20260311000005",
        "A-02-03-05",
        "TP000005",
    )
    calls = found.filter(pl.col("qty").is_not_null())
    assert calls.select("task", "request_id").row(4) == ("T20260311000005", "A5")
    assert found.height == 59


def test_without_a_file_the_draft_goes_to_stdout_and_the_report_to_stderr(tmp_path: Path) -> None:
    source = tmp_path / "boxes.jsonl"
    source.write_text(JSONL, encoding="utf-8")
    done = run(str(source))
    assert tomllib.loads(done.stdout)["columns"]["pallet"] == {"from": "box", "path": "id"}
    assert "left to you" in done.stderr


def test_a_file_without_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(Exception, match="no text in it"):
        run(str(tmp_path / "x.bin"))


# --- guesses by values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["2026-03-11 10:00:00", "2026-03-11 10:00:01"], "ts"),
        (["1773198621447", "1773198622447"], "ts"),
        (["11.03.2026", "12.03.2026"], "ts"),
        (["369012345000000012"], "pallet"),
        (["TP000123", "TP000124"], "pallet"),
        (["A-02-03-01", "B-11-03-01"], "location"),
        (["完成", "完成", "取消", "完成"], "state"),
        (["ST", "KG", "ST", "ST"], "uom"),
        (["-5", "12.5", "3"], "qty"),
        (["10023", "10024"], ""),
        (["MEIER", "KLEIN", "MEIER", "KLEIN"], ""),
    ],
)
def test_what_values_say(values: list[str], column: str) -> None:
    guess = by_values(Heading("x", tuple(values)), MAPS)
    assert guess is not None
    assert guess.column == column


def test_days_times_and_numbers_are_told_apart() -> None:
    assert is_day(["2026-03-11", "2026-03-12"])
    assert not is_day(["2026-03-11 10:00"])
    assert is_time_of_day(["10:00:01", "235959"])
    assert not is_time_of_day(["10023", "2026-03-11"])
    assert is_number(["1,5", "1.250,00", "5-"])
    assert not is_time(["10023", "10024"])


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["5,000-", "1.250,000"], ","),
        (["5,000", "12,5"], ","),
        (["1,250.00"], "."),
        (["5,000"], "?"),
        (["5", "7"], None),
        (["12.5"], "."),
        (["5.000"], "?"),
    ],
)
def test_decimal_marks(values: list[str], mark: str | None) -> None:
    assert decimal_mark(values) == mark


@settings(max_examples=200, deadline=None)
@given(st.lists(st.decimals(-99_999, 99_999, places=3), min_size=1, max_size=6), st.sampled_from([",", "."]))
def test_a_known_decimal_mark_reads_every_number(numbers: list[Any], mark: str) -> None:
    other = "." if mark == "," else ","
    texts = [f"{n:,.3f}".replace(",", "\0").replace(".", mark).replace("\0", other) for n in numbers]
    assert parse(pl.Series(texts), mark).value.to_list() == numbers


_JSON = st.recursive(
    st.text(max_size=12) | st.integers() | st.booleans(),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=6), c, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=8), _JSON, max_size=4), st.text(max_size=60), st.text(max_size=30))
def test_what_is_written_as_toml_reads_back(table: dict[str, Any], block: str, regex: str) -> None:
    block, regex = block.replace("\r", ""), regex.replace("\r", "")
    text = "\n".join(
        [f"{tomltext.key(name)} = {tomltext.value(value)}" for name, value in table.items()]
        + ["[x]", f"block = {tomltext.block(block)}", f"regex = {tomltext.regex(regex)}"]
    )
    if "x" in table:
        return
    back = tomllib.loads(text)
    assert {name: back[name] for name in table} == table
    assert back["x"]["block"].removesuffix("\n") == block
    assert back["x"]["regex"] == regex


# --- any file --------------------------------------------------------------------------------------------------------

SAMPLES = Path(__file__).parents[2] / "samples" / "mixed-day" / "evidence"
RECORDED = Path(__file__).parents[3] / "shared" / "data"
EVIDENCE = [
    file
    for folder in (SAMPLES, RECORDED / "eis" / "FileLog", RECORDED / "recorded", RECORDED / "samples" / "slowlogs")
    for file in (sorted(folder.rglob("*")) if folder.is_dir() else ())
    if file.is_file() and file.suffix in (".txt", ".log", ".csv", ".jsonl", ".xlsx", ".gz")
]


@pytest.mark.slow
@pytest.mark.parametrize("file", EVIDENCE, ids=lambda file: "/".join(file.parts[-3:]))
def test_a_draft_of_any_file_loads_and_its_sample_passes(file: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    done = run(str(file), "-o", str(draft))
    assert done.exit_code == 0
    assert "sample fails" not in done.output
    spec = load_formats([draft]).get(tomllib.loads(draft.read_text(encoding="utf-8"))["id"])
    assert run_samples(spec) == []
