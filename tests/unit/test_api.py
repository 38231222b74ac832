"""The API over a small case: what a trace looks at, and what a second ingest changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

import forensics
from forensics.checks import engine
from forensics.model.errors import ConfigError, QueryError
from forensics.store.duck import connect

HEAD = "流水号,时间,托盘号,物料编码,库位,数量,变动前,变动后,单据号,请求号\n"


def ledger(days: int) -> str:
    """One pick a day from one place, each of its own pallet; on day 40 one request is deducted twice."""
    rows, stock, number = [], 500, 0
    for day in range(days):
        when = datetime(2025, 1, 1, 10) + timedelta(days=day)
        for again in range(2 if day == 40 else 1):
            number += 1
            rows.append(f"{number},{when + timedelta(seconds=30 * again)},TP{day:03d},10023,A-01,-2,{stock},{stock - 2},CK{day:03d},R{day:03d}")
            stock -= 2
    return HEAD + "\n".join(rows) + "\n"


@pytest.fixture
def case(tmp_path):
    opened = forensics.open_case(tmp_path / "case", create=True)
    (tmp_path / "流水.csv").write_text(ledger(120), encoding="utf-8")
    opened.ingest(tmp_path / "流水.csv")
    return opened


def test_a_trace_judges_from_the_time_around_it(case):
    trace = case.trace(pallet="TP040")
    (finding,) = trace.result.findings
    assert finding.cause == "F-S-02-05.3"
    assert finding.id == case.audit().findings[0].id  # the same evidence, the same id
    ((since, until), session), *_ = [(k, s) for k, s in case._sessions.items() if k != (None, None)]
    assert until - since < timedelta(days=22)
    assert session.con.sql("SELECT count(*) FROM events").fetchall()[0][0] < 25


def test_a_connection_for_a_time_shows_only_that_time(case):
    day = datetime(2025, 2, 10, tzinfo=UTC)
    con = connect(case.folder, since=day, until=day + timedelta(days=3))
    assert [p for (p,) in con.sql("SELECT pallet FROM events ORDER BY ts").fetchall()] == ["TP040", "TP040", "TP041", "TP042"]


def test_an_ingest_is_seen_by_the_next_question(case, tmp_path):
    assert case.audit().findings[0].subject["doc"] == "CK040"
    (tmp_path / "流水.csv").write_text(ledger(121), encoding="utf-8")
    case.ingest(tmp_path / "流水.csv")
    assert case.sql("SELECT count(*) FROM ledger_rows").item() == 122
    assert case.verify() == []


@pytest.fixture
def breaks(monkeypatch):
    """Let DuckDB break off the first so many times the checks run; the connections that were used are returned."""

    def let(times: int, error: Exception) -> list[duckdb.DuckDBPyConnection]:
        used, sound = [], engine.run_checks

        def run(con, *args, **named):
            used.append(con)
            if len(used) <= times:
                raise QueryError("check 'x': broken off") from error
            return sound(con, *args, **named)

        monkeypatch.setattr(engine, "run_checks", run)
        return used

    return let


def test_what_duckdb_breaks_off_is_asked_again_on_a_new_connection(case, breaks):
    expected = [finding.id for finding in case.audit().findings]
    case.forget()
    used = breaks(1, duckdb.InternalException("INTERNAL Error: a dictionary changed identity"))
    assert [finding.id for finding in case.audit().findings] == expected != []
    assert len(used) == 2
    assert used[0] is not used[1]


def test_a_question_is_asked_again_once_and_only_if_the_query_is_sound(case, breaks):
    used = breaks(9, duckdb.InternalException("INTERNAL Error: again"))
    with pytest.raises(QueryError):
        case.trace(pallet="TP040")
    assert len(used) == 2
    case.forget()
    used = breaks(9, duckdb.BinderException("Binder Error: no such column"))
    with pytest.raises(QueryError):
        case.audit()
    assert len(used) == 1


def test_unknown_subjects_get_a_hint(case):
    with pytest.raises(ConfigError) as error:
        case.trace(pallet="TP0400")
    assert "TP040" in error.value.hint


def test_a_trace_needs_a_subject_and_a_known_symptom(case):
    with pytest.raises(ConfigError, match="what to trace"):
        case.trace()
    with pytest.raises(ConfigError, match="no fault class"):
        case.trace(pallet="TP040", symptom="F-S-99")


def test_compaction_keeps_every_event(case, tmp_path):
    for day in range(3):
        file = tmp_path / f"{day}.csv"
        file.write_text(HEAD + f"1,2025-03-0{day + 1} 10:00:00,TPX{day},10024,B-01,-1,9,8,CX{day},RX{day}\n", encoding="utf-8")
        case.ingest(file)
    rows = case.sql("SELECT source, byte_offset, raw FROM events ORDER BY ALL")
    before, after = case.compact()
    assert after < before
    assert case.sql("SELECT source, byte_offset, raw FROM events ORDER BY ALL").equals(rows)
    assert case.verify() == []
    (tmp_path / "4.csv").write_text(HEAD + "1,2025-03-08 10:00:00,TPY,10024,B-01,-1,8,7,CY,RY\n", encoding="utf-8")
    case.ingest(tmp_path / "4.csv")
    assert case.verify() == []
