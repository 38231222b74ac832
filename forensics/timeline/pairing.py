"""Which answer belongs to which request, where the log does not say.

Answers without an id are taken in the order of the file: an answer belongs to the oldest request that still waits and
is not older than the window. This is an inference, and marked as one wherever it is used.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
NONE = -1


def pair_in_order(group: Int64, is_request: npt.NDArray[np.bool_], at_us: Int64, window_us: int) -> Int64:
    """First-in first-out pairing of requests and answers.

    Args:
        group: what is paired among itself (a source, a request id in a source), equal values adjacent.
        is_request: whether a row asks or answers.
        at_us: time in microseconds, rows of a group in the order they were written.
        window_us: how long a request waits for its answer.

    Returns:
        For each row the index of its counterpart, or -1. O(n).
    """
    partner = np.full(len(group), NONE, dtype=np.int64)
    waiting: deque[tuple[int, int]] = deque()
    current: int | None = None
    rows = zip(group.tolist(), is_request.tolist(), at_us.tolist(), strict=True)
    for index, (key, asks, at) in enumerate(rows):
        if key != current:
            current = key
            waiting.clear()
        if asks:
            waiting.append((index, at))
            continue
        while waiting and at - waiting[0][1] > window_us:
            waiting.popleft()
        if waiting:
            request, _ = waiting.popleft()
            partner[index], partner[request] = request, index
    return partner
