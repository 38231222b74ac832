"""Two states of the warehouse at any instant: what the book says, what witnesses saw, and where the two disagree.

The replay itself is SQL (`book_state`, `physical_state`, `state_difference`); here it is asked, as Polars frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import duckdb
import polars as pl

from forensics.model.errors import ConfigError
from forensics.model.when import to_micros

_TIME: Final = pl.Datetime("us", "UTC")
_WITNESS: Final[dict[str, Any]] = {"event_id": pl.String, "file": pl.String, "line": pl.Int64}
BOOK: Final[dict[str, Any]] = {
    "record": pl.String, "pallet": pl.String, "location": pl.String, "warehouse": pl.String, "sku": pl.String,
    "batch": pl.String, "doc": pl.String, "qty": pl.Decimal(18, 6), "since": _TIME, "until": _TIME,
    "confidence": pl.String, **_WITNESS,
}  # fmt: skip
"""`record`: stock, binding or reservation. `until` is null while it holds."""
PHYSICAL: Final[dict[str, Any]] = {
    "pallet": pl.String, "state": pl.String, "location": pl.String, "last_location": pl.String, "since": _TIME,
    "until": _TIME, "seen_at": _TIME, "witnesses": pl.Int64, "confidence": pl.String, "because": pl.String,
    "system": pl.String, "kind": pl.String, "action": pl.String, **_WITNESS,
}  # fmt: skip
"""`state`: at, moving, out or missing; of a place without a pallet's code: occupied or empty."""
DIFFERENCE: Final[dict[str, Any]] = {
    "pallet": pl.String, "location": pl.String, "sku": pl.String, "batch": pl.String, "qty": pl.Decimal(18, 6),
    "book_location": pl.String, "state": pl.String, "seen_location": pl.String, "since": _TIME, "until": _TIME,
    "seen_at": _TIME, "confidence": pl.String, "because": pl.String, **_WITNESS, "book_event_id": pl.String,
}  # fmt: skip
"""`book_location` is null where the book has it nowhere; `seen_location` where no witness saw it standing."""

SUBJECTS: Final = ("pallet", "location", "sku", "batch", "task", "doc")
_SORT: Final = ("pallet", "location", "since")

_WHERE: Final = {
    "pallet": "pallet_key(pallet) = pallet_key($pallet)",
    "location": "$location IN ({places})",
    "sku": "pallet IN (SELECT pallet FROM book_state WHERE sku = $sku)",
    "batch": "pallet IN (SELECT pallet FROM book_state WHERE batch = $batch)",
    "task": "pallet IN (SELECT pallet FROM tasks WHERE task = $task)",
    "doc": "pallet IN (SELECT pallet FROM book_state WHERE doc = $doc UNION SELECT pallet FROM tasks WHERE doc = $doc)",
}
_OWN: Final = ("sku", "batch", "doc")
"""Columns that book rows have themselves, also where there is no pallet."""

_CITED: Final = """
SELECT s.*, concat(source, ':', byte_offset, ':', part) AS event_id, e.line, coalesce(f.path || coalesce('!' || f.member, ''), source) AS file
FROM ({rows}) s LEFT JOIN (SELECT source, byte_offset, part, line FROM events) e USING (source, byte_offset, part)
LEFT JOIN (SELECT source, path, member FROM evidence) f USING (source)
"""


def book(
    con: duckdb.DuckDBPyConnection, at: datetime | None = None, subject: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """What the book says: stock, bindings, reservations, at one instant or over all time; columns of BOOK."""
    frame = _ask(
        con, "SELECT *, CASE WHEN anchored THEN 'high' ELSE 'medium' END AS confidence FROM book_state", at, subject,
        places=("location",), own=_OWN,
    )  # fmt: skip
    return _shaped(frame, BOOK).sort("record", *_SORT, nulls_last=True, descending=[True, False, False, False])


def physical(
    con: duckdb.DuckDBPyConnection, at: datetime | None = None, subject: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """What witnesses saw: where every pallet is, and places seen occupied or empty; columns of PHYSICAL."""
    frame = _ask(con, "SELECT * FROM physical_state", at, subject, places=("location", "last_location"))
    return _shaped(frame, PHYSICAL).sort("pallet", "since", "location", nulls_last=True)


def difference(
    con: duckdb.DuckDBPyConnection,
    at: datetime | None = None,
    subject: Mapping[str, str] | None = None,
    lasting: timedelta | None = None,
) -> pl.DataFrame:
    """Where both disagree, at one instant or over all time; columns of DIFFERENCE.

    Args:
        lasting: only disagreements that lasted at least so long, or still last when the records end.
    """
    rows = (
        "SELECT * EXCLUDE (witness, book_witness), coalesce(book_location, seen_location, last_location) AS location, "
        "witness.source AS source, witness.byte_offset AS byte_offset, witness.part AS part, "
        "concat_ws(':', book_witness.source, book_witness.byte_offset, book_witness.part) AS book_event_id FROM state_difference"
    )
    frame = _ask(
        con, rows, at, subject, places=("book_location", "seen_location", "last_location"), own=("sku", "batch")
    )
    shaped = _shaped(frame, DIFFERENCE).with_columns(pl.col("book_event_id").replace({"": None}))
    if lasting is not None:
        shaped = shaped.filter(pl.col("until").is_null() | (pl.col("until") - pl.col("since") >= lasting))
    return shaped.sort(*_SORT, nulls_last=True)


def _ask(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    at: datetime | None,
    subject: Mapping[str, str] | None,
    places: tuple[str, ...],
    own: tuple[str, ...] = (),
) -> pl.DataFrame:
    given = {key: value for key, value in (subject or {}).items() if value}
    strange = next((key for key in given if key not in SUBJECTS), None)
    if strange is not None:
        raise ConfigError(f"no state is kept by '{strange}'", hint="one of " + ", ".join(SUBJECTS))
    tests = [_WHERE[key].format(places=", ".join(places)) for key in given]
    tests = [f"({test} OR {key} = ${key})" if key in own else test for key, test in zip(given, tests, strict=True)]
    params: dict[str, Any] = dict(given)
    if at is not None:
        tests.append("from_us <= $at AND (to_us IS NULL OR to_us > $at)")
        params["at"] = to_micros(at)
    asked = f"SELECT * FROM ({rows}) WHERE {' AND '.join(tests) or 'true'}"
    frame: pl.DataFrame = con.sql(_CITED.format(rows=asked), params=params).pl()
    return frame


def _shaped(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    stamps = {"since": "from_us", "until": "to_us", "seen_at": "seen_us"}
    return frame.select(
        pl.col(stamps.get(name, name)).cast(dtype).alias(name) for name, dtype in columns.items()
    ).with_columns(pl.col(name).dt.convert_time_zone("UTC") for name in stamps if name in columns)
