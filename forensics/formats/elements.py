"""Where the objects of a JSON array lie in its text: `[{…},{…}]`, `{"data":[{…}]}`, or objects over many lines one after another.

Most arrays were written by one program: every object begins with the very same text (`Layout.marker`: a bracket and the first key), which no
string can hold unescaped. There that text cuts, at memory speed, and a missing bracket spoils one object and not the rest. Whatever it cuts
out that is no object is looked at again, as are all other arrays: by quotes and brackets, as sparse arrays of positions. A quote that is never
closed ends at its line's end.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from forensics.formats import jsontext
from forensics.formats.columns import texts_between

Positions = npt.NDArray[np.int64]

_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _NEWLINE = 1, 2, 3, 4, 5
_KINDS: Final = np.zeros(256, np.uint8)
for _char, _kind in zip('"\\{[}]\n', (_QUOTE, _BACKSLASH, _OPEN, _OPEN, _CLOSE, _CLOSE, _NEWLINE), strict=True):
    _KINDS[ord(_char)] = _kind
_STEP: Final = np.array([0, 0, 0, 1, -1, 0], np.int8)

_SCALAR = r'(?:"(?:[^"\\]|\\.)*"|-?[\d.eE+-]+|true|false|null|\{[^{}\[\]]*\}|\[\s*\])'
_WRAPPER: Final = re.compile(rf'\s*\{{\s*((?:"[^"]*"\s*:\s*{_SCALAR}\s*,\s*)*)"([^"]*)"\s*:\s*')
_ARRAY: Final = re.compile(r"\s*\[\s*(?=\{)")
_BEGINNING: Final = re.compile(r'\{\s*"(?:[^"\\]|\\.)+"\s*:')
ENVELOPE: Final = frozenset(
    (
        "code", "msg", "message", "success", "status", "error", "errors", "total", "count", "size", "page", "pages", "pagenum", "pagesize",
        "current", "limit", "offset", "timestamp", "time", "data", "rows", "records", "list", "result", "results", "items", "content", "body",
        "totalcount", "totalpage", "totalpages", "totalelements", "totalrows", "haserror", "iserror", "issuccess", "orders", "optimizecountsql",
        "searchcount", "maxlimit", "countid", "hitcount", "next", "previous", "table", "schema", "database", "exporttime",
    )
)  # fmt: skip
"""Keys that an answer around an array has. An object with others beside its array is a message of its own, not a wrapper."""


@dataclass(frozen=True)
class Layout:
    """How the objects of a source lie.

    Attributes:
        first: where the first object begins, in characters of the text.
        marker: the text that every object begins with; None if they differ or if nested objects begin with it too.
        texts: the first objects.
    """

    first: int
    marker: bytes | None
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Elements:
    """Where objects begin in a piece of UTF-8 text, and where each ends (-1: not before the next begins)."""

    starts: Positions
    ends: Positions


def layout(text: str) -> Layout | None:
    """How the objects lie in a source that begins with `text`; None if it is no array of objects and no run of objects over many lines."""
    first = opening(text)
    if first is None or not _speaks_for_itself(text, first):
        return None
    data = text[first:].encode()
    found = _scan(data)
    pairs = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    texts = [data[start:end].decode() for start, end in pairs if end >= 0][:200]
    whole = [text for text in texts if _is_object(text)]
    if not whole or whole[0] is not texts[0]:
        return None
    return Layout(first, _marker(data, whole), tuple(whole[:60]))


def opening(text: str) -> int | None:
    """Where the first object of an array begins, or of a run of objects over many lines."""
    at = 1 if text.startswith("\ufeff") else 0
    if array := _ARRAY.match(text, at):
        return array.end()
    lines = [line for line in text[at:].split("\n", 3)[:3] if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return None
    if len(lines) > 1 and _is_object(lines[0]):
        return None  # JSON Lines
    place = at
    for _ in range(4):
        if (wrapper := _WRAPPER.match(text, place)) is None:
            break
        place = wrapper.end()
        if array := _ARRAY.match(text, place):
            return array.end()
    return text.index("{") if len(lines) > 1 else None


def _speaks_for_itself(text: str, first: int) -> bool:
    """Whether nothing around the objects says anything of its own."""
    before = text[:first].lstrip("\ufeff \t\r\n")
    names = set(re.findall(r'"([^"\\]*)"\s*:', before)) if before.startswith("{") else set()
    value = _loaded(text.lstrip("\ufeff")) if names else None  # None also where the text is cut off
    while isinstance(value, dict):
        below = [value[name] for name in value if name in names and isinstance(value[name], dict)]
        names |= set(value)
        value = below[0] if below else None
    return all(re.sub(r"[_\-]", "", name).lower() in ENVELOPE for name in names)


def _is_object(text: str) -> bool:
    return isinstance(_loaded(text), dict)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _marker(data: bytes, texts: list[str]) -> bytes | None:
    """The text that every object begins with, if nothing inside an object begins so; three times at least."""
    beginning = _BEGINNING.match(texts[0])
    if beginning is None or data.count(beginning[0].encode()) < 3:
        return None
    marker = beginning[0]
    return marker.encode() if all(text.startswith(marker) and text.count(marker) == 1 for text in texts) else None


def last_start(data: bytes, marker: bytes | None) -> int:
    """Where the last object begins; 0 if it is the only one, or none."""
    if marker is not None:
        return max(0, data.rfind(marker))
    starts = _scan(data).starts
    return int(starts[-1]) if len(starts) else 0


def find(data: bytes, marker: bytes | None) -> Elements:
    """The objects in `data`, UTF-8 text that begins with an object or between two."""
    if marker is None:
        return _scan(data)
    starts = np.fromiter((hit.start() for hit in re.finditer(re.escape(marker), data)), np.int64)
    if len(starts) == 0 or starts[0] > 0:
        starts = np.append(np.zeros(1, np.int64), starts)
    bounds = np.append(starts, len(data))
    bare = texts_between(data, bounds).str.strip_chars_end(" \t\r\n,")
    ends = starts + bare.str.len_bytes().to_numpy()
    doubtful = (~jsontext.valid_objects(bare)).arg_true().to_list()
    if not doubtful:
        return Elements(starts, ends)
    sure = np.ones(len(starts), bool)
    sure[doubtful] = False
    again = [(bounds[i], _scan(data[bounds[i] : bounds[i + 1]])) for i in doubtful]
    begins = np.concatenate([starts[sure], *(at + found.starts for at, found in again)])
    finishes = np.concatenate([ends[sure], *(np.where(found.ends < 0, -1, at + found.ends) for at, found in again)])
    order = np.argsort(begins)
    return Elements(begins[order], finishes[order])


def _scan(data: bytes) -> Elements:
    """The objects that stand beside or below the first bracket, by quotes and brackets."""
    kinds = _KINDS[np.frombuffer(data, np.uint8)]
    at = np.flatnonzero(kinds)
    kind = kinds[at]
    if (kind == _BACKSLASH).any():
        keep = ~_escaped(at, kind)
        at, kind = at[keep], kind[keep]
    quotes = np.cumsum(kind == _QUOTE, dtype=np.int32)
    lines = kind == _NEWLINE
    if lines.any():
        quotes -= np.maximum.accumulate(np.where(lines, quotes, 0))
    step = _STEP[kind]
    step[quotes % 2 == 1] = 0
    depth = np.cumsum(step, dtype=np.int32)
    starts = at[(step == 1) & (depth == 1)]
    starts = starts[np.frombuffer(data, np.uint8)[starts] == ord("{")]
    ends = at[(step == -1) & (depth == 0)] + 1
    end = np.append(ends, -1)[np.searchsorted(ends, starts, side="right")]
    end[end > np.append(starts[1:], len(data))[: len(end)]] = -1
    return Elements(starts, end)


def _escaped(at: Positions, kind: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Backslashes, and whatever an odd run of backslashes stands right before."""
    slash = kind == _BACKSLASH
    follows = np.append(False, slash[:-1] & (np.diff(at) == 1))
    number = np.arange(len(at))
    run = number - np.maximum.accumulate(np.where(slash & ~follows, number, 0))
    return np.asarray(slash | (follows & (run % 2 == 1)))
