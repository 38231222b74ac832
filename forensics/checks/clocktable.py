"""The table `clock_offsets` that the views correct times with: every clock against one root, piece by piece.

Relations form a graph (gateway against application, application against database). Clocks are chained to the root of
their group over the fewest steps; errors add up. The groups' roots have no known relation to one another.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import duckdb

from forensics.clocks.keys import clock_key
from forensics.model.result import ClockRelation

FOREVER_US: Final = 2**62
_ROOTS: Final = ("wms", "db", "erp")
Clocks = Iterable[ClockRelation | Mapping[str, Any]] | None


@dataclass(frozen=True)
class Piece:
    """From when to when a clock was how far ahead of the root."""

    clock: str
    from_us: int
    to_us: int
    offset_us: int
    drift_ppm: float
    at_us: int
    err_us: int


def clock_table(con: duckdb.DuckDBPyConnection, clocks: Clocks, default_err_us: int) -> None:
    """Create `clock_offsets(clock, from_us, to_us, offset_us, drift_ppm, at_us, err_us)` on the connection."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE clock_offsets (clock VARCHAR, from_us BIGINT, to_us BIGINT, offset_us BIGINT, "
        "drift_ppm DOUBLE, at_us BIGINT, err_us BIGINT)"
    )
    for piece in pieces([_relation(clock) for clock in clocks or ()], default_err_us):
        con.execute(
            "INSERT INTO clock_offsets VALUES (?, ?, ?, ?, ?, ?, ?)",
            [piece.clock, piece.from_us, piece.to_us, piece.offset_us, piece.drift_ppm, piece.at_us, piece.err_us],
        )


def pieces(relations: list[ClockRelation], default_err_us: int) -> list[Piece]:
    """Each clock's pieces against the root of the largest group."""
    edges: dict[str, dict[str, list[tuple[ClockRelation, int]]]] = defaultdict(lambda: defaultdict(list))
    for relation in relations:
        edges[relation.reference][relation.clock].append((relation, 1))
        edges[relation.clock][relation.reference].append((relation, -1))
    groups: list[list[Piece]] = []
    seen: set[str] = set()
    references = Counter(relation.reference for relation in relations)
    for root in sorted(edges, key=lambda name: (_rank(name), -references[name], name)):
        if root not in seen:
            groups.append(_group(root, edges, seen))
    groups.sort(key=len, reverse=True)
    return [
        piece if number == 0 else Piece(**{**piece.__dict__, "err_us": piece.err_us + default_err_us})
        for number, group in enumerate(groups)
        for piece in group
    ]


def _rank(clock: str) -> int:
    """The order's own system is what people read the time on; then the database's clock."""
    system = clock.partition("@")[0]
    return _ROOTS.index(system) if system in _ROOTS else len(_ROOTS)


def _group(root: str, edges: Any, seen: set[str]) -> list[Piece]:
    found = {root: [Piece(root, -FOREVER_US, FOREVER_US, 0, 0.0, 0, 0)]}
    seen.add(root)
    todo = deque([root])
    while todo:
        near = todo.popleft()
        for far, relations in edges[near].items():
            if far in seen:
                continue
            seen.add(far)
            todo.append(far)
            found[far] = _chained(far, relations, found[near])
    return [piece for group in found.values() for piece in group]


def _chained(clock: str, relations: list[tuple[ClockRelation, int]], base: list[Piece]) -> list[Piece]:
    ordered = sorted(relations, key=lambda item: item[0].since)
    made = []
    for number, (relation, sign) in enumerate(ordered):
        at = _us(relation.at)
        middle = (_us(relation.since) + _us(relation.until)) // 2
        under = next((piece for piece in base if piece.from_us <= middle < piece.to_us), base[-1])
        shift = under.offset_us + round(under.drift_ppm * 1e-6 * (at - under.at_us)) if under.at_us else under.offset_us
        last = number + 1 == len(ordered)
        made.append(
            Piece(
                clock=clock,
                from_us=-FOREVER_US if number == 0 else _us(relation.since),
                to_us=FOREVER_US if last else _us(ordered[number + 1][0].since),
                offset_us=sign * round(relation.offset_s * 1e6) + shift,
                drift_ppm=sign * relation.drift_ppm + under.drift_ppm,
                at_us=at,
                err_us=round(relation.error_s * 1e6) + under.err_us,
            )
        )
    return made


def _relation(clock: ClockRelation | Mapping[str, Any]) -> ClockRelation:
    if isinstance(clock, ClockRelation):
        return clock
    at = clock.get("at") or datetime(2000, 1, 1, tzinfo=UTC)
    return ClockRelation(
        clock=clock.get("clock") or clock_key(clock.get("system"), clock.get("host")),
        reference=clock.get("reference") or "reference",
        offset_s=float(clock["offset_s"]),
        drift_ppm=float(clock.get("drift_ppm") or 0.0),
        error_s=float(clock.get("error_s") or 0.0),
        pairs=int(clock.get("pairs") or 0),
        at=at,
        since=clock.get("since") or at,
        until=clock.get("until") or at,
        method=str(clock.get("method") or "given"),
    )


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
