"""The book balance over time of the stock rows that a subject touched: what the report draws as a step chart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import duckdb
import polars as pl

BALANCE: Final[dict[str, pl.DataType]] = {
    "ts": pl.Datetime("us", "UTC"),
    "sku": pl.String(),
    "location": pl.String(),
    "balance": pl.Decimal(18, 6),
    "delta": pl.Decimal(18, 6),
    "event_id": pl.String(),
}
"""One row per posting, in the order in which the ledger itself puts them."""

MOST_ROWS: Final = 8
"""Stock rows drawn at most; those that the subject touched most often come first."""

FOREVER: Final = 1 << 61

_SQL: Final = """
WITH touched AS (
    SELECT stock_key, count(*) AS n
    FROM ledger_rows
    WHERE stock_key IS NOT NULL
      AND (pallet IN (SELECT unnest($pallet::VARCHAR[])) OR task IN (SELECT unnest($task::VARCHAR[]))
           OR request_id IN (SELECT unnest($request_id::VARCHAR[])) OR doc IN (SELECT unnest($doc::VARCHAR[]))
           OR (location IN (SELECT unnest($location::VARCHAR[])) AND ($no_sku OR sku IN (SELECT unnest($sku::VARCHAR[]))))
           OR ($only_sku AND sku IN (SELECT unnest($sku::VARCHAR[]))))
      AND us BETWEEN $since AND $until
    GROUP BY 1 ORDER BY n DESC, stock_key LIMIT $most
)
SELECT make_timestamptz(l.us) AS ts, l.sku, l.location,
       coalesce(p.row_after, l.qty_after, sum(l.qty) OVER (PARTITION BY stock_key ORDER BY l.nr ROWS UNBOUNDED PRECEDING))::DECIMAL(18,6) AS balance,
       l.qty::DECIMAL(18,6) AS delta, concat(l.source, ':', l.byte_offset, ':', l.part) AS event_id
FROM ledger_rows l JOIN touched USING (stock_key)
LEFT JOIN (SELECT stock_key, txn, row_after FROM posting_images WHERE joined_by = 'txn' AND postings = 1) p USING (stock_key, txn)
WHERE l.us BETWEEN $since AND $until
ORDER BY stock_key, l.nr
"""


def balances(
    con: duckdb.DuckDBPyConnection,
    related: Mapping[str, Collection[str]],
    limits: tuple[datetime, datetime] | None = None,
) -> pl.DataFrame:
    """Book balance after each posting on the stock rows that a subject touched.

    Where a row image shows what the stock row became, that is its balance, whatever the posting believed. Where nothing writes a
    balance, it is the running sum of its changes within the limits.

    Args:
        con: prepared for checks, with the views `ledger_rows` and `posting_images`.
        related: ids by column name, as `identity.closure` gives them.
        limits: only postings between these moments.

    Returns:
        frame with the columns of BALANCE; empty where the case has no ledger.
    """
    since, until = (_micros(limits[0]), _micros(limits[1])) if limits else (-FOREVER, FOREVER)
    ids = {name: sorted(related.get(name, ())) for name in ("pallet", "task", "request_id", "doc", "location", "sku")}
    named = any(ids[name] for name in ids if name != "sku")
    frame: pl.DataFrame = con.sql(
        _SQL,
        params={
            **ids, "no_sku": not ids["sku"], "only_sku": bool(ids["sku"]) and not named,
            "since": since, "until": until, "most": MOST_ROWS,
        },
    ).pl()  # fmt: skip
    return frame.select(pl.col(name).cast(dtype) for name, dtype in BALANCE.items())


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
