"""Steps that turn a view's rows into its relation where SQL cannot say it: what depends on the row before, in order.

A view names its step; the names are those of `STEPS`, so that content cannot run code of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from forensics.timeline.pairing import NONE, pair_in_order

Step = Callable[[pa.Table], pa.Table]


def pair_halves(halves: pa.Table) -> pa.Table:
    """Requests with their answers.

    Args:
        halves: `chain` (what is paired among itself; null sorts out), `asks`, `at_us`, `window_us`, `by_id` (whether the
            chain is one request id), and `source`, `byte_offset`, `part`; a chain's rows adjacent and in order.

    Returns:
        `source`, `byte_offset`, `part`, `res_source`, `res_offset`, `res_part`, `inferred`.
    """
    if halves.num_rows == 0:
        return _pairs(halves, np.empty(0, np.int64), np.empty(0, np.int64))
    chain = _numpy(halves, "chain").astype(np.int64)
    asks = _numpy(halves, "asks").astype(bool)
    at_us = _numpy(halves, "at_us").astype(np.int64)
    window = int(_numpy(halves, "window_us")[0])
    partner = pair_in_order(chain, asks, at_us, window)
    requests = np.flatnonzero(asks & (partner != NONE))
    return _pairs(halves, requests, partner[requests])


def _pairs(halves: pa.Table, requests: Any, answers: Any) -> pa.Table:
    ask, answer = halves.take(pa.array(requests)), halves.take(pa.array(answers))
    return pa.table(
        {
            "source": ask["source"],
            "byte_offset": ask["byte_offset"],
            "part": ask["part"],
            "res_source": answer["source"],
            "res_offset": answer["byte_offset"],
            "res_part": answer["part"],
            "inferred": ask["inferred"],
        }
    )


def _numpy(table: pa.Table, name: str) -> Any:
    return table[name].combine_chunks().to_numpy(zero_copy_only=False)


STEPS: Final[dict[str, Step]] = {"pair_halves": pair_halves}
