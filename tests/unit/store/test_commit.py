from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.model.errors import ConfigError
from forensics.store import case as folder
from forensics.store.commit import commit
from forensics.store.compact import compact
from forensics.store.duck import connect
from forensics.store.evidence import EVIDENCE
from forensics.store.parquet import write_events
from forensics.store.schema import REJECTS, conform

NOW = datetime(2025, 3, 11, 2, 0, tzinfo=UTC)


@pytest.fixture
def case(tmp_path):
    return folder.create(tmp_path / "案 卷 1", version="0")


def events(source: str, count: int, kind: str = "ledger", ts: datetime | None = NOW) -> pl.DataFrame:
    return conform(
        pl.DataFrame(
            {
                "source": [source] * count,
                "line": range(count),
                "byte_offset": [i * 10 for i in range(count)],
                "part": [0] * count,
                "ts": [ts] * count,
                "kind": [kind] * count,
                "pallet": [f"TP{i % 7}" for i in range(count)],
                "qty": ["1.5"] * count,
            },
            schema_overrides={"ts": pl.Datetime("us", "UTC")},
        )
    )


def row(source: str, size: int = 100, **more):
    return {**dict.fromkeys(EVIDENCE), "source": source, "path": source, "sha256": source, "bytes": size,
            "lines": 1, "events": 1, "rejected": 0, "status": "new", "parser": "x", "ingested_at": datetime.now(UTC), **more}  # fmt: skip


NONE = pl.DataFrame(schema=REJECTS)


def count(case) -> int:
    return connect(case).sql("SELECT count(*) FROM events").fetchall()[0][0]


def test_committed_events_are_visible_by_kind_and_month(case):
    frame = pl.concat([events("a", 5), events("a", 3, "task", None)])
    commit(case, write_events(frame, case.events.path), NONE, [row("a")], {})
    got = connect(case).sql("SELECT kind, month, count(*) n, sum(qty) q FROM events GROUP BY ALL ORDER BY 1").fetchall()
    assert [(k, m, n, str(q)) for k, m, n, q in got] == [("ledger", "2025-03", 5, "7.500000"), ("task", "none", 3, "4.500000")]


def test_written_but_not_committed_is_invisible(case):
    write_events(events("a", 5), case.events.path)
    assert count(case) == 0


def test_a_batch_cut_short_between_two_tables_is_rolled_back(case):
    commit(case, write_events(events("a", 5), case.events.path), NONE, [row("a")], {})
    case.events.commit(write_events(events("b", 7), case.events.path), "killed")  # evidence never followed
    assert count(case) == 12
    commit(case, write_events(events("c", 2), case.events.path), NONE, [row("c")], {})
    assert count(case) == 7


def test_the_very_first_batch_can_be_rolled_back(case):
    case.events.commit(write_events(events("b", 7), case.events.path), "killed")
    commit(case, [], NONE, [row("c")], {})
    assert count(case) == 0


def test_a_source_committed_by_another_process_meanwhile_is_not_added_twice(case):
    mine = write_events(pl.concat([events("a", 5), events("b", 4)]), case.events.path)
    commit(case, write_events(events("a", 5), case.events.path), NONE, [row("a")], {})
    assert commit(case, mine, NONE, [row("a"), row("b")], {}) == ["a"]
    assert dict(connect(case).sql("SELECT source, count(*) FROM events GROUP BY 1").fetchall()) == {"a": 5, "b": 4}


def test_a_grown_sources_last_record_is_replaced(case):
    commit(case, write_events(events("a", 5), case.events.path), NONE, [row("a")], {})
    more = events("a", 8).filter(pl.col("byte_offset") >= 40)
    commit(case, write_events(more, case.events.path), NONE, [row("a", 200)], {"a": 40})
    got = connect(case).sql("SELECT byte_offset FROM events ORDER BY 1").fetchall()
    assert [offset for (offset,) in got] == [0, 10, 20, 30, 40, 50, 60, 70]


def test_compaction_after_a_roll_back_is_not_rolled_back_itself(case):
    for name in "ab":
        commit(case, write_events(events(name, 5), case.events.path), NONE, [row(name)], {})
    case.events.commit(write_events(events("x", 7), case.events.path), "killed")
    assert compact(case)[1] == 1
    assert count(case) == 10
    commit(case, write_events(events("c", 2), case.events.path), NONE, [row("c")], {})
    assert count(case) == 12
    assert len(case.events.files()) == 2  # the merged file is still in force


def test_bloom_filters_and_hive_paths_are_written(case):
    (written,) = write_events(events("a", 500), case.events.path)
    assert written.path.startswith("kind=ledger/month=2025-03/")
    con = connect(case)
    con.close()
    import duckdb

    probe = duckdb.sql(
        f"SELECT bloom_filter_excludes FROM parquet_bloom_probe('{case.events.path / written.path}', 'pallet', 'nope')"
    ).fetchall()
    assert probe == [(True,)]


def test_a_window_leaves_out_other_times_but_no_master_data(case):
    later = NOW + timedelta(days=40)
    for source, kind, ts in (("a", "master", NOW), ("b", "ledger", NOW), ("c", "ledger", later)):
        commit(case, write_events(events(source, 1, kind, ts), case.events.path), NONE, [row(source)], {})
    found = connect(case, since=later, until=later).sql("SELECT kind, ts FROM events ORDER BY kind").fetchall()
    assert [kind for kind, _ in found] == ["ledger", "master"]
    assert found[0][1] == later
    assert connect(case, since=later + timedelta(days=400)).sql("SELECT kind FROM events").fetchall() == [("master",)]


def test_create_refuses_a_folder_with_other_things(tmp_path):
    (tmp_path / "x.txt").write_text("mine")
    with pytest.raises(ConfigError, match="not empty"):
        folder.create(tmp_path, version="0")


def test_load_says_when_there_is_no_case(tmp_path):
    with pytest.raises(ConfigError, match="no case"):
        folder.load(tmp_path / "nope")


def test_unknown_zone(tmp_path):
    with pytest.raises(ConfigError, match="time zone"):
        folder.create(tmp_path / "c", version="0", tz="Mars/Olympus")


def test_sql_cannot_leave_the_case(case, tmp_path):
    import duckdb

    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(duckdb.Error):
        connect(case).sql(f"SELECT * FROM '{tmp_path / 'secret.csv'}'").fetchall()
