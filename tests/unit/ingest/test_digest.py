from __future__ import annotations

import hashlib

from forensics.ingest.digest import HEAD, candidates, digest, head_mark


def row(data: bytes) -> dict:
    return {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "head": head_mark(data[:HEAD]),
        "source": hashlib.sha256(data).hexdigest()[:16],
    }


def pieces(data: bytes, size: int = 7):
    return (data[i : i + size] for i in range(0, len(data), size))


OLD = b"2025-03-11 first line of the log\n" * 5
LONG = b"a header that many files share\n" * 400


def test_same_bytes_are_unchanged():
    found = digest(pieces(OLD), [row(OLD), row(b"x")])
    assert found.unchanged["bytes"] == len(OLD)
    assert found.grown_from is None


def test_longest_known_beginning_wins():
    found = digest(pieces(OLD + b"new\n"), [row(OLD[:33]), row(OLD), row(b"other")])
    assert found.unchanged is None
    assert found.grown_from["bytes"] == len(OLD)
    assert found.size == len(OLD) + 4


def test_candidates_short_sources_are_compared_at_once():
    assert candidates(OLD, [row(OLD[:33]), row(b"zzz"), row(OLD)]) == [row(OLD[:33]), row(OLD)]


def test_candidates_long_sources_by_their_head():
    assert candidates(LONG[:HEAD], [row(LONG), row(LONG[:5000]), row(b"q" * 5000)]) == [row(LONG), row(LONG[:5000])]
    assert candidates(b"too short", [row(LONG)]) == []


def test_empty_sources_are_nobodys_beginning():
    assert candidates(b"abc", [row(b"")]) == []
