"""Word maps: what a word of a source means. Shared ones stand in `parsers/maps.toml`, a format's own in its `[maps]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from forensics.formats.toml import Document, Key, read

BODY_CODES = "body-codes"
"""In `maps.toml`: `[body-codes.VENDOR]` with `regex` and codes, for interface logs that name no vendor."""

_LOOSE = r"[_\-./\s]+"


@dataclass(frozen=True)
class WordMap:
    """Words (trimmed, lower case) and their meanings.

    Attributes:
        contains: a word need only occur in the value (`_ - . /` and blanks ignored on both sides); the longest that occurs wins.
        regexes: where in a longer text the value stands (the first group), and only there; for codes in bodies.
    """

    words: dict[str, str]
    contains: bool = False
    regexes: tuple[str, ...] = ()

    def apply(self, text: pl.Series) -> pl.Series:
        """The meaning of every value, null where it has none. Work is done once per distinct value."""
        distinct = text.unique().drop_nulls()
        if self.contains:
            meanings = self._longest(distinct)
        else:
            meanings = (
                distinct.str.strip_chars()
                .str.to_lowercase()
                .replace_strict(list(self.words), list(self.words.values()), default=None, return_dtype=pl.String)
            )
        return text.replace_strict(distinct, meanings, default=None, return_dtype=pl.String)

    def _longest(self, values: pl.Series) -> pl.Series:
        words = {re.sub(_LOOSE, "", word): meaning for word, meaning in self.words.items()}
        frame = pl.DataFrame({"value": values.str.to_lowercase().str.replace_all(_LOOSE, "")}).with_row_index()
        found = (
            frame.with_columns(word=pl.col("value").str.extract_many(list(words), overlapping=True)).explode("word").drop_nulls("word")
            .sort(pl.col("word").str.len_chars(), descending=True, maintain_order=True).unique("index", keep="first")
        )  # fmt: skip
        meaning = found.select("index", meaning=pl.col("word").replace_strict(words, return_dtype=pl.String))
        return frame.join(meaning, on="index", how="left", maintain_order="left")["meaning"]


def load_maps(file: Path) -> dict[str, WordMap]:
    """The shared maps of a folder by name; none if the file is absent. `contains = [names]` at the top lists the loose ones.

    Raises:
        FormatError: the file is wrong.
    """
    if not file.is_file():
        return {}
    document = read(file)
    loose = document.data.get("contains", [])
    if not isinstance(loose, list) or any(name not in document.data for name in loose):
        raise document.error("'contains' must be a list of this file's tables", "contains")
    maps = {
        name: read_map(document, table, name, contains=name in loose)
        for name, table in document.data.items()
        if name not in ("contains", BODY_CODES)
    }
    vendors = document.data.get(BODY_CODES, {})
    return maps | {f"{BODY_CODES}.{name}": _body_codes(document, table, name) for name, table in vendors.items()}


def _body_codes(document: Document, table: Any, name: str) -> WordMap:
    """A vendor's codes, and how a body of that vendor shows them."""
    from forensics.formats.regex import problem

    regexes = table.get("regex") if isinstance(table, dict) else None
    if not isinstance(regexes, list) or not regexes:
        raise document.error("'regex' says how the vendor's bodies show the code", BODY_CODES, name)
    for regex in regexes:
        if (wrong := problem(str(regex))) is not None:
            raise document.error(wrong, BODY_CODES, name, "regex")
    words = read_map(document, {key: value for key, value in table.items() if key != "regex"}, BODY_CODES, name)
    return WordMap(words.words, regexes=tuple(map(str, regexes)))


def read_map(document: Document, table: Any, *path: Key, contains: bool = False) -> WordMap:
    """One map: keys trimmed and lower case, values text."""
    if not isinstance(table, dict):
        raise document.error(f"'{path[-1]}' must be a table of words", *path)
    words: dict[str, str] = {}
    for key, value in table.items():
        if not isinstance(value, str):
            raise document.error(f"the meaning of '{key}' must be text", *path, key)
        words[key.strip().lower()] = value
    return WordMap(words, contains)
