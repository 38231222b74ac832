"""DuckDB 2.0.0 answers window counts wrongly over a hive-partitioned table unless one optimizer is off; a case must have it off.

`count(*) OVER (PARTITION BY …)` is rewritten to a self-join (`window_self_join`), and the copied scan forgets that
`kind = '…'` had pruned its files: rows of other kinds are counted in. Minimal: two parquet folders `kind=a`, `kind=b`,
`SELECT r, count(*) OVER (PARTITION BY r) FROM read_parquet('*/*.parquet', hive_partitioning = true) WHERE kind = 'a'`.
"""

from __future__ import annotations

from pathlib import Path

import forensics


def test_window_counts_stay_inside_the_kind_asked_for(tmp_path: Path) -> None:
    (tmp_path / "ledger.csv").write_text(
        "操作时间,物料编码,库位编码,变动数量,变动前数量,变动后数量\n"
        "2026-03-11 09:00:00,10023,A-01,-1,5,4\n2026-03-11 09:01:00,10023,A-01,-1,4,3\n",
        encoding="utf-8",
    )
    (tmp_path / "count.csv").write_text(
        "盘点时间,库位,物料编码,实盘数量\n2026-03-11 10:00:00,A-01,10023,3\n2026-03-11 11:00:00,A-01,10023,3\n",
        encoding="utf-8",
    )
    case = forensics.open_case(tmp_path / "case", create=True)
    case.ingest(tmp_path / "ledger.csv", tmp_path / "count.csv")
    rows = case.sql("SELECT DISTINCT count(*) OVER (PARTITION BY sku) AS n FROM events WHERE kind = 'ledger'")
    assert rows["n"].to_list() == [2]


def test_joins_hand_on_their_batches_as_they_come(tmp_path: Path) -> None:
    """Gathered, they make DuckDB 2.0.0 break off on some ten million rows (`dict-surviving cache: … changed identity`)."""
    case = forensics.open_case(tmp_path / "case", create=True)
    assert case.sql("SELECT current_setting('debug_enable_caching_operators') AS gathers")["gathers"].to_list() == [
        False
    ]
