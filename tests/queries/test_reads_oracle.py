"""Reads of random small histories against a brute-force judge.

The judge tries every assignment of versions to reads and asks whether commits and reads can be placed in time, within what
the evidence says of each, so that every read met the version assigned to it. What the views call current must be possible,
what they call stale, never committed or ahead must not be. A run judges 10,000 histories: 500 in each of ten examples, with
reader and database on one clock and on two of which nothing is known.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forensics.checks import engine

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, 8, tzinfo=UTC)
SECOND = 1_000_000
COMMIT_SEEN_WITHIN = SECOND
"""What view `version_bounds` allows between the stamp of a commit and the moment everybody sees it."""
UNRELATED = 10 * SECOND
"""How far two clocks of which nothing is known may be apart."""
SERVED = ("primary", "primary", "replica", "cache")
WORDS = {"current", "stale", "never", "ahead", "unknown"}
HISTORIES = 500
FEW = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Read:
    """A read from `begin` to `end` (microseconds) that was shown `value`."""

    begin: int
    end: int
    value: int
    served_from: str


@dataclass(frozen=True)
class History:
    """The values of one stock row (`values[0]` before the first commit), its commits' stamps, and what was read of it."""

    values: tuple[int, ...]
    stamps: tuple[int, ...]
    reads: tuple[Read, ...]


def draw(rng: random.Random) -> History:
    """A history in which values often come back and reads often fall near commits."""
    values = [rng.randint(3, 8)]
    for _ in range(rng.randint(1, 4)):
        values.append(rng.choice([v for v in range(3, 9) if v != values[-1]]))
    stamps = sorted(rng.sample(range(4, 60), len(values) - 1))
    reads = []
    for _ in range(rng.randint(1, 5)):
        begin = rng.randint(0, 66) * SECOND // 4 + rng.randint(0, SECOND // 5)
        reads.append(
            Read(begin, begin + rng.randint(0, 2 * SECOND), rng.choice([*values, *values, 99]), rng.choice(SERVED))
        )
    return History(tuple(values), tuple(s * SECOND // 4 for s in stamps), tuple(reads))


def possible(history: History, reads: list[Read], apart: int) -> bool:
    """Whether all these reads can have met committed values, on a clock that may be `apart` from that of the commits."""
    choices = [[k for k, value in enumerate(history.values) if value == read.value] for read in reads]
    return any(_placeable(history, reads, versions, apart) for versions in itertools.product(*choices))


def _placeable(history: History, reads: list[Read], versions: tuple[int, ...], apart: int) -> bool:
    """Difference constraints `x[b] - x[a] <= d`; without a negative cycle they can be met."""
    commits = len(history.stamps)
    origin = commits + len(reads)
    edges: list[tuple[int, int, int]] = []  # (a, b, d)
    spans = [(s - apart, s + COMMIT_SEEN_WITHIN + apart) for s in history.stamps] + [(r.begin, r.end) for r in reads]
    for node, (low, high) in enumerate(spans):
        edges += [(origin, node, high), (node, origin, -low)]
    edges += [(n + 1, n, 0) for n in range(commits - 1)]
    for n, version in enumerate(versions):
        if version > 0:
            edges.append((commits + n, version - 1, 0))
        if version < commits:
            edges.append((version, commits + n, 0))
    distance = [0] * (origin + 1)
    for _ in range(origin + 1):
        changed = False
        for a, b, d in edges:
            if distance[a] + d < distance[b]:
                distance[b], changed = distance[a] + d, True
        if not changed:
            return True
    return False


def judged(histories: list[History], read_system: str = "db") -> list[list[str]]:
    """What the view says of every read."""
    rows: list[Row] = []
    at: dict[int, tuple[int, int]] = {}

    def event(kind: str, source: str, system: str, micros: int, **fields: object) -> int:
        offset = 100 * len(rows)
        rows.append(
            {"source": source, "line": len(rows) + 1, "byte_offset": offset, "part": 0, "raw": "", "kind": kind}
            | {"ts": BEGIN + timedelta(microseconds=micros), "ts_precision": "us", "ts_quality": "recorded"}
            | {"system": system}
            | {name: value if value is None else str(value) for name, value in fields.items()}
        )
        return offset

    for number, history in enumerate(histories):
        shared = {"sku": f"S{number}", "location": f"L{number}"}
        for n, stamp in enumerate(history.stamps):
            event(
                "change", "binlog", "db", stamp, **shared, table_name="wms.stock", action="update", txn=f"T{number}-{n}",
                log_position=f"b.1:{number:06}:{n:02}", qty_before=history.values[n], qty_after=history.values[n + 1],
            )  # fmt: skip
        for n, read in enumerate(history.reads):
            offset = event(
                "stock", "screens", read_system, read.begin, **shared, qty=read.value, request_id=f"Q{number}-{n}",
                duration_ms=(read.end - read.begin) / 1000, extra=f'{{"served_from":"{read.served_from}"}}',
            )  # fmt: skip
            at[offset] = (number, n)
    for micros in (-3600 * SECOND, 3600 * SECOND):
        event("change", "binlog", "db", micros, table_name="wms.beat", action="update", log_position="b.9")
    con = duckdb.connect()
    con.register("events", frame(rows))
    engine.prepare(con)
    engine.ensure_views(con, ["stock_reads"])
    says = [["missing"] * len(history.reads) for history in histories]
    for offset, word in con.execute("SELECT byte_offset, says FROM stock_reads").fetchall():
        number, n = at[offset]
        says[number][n] = word
    return says


@pytest.mark.parametrize(("reader", "apart"), [("db", 0), ("wms", UNRELATED)])
@FEW
@given(st.integers(0, 2**32))
def test_each_read_is_what_the_interleavings_allow(reader: str, apart: int, seed: int) -> None:
    rng = random.Random(seed)
    histories = [draw(rng) for _ in range(HISTORIES)]
    for history, said in zip(histories, judged(histories, reader), strict=True):
        pairs = list(zip(history.reads, said, strict=True))
        for read, word in pairs:
            why = (history, read, word)
            alone = possible(history, [read], apart)
            # what a cache shows may have been put there before its commit
            met = [one for one, w in pairs if w == "current" and one.served_from != "cache" and one.end < read.begin]
            assert word in WORDS, why
            if word == "current":
                assert alone, why
            elif alone:
                assert met, why
                assert not possible(history, [*met, read], apart), why
            assert (word == "never") == (read.value not in history.values), why
