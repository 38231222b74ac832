"""The parts of a profile in a TOML document ─▶ `Profile`, checked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.formats.maps import read_map
from forensics.formats.spec import Profile, Source
from forensics.model.event import KINDS

if TYPE_CHECKING:
    from forensics.formats.read_spec import _Reader

KEYS = ("kind", "columns", "words", "set", "clock_ahead_s")


def read_profile(reader: _Reader, unset: tuple[str, ...]) -> Profile:
    """`[columns]`, `[words.*]`, `[set]`, `kind` and `clock_ahead_s` of the reader's document.

    Args:
        reader: knows the document and the ways to read its values.
        unset: columns that no format sets.

    Raises:
        FormatError: with the line of the first mistake.
    """
    from forensics.formats.profile import WORDS  # builds on the reading of formats

    doc, data = reader.doc, reader.doc.data
    columns: dict[str, Source] = {}
    for column, value in reader.table(data, "columns").items():
        if column in unset:
            raise doc.error(f"'{column}' is not set by a format", "columns", column)
        item = {"from": value} if isinstance(value, str | list) else value
        source = reader.source(item, False, "columns", column)
        if not source.fields:
            raise doc.error(f"'{column}' needs a heading", "columns", column, hint="constants stand in [set]")
        joined = column == "ts" and len(source.fields) > 1 and not source.time
        columns[column] = replace(source, time=("auto",)) if joined else source
    if not columns:
        raise doc.error("[columns] names no column", "columns")
    kind = reader.text(data, "kind")
    reader.one_of(kind, KINDS, "kind", "kind")
    words = reader.table(data, "words")
    for column in words:
        reader.one_of(column, WORDS, "column of words", "words", column)
    constants = reader.table(data, "set")
    for column, value in constants.items():
        if not isinstance(value, str) or column in unset:
            raise doc.error(f"set.{column}: texts for columns only", "set", column)
    return Profile(
        columns,
        kind,
        {name: read_map(doc, table, "words", name) for name, table in words.items()},
        dict(constants),
        float(reader.number(data, "clock_ahead_s") or 0),
    )
