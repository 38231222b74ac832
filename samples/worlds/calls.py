"""Calls between systems, as each end and the gateway log them."""

from __future__ import annotations

import polars as pl
from day import Day
from times import MS

OK = '"code":"0","message":"成功"'


def call(
    day: Day, frame: pl.DataFrame, tables: tuple[str, ...], endpoint: str, ends: tuple[str, str], at: str, ms: str, body: pl.Expr,
    *, answer: pl.Expr | None = None, request: str = "request_id",
) -> None:  # fmt: skip
    """One successful call a row, in the logs of `tables`.

    Args:
        day: where the rows go.
        frame: one row a call.
        tables: which of interface, wcs_calls, erp_calls and gateway log it.
        endpoint: path called.
        ends: caller and callee; "WCS" is told apart by the column `node`.
        at: column with the start of the call.
        ms: column with its length at the receiver, in ms; the caller waits a little longer.
        body: what is sent.
        answer: what is answered; None: success.
        request: column with the request id.
    """
    calls = frame.with_columns(
        request_id=pl.col(request), request_body=body, _at=pl.col(at), _ms=pl.col(ms),
        response_body=answer if answer is not None else pl.lit("{" + OK + "}"),
    )  # fmt: skip
    caller, callee = (pl.col("node") if end == "WCS" else pl.lit(end) for end in ends)
    common = {
        "endpoint": pl.lit(endpoint),
        "caller": caller,
        "callee": callee,
        "attempt": pl.lit(1),
        "status_code": pl.lit(200),
    }
    for table in tables:
        sender = (table == "wcs_calls" and ends[0] == "WCS") or (table == "erp_calls" and ends[0] == "ERP")
        sender |= table == "interface" and ends[0] == "WMS"
        if table == "gateway":
            day.sheets.add(
                table, calls, ts=pl.col("_at") + 2 * MS, method=pl.lit("POST"), uri=pl.lit(endpoint), status_code=pl.lit(200),
                duration_ms=pl.col("_ms") + 2, body="request_body", upstream=pl.lit("200"),
            )  # fmt: skip
        elif sender:
            day.sheets.add(table, calls, ts="_at", duration_ms=pl.col("_ms") + 7, **common)
        else:
            day.sheets.add(table, calls, ts=pl.col("_at") + 3 * MS, duration_ms="_ms", **common)
