"""Calls between two machines with known clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

START = datetime(2026, 3, 11, 8, tzinfo=UTC)


def calls(
    theta: Callable[[np.ndarray], np.ndarray],
    seed: int,
    n: int = 200,
    span_s: float = 600.0,
    there_s: float = 0.002,
    back_s: float = 0.0005,
    work_s: float = 0.05,
) -> pl.DataFrame:
    """`n` calls over `span_s`; `theta(t)` is the caller's clock minus the true time, the callee's clock is true."""
    rng = np.random.default_rng(seed)
    begin = np.sort(rng.uniform(0, span_s, n))
    recv = begin + 0.0001 + rng.exponential(there_s, n)
    send = recv + rng.exponential(work_s, n)
    end = send + 0.0001 + rng.exponential(back_s, n)
    return frame(begin + theta(begin), recv, send, end + theta(end))


def frame(t1: np.ndarray, t2: np.ndarray, t3: np.ndarray, t4: np.ndarray) -> pl.DataFrame:
    """Pairs from seconds after START."""
    columns = {
        name: [None if np.isnan(x) else START + timedelta(microseconds=round(x * 1e6)) for x in values]
        for name, values in zip(("t1", "t2", "t3", "t4"), (t1, t2, t3, t4), strict=True)
    }
    times = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Datetime("us", "UTC")))
    return times.with_columns(clock=pl.lit("wms@gateway"), reference=pl.lit("wms@app"))
