"""The alias dictionary: what headings and keys are called in Chinese and English ─▶ canonical names (parsers/aliases.toml)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from forensics.formats.naming import LABEL, Naming
from forensics.formats.toml import Document, Key, read

_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_DROPPED = re.compile(r"[\s\ufeff\u200b*_\-./:'\"`]+")


@lru_cache(maxsize=65536)
def normalise(heading: str) -> str:
    """The form in which headings are compared: NFKC, lower case, no blanks, BOM, `_ - . /`, `*` marks or bracketed unit."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    bare = _DROPPED.sub("", _BRACKETS.sub("", text))
    return bare or _DROPPED.sub("", text)


Ranked = Mapping[str, tuple[str, int]]
"""Normalised alias ─▶ (canonical name, place in its list: the first is the most specific)."""


@dataclass(frozen=True)
class Context:
    """Meanings that hold beside certain other headings."""

    when: frozenset[str]
    fields: Ranked
    label: str = "its neighbours"


@dataclass(frozen=True)
class TimePairs:
    """A date column and a time column that make one time."""

    dates: frozenset[str]
    times: frozenset[str]


@dataclass(frozen=True)
class Aliases:
    """The dictionary.

    Attributes:
        fields: what a name means anywhere.
        tables: what it means in a table of a kind; wins over `fields`.
        contexts: what it means beside other headings; wins over both.
        spellings: canonical name ─▶ its aliases as written (for reading keys out of text).
        naming: what a name that is listed nowhere means by the words it is made of; weakest.
    """

    fields: Ranked
    tables: Mapping[str, Ranked]
    contexts: tuple[Context, ...]
    pairs: tuple[TimePairs, ...]
    spellings: Mapping[str, tuple[str, ...]]
    naming: Naming = field(default_factory=Naming)

    @classmethod
    def empty(cls) -> Aliases:
        """A dictionary that knows nothing."""
        return cls({}, {}, (), (), {})

    def layers(self, kind: str | None, headings: Iterable[str]) -> list[tuple[str, Ranked]]:
        """The dictionaries that hold for a table of `kind` with these normalised headings, strongest first, each with its name."""
        present = set(headings)
        out: list[tuple[str, Ranked]] = [(c.label, c.fields) for c in self.contexts if c.when <= present]
        if kind is not None and kind in self.tables:
            out.append((f"in {kind} tables", self.tables[kind]))
        return [*out, ("the alias dictionary", self.fields), (LABEL, self.naming.of(kind))]


def load_aliases(files: Sequence[Path], naming: Naming = Naming()) -> Aliases:  # noqa: B008  # frozen
    """Read and merge dictionaries; of two files that know a name, the later one wins.

    Raises:
        FormatError: a file is wrong; with the line.
    """
    fields: dict[str, tuple[str, int]] = {}
    tables: dict[str, dict[str, tuple[str, int]]] = {}
    contexts: list[Context] = []
    pairs: list[TimePairs] = []
    spellings: dict[str, tuple[str, ...]] = {}
    for file in files:
        document = read(file)
        general = document.data.get("fields", {})
        fields |= _ranked(document, general, "fields")
        for canonical, names in general.items():
            spellings[canonical] = (*spellings.get(canonical, ()), canonical, *names)
        for kind, table in document.data.get("tables", {}).items():
            tables.setdefault(kind, {}).update(_ranked(document, table.get("fields", {}), "tables", kind, "fields"))
        own = [
            Context(
                frozenset(map(normalise, _names(document, item.get("when"), "context", i, "when"))),
                _ranked(document, item.get("fields", {}), "context", i, "fields"),
            )
            for i, item in enumerate(document.data.get("context", []))
        ]
        contexts = own + contexts
        for i, item in enumerate(document.data.get("time-pairs", [])):
            sides = (
                frozenset(map(normalise, _names(document, item.get(side), "time-pairs", i, side)))
                for side in ("date", "time")
            )
            pairs.append(TimePairs(*sides))
    return Aliases(fields, tables, tuple(contexts), tuple(pairs), spellings, naming)


def _ranked(document: Document, table: Any, *path: Key) -> dict[str, tuple[str, int]]:
    if not isinstance(table, dict):
        raise document.error(f"'{path[-1]}' must be a table: canonical name = [aliases]", *path)
    out: dict[str, tuple[str, int]] = {}
    for canonical, names in table.items():
        out.setdefault(normalise(canonical), (canonical, -1))
        for place, name in enumerate(_names(document, names, *path, canonical)):
            out.setdefault(normalise(name), (canonical, place))
    for canonical in table:
        out[normalise(canonical)] = (canonical, -1)  # a canonical name means itself
    return out


def _names(document: Document, names: Any, *path: Key) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise document.error(f"'{path[-1]}' must be a list of names", *path)
    return names
