"""How to put the stamps of all clocks on one: the table that the views join. Times in events never change.

A stamp `ts` of `clock` reads, on the reference, `ts - (offset_s + drift_ppm * 1e-6 * (ts - at))`, within ± `error_s`.
A clock that may well be right (its possible difference includes zero) is left alone; what could still be wrong with it
is its error.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from forensics.model.result import ClockRelation

CORRECTION_SCHEMA: Final = {
    "clock": pl.String(),
    "since": pl.Datetime("us", "UTC"),
    "until": pl.Datetime("us", "UTC"),
    "offset_s": pl.Float64(),
    "drift_ppm": pl.Float64(),
    "error_s": pl.Float64(),
    "at": pl.Datetime("us", "UTC"),
    "reference": pl.String(),
    "measured": pl.Boolean(),
}
"""`since` (inclusive) and `until` (exclusive) are on the clock's own time, null = open. `measured` is false before, after
and between the stretches that messages cover; the error is larger there."""

TRUE_TIME: Final = "reference"
"""What a declared difference is measured against where no clock was measured."""
WANDER: Final = 1e-4
"""How fast an unobserved clock may drift off further (100 ppm)."""
_BANDS_S = (60.0, 3600.0, 86400.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SYSTEMS = ("db", "wms", "erp", "mq", "wcs", "cache", "scanner")  # whose clock serves when nothing else tells


@dataclass(frozen=True)
class Piece:
    """theta = offset + slope * (t - at) within ± error for since <= t < until; t on the reference, seconds."""

    since: float
    until: float
    at: float
    offset: float
    slope: float
    error: float
    measured: bool = True

    def value(self, time: float) -> float:
        """The difference at a time of the reference."""
        return self.offset + (self.slope * (time - self.at) if self.slope else 0.0)

    def flipped(self) -> Piece:
        """The same, as the reference's lead over the clock, with times on the clock."""
        since, until, at = (t + self.value(t) if math.isfinite(t) else t for t in (self.since, self.until, self.at))
        return replace(self, since=since, until=until, at=at, offset=-self.offset, slope=-self.slope / (1 + self.slope))


def correction_table(relations: Sequence[ClockRelation], reference: str | None = None) -> pl.DataFrame:
    """One row per clock and stretch: by how much its stamps are off from the reference's, and how surely.

    Args:
        relations: what `estimate` found.
        reference: the clock to put all others on; chosen by `choose_reference` if None.

    Returns:
        A frame with `CORRECTION_SCHEMA`, gapless for every clock that has a chain of relations to the reference, the
        reference itself with zeros. Clocks without such a chain have no rows: nothing is known of them.
    """
    if not relations:
        return pl.DataFrame(schema=CORRECTION_SCHEMA)
    edges: dict[tuple[str, str], list[Piece]] = defaultdict(list)
    for relation in relations:
        edges[relation.clock, relation.reference].append(_piece(relation))
    root = reference or choose_reference(relations)
    rows = [_row(root, root, Piece(-math.inf, math.inf, 0.0, 0.0, 0.0, 0.0))]
    for clock, pieces in _chains(edges, root).items():
        rows += [_row(clock, root, piece) for piece in _own_time([piece.flipped() for piece in pieces])]
    return pl.DataFrame(rows, schema=CORRECTION_SCHEMA, orient="row").sort("clock", "since", nulls_last=False)


def choose_reference(relations: Iterable[ClockRelation]) -> str:
    """The true time, where a person declared a difference to it; else the clock that most others agree with, among equals the one
    with most relations, then by kind of system.
    """
    agree: dict[str, int] = defaultdict(int)
    known: dict[str, int] = defaultdict(int)
    for r in relations:
        for clock in (r.clock, r.reference):
            agree[clock] += abs(r.offset_s) <= r.error_s
            known[clock] += 1

    if TRUE_TIME in known:
        return TRUE_TIME

    def rank(clock: str) -> tuple[int, int, int, str]:
        system = clock.partition("@")[0]
        order = _FIRST_SYSTEMS.index(system) if system in _FIRST_SYSTEMS else len(_FIRST_SYSTEMS)
        return -agree[clock], -known[clock], order, clock

    return min(known, key=rank)


def _piece(relation: ClockRelation) -> Piece:
    since, until, at = ((t - _EPOCH).total_seconds() for t in (relation.since, relation.until, relation.at))
    piece = Piece(since, until, at, relation.offset_s, relation.drift_ppm * 1e-6, relation.error_s)
    reach = max(abs(piece.value(since)), abs(piece.value(until)))
    if min(abs(piece.value(since)), abs(piece.value(until))) <= piece.error:
        return replace(piece, offset=0.0, slope=0.0, error=reach + piece.error)  # not proven off
    return piece


