"""Mistakes in a check's file are named with file, line and what to do; a user's folder wins over the shipped one."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.cases import event_frame
from forensics.checks.check import load_checks, load_views, read_check, read_view
from forensics.model.errors import ConfigError, QueryError

HEADER = """/*
id = "{id}"
title = {{ zh = "自定", en = "mine" }}
needs = ["ledger"]
message = {{ zh = "{{sku}} 多", en = "{{sku}} too many: {{many}}" }}
[params.least]
default = 2
unit = "rows"
about = {{ zh = "至少", en = "at least" }}
*/
"""
SQL = """SELECT any_value(sku) AS sku, min(ts) AS started_at, 1.0 AS strength, sum(qty) AS qty_error, {'many': count(*)} AS details,
       list(witness(source, byte_offset, part, 'for', 'posting')) AS witnesses
FROM events WHERE kind = 'ledger' GROUP BY kind HAVING count(*) >= $least
"""
EVENTS = [
    {"kind": "ledger", "system": "wms", "ts": "10:00:00", "sku": "7", "qty": -1},
    {"kind": "ledger", "system": "wms", "ts": "10:00:01", "sku": "7", "qty": -2},
]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _connect() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.register("events", event_frame(EVENTS))
    return con


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("SELECT 1", 1, "no header"),
        ('/*\nid = "X-1"\ntitle = {\n*/ SELECT 1', 3, "not valid TOML"),
        ('/*\nid = "X-1"\nlevle = "high"\n*/ SELECT 1', 3, "unknown key 'levle'"),
        ('/*\nid = "X-1"\n\nlevel = "loud"\n*/ SELECT 1', 4, "level 'loud' is unknown"),
        ('/*\nid = "X-1"\nneeds = ["legder"]\n*/ SELECT 1', 3, "no event kind"),
        ('/*\nid = "X-1"\ntitle = { en = "only English" }\n*/ SELECT 1', 3, "both languages"),
        ('/*\nid = "has blanks"\n*/ SELECT 1', 2, "is no id"),
    ],
)
def test_a_mistake_in_the_header_points_at_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        read_check(_write(tmp_path / "bad.sql", text))
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_a_check_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "bad.sql").write_bytes("/* 库存 */".encode("gb18030"))
    with pytest.raises(QueryError, match="UTF-8"):
        read_check(tmp_path / "bad.sql")


def test_a_users_check_runs_like_a_shipped_one(tmp_path: Path) -> None:
    _write(tmp_path / "mine.sql", HEADER.format(id="MINE-1") + SQL)
    con = _connect()
    mine = [check for check in load_checks([tmp_path]) if check.id == "MINE-1"]
    (one,) = engine.run_checks(con, mine)
    assert one.message["en"] == "7 too many: 2"
    assert one.message["zh"] == "7 多"
    assert (str(one.qty_error), one.level, len(one.evidence)) == ("-3.000000", "medium", 2)
    assert engine.run_checks(con, mine, {"least": 3}) == []
    assert engine.run_checks(con, mine, {"MINE-1.least": 3}) == []
    with pytest.raises(ConfigError, match="no check has a parameter 'most'"):
        engine.run_checks(con, mine, {"most": 3})


def test_a_users_check_replaces_the_shipped_one_of_its_id(tmp_path: Path) -> None:
    path = _write(tmp_path / "own" / "other.sql", HEADER.format(id="F-S-02-05.3") + SQL)
    (one,) = (check for check in load_checks([tmp_path]) if check.id == "F-S-02-05.3")
    assert one.path == path
    assert len(load_checks([tmp_path])) == len(load_checks())


def test_two_checks_of_one_id_in_a_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _write(tmp_path / f"{name}.sql", HEADER.format(id="MINE-1") + SQL)
    with pytest.raises(QueryError, match="is also in"):
        load_checks([tmp_path])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_checks([tmp_path / "none"])


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nothing FROM events", "nothing"),
        ("SELEC 1", "syntax error"),
        ("SELECT 1 AS started_at, 2 AS qty_error", "returns no column strength, witnesses"),
        ("COPY (SELECT 1) TO '/nowhere/x'", "must be one SELECT"),
        ("SELECT 1; DROP TABLE events", "must be one SELECT"),
        ("SELECT $foo AS started_at", r"\$foo .* is not declared"),
    ],
)
def test_a_mistake_in_the_sql_is_the_files_not_a_traceback(tmp_path: Path, sql: str, said: str) -> None:
    check = read_check(_write(tmp_path / "bad.sql", HEADER.format(id="MINE-1") + sql))
    with pytest.raises(QueryError, match=said) as caught:
        engine.run_checks(_connect(), [check])
    assert caught.value.location is not None
    assert caught.value.location.file == check.path


def test_the_line_of_an_sql_mistake_is_the_files(tmp_path: Path) -> None:
    check = read_check(_write(tmp_path / "bad.sql", HEADER.format(id="MINE-1") + "SELECT sku,\n  nothing\nFROM events"))
    with pytest.raises(QueryError) as caught:
        engine.run_checks(_connect(), [check])
    assert caught.value.location is not None
    assert caught.value.location.line == 12


def test_parameters_are_bound_not_pasted(tmp_path: Path) -> None:
    check = read_check(_write(tmp_path / "mine.sql", HEADER.format(id="MINE-1") + SQL))
    with pytest.raises(QueryError):
        engine.run_checks(_connect(), [check], {"least": "0; DROP TABLE events"})


def test_a_check_without_its_kinds_is_not_judged() -> None:
    con = _connect()
    absent = engine.missing_kinds(con, load_checks())
    assert absent["F-S-02-01.1"] == ("task", "device")
    assert absent["F-S-02-01.2"] == ("task", "device|scan")
    assert "F-S-02-05.3" not in absent


def test_a_users_view_replaces_the_shipped_one(tmp_path: Path) -> None:
    _write(
        tmp_path / "views" / "links.sql",
        '/*\nname = "links"\nabout = { zh = "空", en = "none" }\n*/\nSELECT 42 AS answer',
    )
    con = _connect()
    engine.prepare(con, extra_dirs=[tmp_path], views=["links"])
    assert con.execute("SELECT answer FROM links").fetchall() == [(42,)]


def test_views_in_a_circle(tmp_path: Path) -> None:
    for name, other in (("va", "vb"), ("vb", "va")):
        text = f'/*\nname = "{name}"\nuses = ["{other}"]\nabout = {{ zh = "环", en = "circle" }}\n*/\nSELECT * FROM {other}'
        _write(tmp_path / "views" / f"{name}.sql", text)
    with pytest.raises(QueryError, match="circle"):
        engine.prepare(_connect(), extra_dirs=[tmp_path], views=["va"])


def test_a_view_that_uses_what_is_not_there(tmp_path: Path) -> None:
    _write(
        tmp_path / "views" / "v.sql", '/*\nname = "v"\nuses = ["nope"]\nabout = { zh = "无", en = "no" }\n*/\nSELECT 1'
    )
    with pytest.raises(QueryError, match="'nope', which does not exist"):
        load_views([tmp_path])
    assert read_view(tmp_path / "views" / "v.sql").name == "v"


def test_all_views_can_be_made_over_no_events_at_all() -> None:
    con = duckdb.connect()
    con.register("events", event_frame([]))
    engine.prepare(con, views=["*"])
    assert engine.run_checks(con, load_checks()) == []
