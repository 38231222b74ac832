"""What book and witnesses say at the moment at which somebody saw something, and who saw it last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import duckdb
import polars as pl

from forensics.ledger.states import SUBJECTS, book, difference, physical
from forensics.model.result import Observed

MAX_ROWS: Final = 20


def observe(
    con: duckdb.DuckDBPyConnection, at: datetime, subject: Mapping[str, str], symptom: str | None = None
) -> Observed | None:
    """Both states of a subject at an instant, and the last witness before it; None for one of which no state is kept.

    Needs the views `book_state`, `state_difference` and `tasks`. At most MAX_ROWS rows of each.
    """
    if not subject or not set(subject) <= set(SUBJECTS):
        return None
    stays = physical(con, None, subject).filter(pl.col("since") <= at)
    last = (
        stays.with_columns(pl.min_horizontal("seen_at", pl.lit(at))).sort("seen_at", "since", nulls_last=False).tail(1)
    )
    stock = book(con, at, subject)
    if set(subject) <= {"task", "doc"} and stock.is_empty() and stays.is_empty():
        return None  # papers that name no goods of their own
    return Observed(
        at=at,
        symptom=symptom,
        subject=dict(subject),
        book=tuple(stock.head(MAX_ROWS).to_dicts()),
        physical=tuple(stays.filter(pl.col("until").is_null() | (pl.col("until") > at)).head(MAX_ROWS).to_dicts()),
        difference=tuple(difference(con, at, subject).head(MAX_ROWS).to_dicts()),
        last_seen=next(iter(last.to_dicts()), None),
    )
