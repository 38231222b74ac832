"""Controls: one SQL file each, a figure against a threshold."""

from __future__ import annotations

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.controls import load_controls, run_controls
from forensics.model.errors import QueryError
from forensics.store.schema import EVENTS

HEADER = '/*\nid = "x"\nthreshold = {}\ntitle = {{ zh = "甲", en = "a" }}\nabout = {{ zh = "甲", en = "a" }}\n*/\n'


def case(sends: int):
    """A case in which one receipt line was sent so often, each time under a fresh id and a minute apart."""
    con = duckdb.connect()
    sql = {"String": "VARCHAR", "Int64": "BIGINT", "Float64": "DOUBLE"}
    types = {n: sql.get(str(t), "DECIMAL(18,6)" if "Decimal" in str(t) else "TIMESTAMPTZ") for n, t in EVENTS.items()}
    con.execute("CREATE TABLE events (" + ", ".join(f'"{n}" {t}' for n, t in types.items()) + ")")
    con.execute(
        "INSERT INTO events BY NAME SELECT 's' AS source, i AS line, i * 10 AS byte_offset, 0 AS part, 'r' AS raw, "
        "TIMESTAMPTZ '2026-03-11 08:00:00+00' + to_minutes(i) AS ts, 's' AS ts_precision, 'api' AS kind, 'wms' AS system, "
        "'create' AS action, 'CALL' AS state, 'fail' AS outcome, '/inbound' AS endpoint, 'R' || i AS request_id, "
        "'TP1' AS pallet, 'RK1' AS doc, '1' AS doc_line, '10023' AS sku, 5 AS qty FROM range(?) t(i)",
        [sends],
    )
    engine.prepare(con)
    return con


@pytest.mark.parametrize(("sends", "figure", "ok"), [(42, 42.0, False), (3, 0.0, True), (0, 0.0, True)])
def test_repeated_requests(sends, figure, ok):
    (control,) = [c for c in run_controls(case(sends), load_controls()) if c.id == "repeated-requests"]
    assert (control.figure, control.ok) == (figure, ok)
    assert [row["request_ids"] for row in control.rows] == ([42] if sends == 42 else [])


def test_only_what_concerns_the_subject():
    con = case(42)
    assert run_controls(con, load_controls(), {"pallet": "TP1"})[0].figure == 42
    assert run_controls(con, load_controls(), {"pallet": "TP2"}) == []


def test_mistakes_are_named_with_their_line(tmp_path):
    (tmp_path / "controls").mkdir()
    file = tmp_path / "controls" / "x.sql"
    file.write_text(HEADER.format('"three"') + "SELECT 1 AS figure", encoding="utf-8")
    with pytest.raises(QueryError, match="threshold") as error:
        load_controls([tmp_path])
    assert error.value.location.line == 3
    file.write_text(HEADER.format(3) + "SELECT 1 AS other", encoding="utf-8")
    with pytest.raises(QueryError, match="figure"):
        run_controls(case(1), [c for c in load_controls([tmp_path]) if c.id == "x"])
    file.write_text(HEADER.format(3) + "SELECT nope AS figure", encoding="utf-8")
    with pytest.raises(QueryError, match="nope"):
        run_controls(case(1), [c for c in load_controls([tmp_path]) if c.id == "x"])