def _filled(pieces: list[Piece]) -> list[Piece]:
    """The pieces with what may hold before, between and after them."""
    pieces = sorted(pieces, key=lambda p: p.since)
    pieces = [replace(p, until=max(p.until, p.since + 1e-6)) for p in pieces]
    first, last = pieces[0], pieces[-1]
    result = [*_beyond(first, first.since, -1)]
    for i, piece in enumerate(pieces):
        result.append(piece)
        if i + 1 < len(pieces):
            following = pieces[i + 1]
            if following.since <= piece.until:
                result[-1] = replace(piece, until=following.since)
                continue
            a, b = piece.value(piece.until), following.value(following.since)
            error = abs(a - b) / 2 + max(piece.error, following.error) + WANDER * (following.since - piece.until)
            result.append(Piece(piece.until, following.since, piece.until, (a + b) / 2, 0.0, error, measured=False))
    return [*result, *_beyond(last, last.until, 1)]


def _beyond(piece: Piece, end: float, way: int) -> list[Piece]:
    """Outside what was observed the difference stays, less and less surely, but no worse than if it had vanished."""
    value = piece.value(end)
    bands: list[Piece] = []
    near = 0.0
    for far in (*_BANDS_S, math.inf):
        reach = min(WANDER * far, abs(value))
        since, until = (end + near, end + far) if way > 0 else (end - far, end - near)
        bands.append(Piece(since, until, end, value, 0.0, piece.error + reach, measured=False))
        near = far
        if reach >= abs(value):
            bands[-1] = replace(bands[-1], until=math.inf) if way > 0 else replace(bands[-1], since=-math.inf)
            break
    return bands if way > 0 else bands[::-1]


def _chains(edges: dict[tuple[str, str], list[Piece]], root: str) -> dict[str, list[Piece]]:
    """Every reachable clock's difference from the root, along the surest chain."""
    steps: dict[str, list[tuple[str, list[Piece]]]] = defaultdict(list)
    for (clock, reference), pieces in edges.items():
        filled = _filled(pieces)
        steps[reference].append((clock, filled))
        steps[clock].append((reference, [p.flipped() for p in filled]))
    found: dict[str, list[Piece]] = {}
    queue: list[tuple[float, str, int, list[Piece]]] = [(0.0, root, 0, [])]
    pushed = 0
    while queue:
        _, clock, _, pieces = heapq.heappop(queue)
        if clock in found or (clock == root and pieces):
            continue
        if pieces:
            found[clock] = pieces
        for following, step in steps[clock]:
            if following != root and following not in found:
                chain = _compose(step, pieces) if pieces else step
                worst = max((p.error for p in chain if p.measured), default=math.inf)
                pushed += 1  # lists of pieces have no order: never compared
                heapq.heappush(queue, (worst, following, pushed, chain))
    return dict(sorted(found.items()))


def _compose(outer: list[Piece], inner: list[Piece]) -> list[Piece]:
    """Clock over middle (times on the middle), middle over root (times on the root): clock over root."""
    result: list[Piece] = []
    for b in inner:
        middle_since, middle_until = (t + b.value(t) if math.isfinite(t) else t for t in (b.since, b.until))
        for a in outer:
            since, until = max(a.since, middle_since), min(a.until, middle_until)
            if since >= until:
                continue
            # theta(t) = a(t + b(t)) + b(t), a line again
            slope = a.slope * (1 + b.slope) + b.slope
            start, end = (_to_root(b, t) if math.isfinite(t) else t for t in (since, until))
            at = b.at
            offset = a.value(at + b.offset) + b.offset
            result.append(Piece(start, end, at, offset, slope, a.error + b.error, a.measured and b.measured))
    return sorted(result, key=lambda p: p.since)


def _to_root(piece: Piece, middle: float) -> float:
    """The root's time at which the middle clock shows `middle`."""
    return piece.at + (middle - piece.at - piece.offset) / (1 + piece.slope)


def _own_time(pieces: list[Piece]) -> list[Piece]:
    """Pieces on the clock's own time, without overlap or hole.

    A clock set back shows some times twice: there both differences are possible. Set forward, it never shows some.
    """
    edges = sorted({t for p in pieces for t in (p.since, p.until)})
    result: list[Piece] = []
    for since, until in pairwise(edges):
        covering = [p for p in pieces if p.since <= since and until <= p.until]
        if not covering:
            result[-1] = replace(result[-1], until=until)
            continue
        piece = covering[0]
        if len(covering) > 1:
            time = since if math.isfinite(since) else until
            values = [p.value(time) for p in covering]
            error = (max(values) - min(values)) / 2 + max(p.error for p in covering)
            piece = Piece(since, until, time, (max(values) + min(values)) / 2, 0.0, error, measured=False)
        same = result and replace(result[-1], since=0.0, until=0.0) == replace(piece, since=0.0, until=0.0)
        if same:
            result[-1] = replace(result[-1], until=until)
        else:
            result.append(replace(piece, since=since, until=until))
    return result


def _row(clock: str, root: str, flipped: Piece) -> tuple[object, ...]:
    """`flipped` has its times on the clock itself; its sign is the root's lead, turned back here."""
    return (
        clock,
        _when(flipped.since),
        _when(flipped.until),
        -flipped.offset,
        -flipped.slope * 1e6,
        flipped.error,
        _when(flipped.at),
        root,
        flipped.measured,
    )


def _when(seconds: float) -> datetime | None:
    return _EPOCH + timedelta(microseconds=round(seconds * 1e6)) if math.isfinite(seconds) else None
