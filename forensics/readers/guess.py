"""Names for columns known only by position: out of the statements that the log carries beside the row images, else by what values do.

A statement names columns and values (`WHERE id=11`, `SET qty=qty-5`, `INSERT INTO t(a, b) VALUES (…)`); the image has the same values at
positions. A name goes to the one position that fits it in every sample; where two fit, none is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from forensics.readers.ddl import split_list, unquote

_NAME: Final = r"(?:`?\w+`?\.)?`?([A-Za-z_]\w*)`?"
_LITERAL: Final = r"('(?:[^'\\]|\\.|'')*'|-?\d+(?:\.\d+)?)"
_EQUALS: Final = re.compile(rf"{_NAME}\s*=\s*{_LITERAL}(?!\s*[-+*/])")
_MOVES: Final = re.compile(rf"{_NAME}\s*=\s*(?:`?\w+`?\.)?`?\1`?\s*([-+])\s*(\d+(?:\.\d+)?)")
_INSERT: Final = re.compile(
    r"(?is)^\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?(?:INTO\s+)?\S+?\s*\(([^()]*)\)\s*VALUES?\s*\((.*)$"
)
_DECIMAL: Final = re.compile(r"^-?\d+\.\d+$")

Image = Mapping[int, str | None]


@dataclass(frozen=True)
class Sample:
    """One row image and the statement that made it."""

    statement: str | None
    before: Image
    after: Image


def guess(samples: Sequence[Sample]) -> dict[int, str]:
    """Names of positions, as far as the samples settle them."""
    fitting: dict[str, set[int]] = {}
    for sample in samples:
        for name, positions in _claims(sample):
            fitting[name] = fitting[name] & positions if name in fitting else positions
    names = _settle(fitting)
    moving = _moving(samples) - set(names)
    if "qty" not in fitting and len(moving) == 1:
        names[moving.pop()] = "qty"
    return names


def _claims(sample: Sample) -> Iterable[tuple[str, set[int]]]:
    """Every name that the statement uses with a value, and the positions that have this value."""
    statement = sample.statement or ""
    if found := _INSERT.match(statement):
        names = [unquote(name) for name in found[1].split(",")]
        values = split_list(found[2])
        if len(names) == len(values):
            for name, value in zip(names, values, strict=True):
                if re.fullmatch(_LITERAL, value):
                    yield name, _having(sample.after, value)
        return
    assigned, _, condition = _split_where(statement)
    for name, sign, number in _MOVES.findall(assigned):
        yield name, _moved(sample, Decimal(number) * (-1 if sign == "-" else 1))
    for part, image in ((assigned, sample.after), (condition, sample.before)):
        for name, value in _EQUALS.findall(part):
            yield name, _having(image, value)


def _split_where(statement: str) -> tuple[str, str, str]:
    found = re.search(r"(?is)\bWHERE\b", statement)
    return (statement, "", "") if found is None else (statement[: found.start()], found[0], statement[found.end() :])


def _having(image: Image, literal: str) -> set[int]:
    text = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
    return {at for at, value in image.items() if value is not None and (value == text or _same_number(value, text))}


def _same_number(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _moved(sample: Sample, by: Decimal) -> set[int]:
    return {at for at in sample.before if (delta := _delta(sample, at)) is not None and delta == by}


def _delta(sample: Sample, at: int) -> Decimal | None:
    one, other = sample.before.get(at), sample.after.get(at)
    try:
        return None if one is None or other is None else Decimal(other) - Decimal(one)
    except InvalidOperation:
        return None


def _settle(fitting: Mapping[str, set[int]]) -> dict[int, str]:
    """Names with one position left, again and again until nothing changes; a position claimed twice belongs to nobody."""
    open_names = {name: set(positions) for name, positions in fitting.items()}
    settled: dict[int, str] = {}
    while True:
        single = [(next(iter(at)), name) for name, at in open_names.items() if len(at) == 1]
        claims = [at for at, _ in single]
        new = {at: name for at, name in single if claims.count(at) == 1 and at not in settled}
        if not new:
            return settled
        settled |= new
        open_names = {name: at - set(new) for name, at in open_names.items() if name not in new.values()}


def _moving(samples: Sequence[Sample]) -> set[int]:
    """Positions of decimals that change: of a stock table that is its quantity."""
    decimals: set[int] | None = None
    changed: set[int] = set()
    for sample in samples:
        image = {**sample.before, **sample.after}
        here = {at for at, value in image.items() if value is not None and _DECIMAL.match(value)}
        decimals = here if decimals is None else decimals & here
        changed |= {at for at in here if (delta := _delta(sample, at)) is not None and delta != 0}
    return (decimals or set()) & changed
