"""TOML with line numbers: `tomllib` gives none, so the place of every table and key is found by a second, simple scan."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.model.errors import FormatError, Location

Key = str | int
_HEADER = re.compile(r"^\s*(\[\[|\[)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*("(?:[^"\\]|\\.)*"|'[^']*'|[^\s=#\["']+)\s*=(.*)$""")
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|' + r"'([^']*)'|([^.\s]+)")
_SYNTAX_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True)
class Document:
    """A parsed TOML file and where its keys stand."""

    file: Path
    data: dict[str, Any]
    lines: dict[tuple[Key, ...], int]

    def line(self, *path: Key) -> int | None:
        """The line of the key, or of the nearest thing around it."""
        for end in range(len(path), 0, -1):
            for key in (path[:end], (*path[:end], 0)):
                if key in self.lines:
                    return self.lines[key]
        return None

    def error(self, message: str, *path: Key, hint: str | None = None) -> FormatError:
        """An error that points at `path`."""
        return FormatError(message, location=Location(self.file, self.line(*path)), hint=hint)


def read(file: Path) -> Document:
    """Read a TOML file (UTF-8, with or without BOM).

    Raises:
        FormatError: it cannot be read, or is not TOML; with the line.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"cannot read: {error.strerror or error}", location=Location(file)) from None
    except UnicodeDecodeError:
        raise FormatError("is not UTF-8 text", location=Location(file), hint="save it as UTF-8") from None
    return read_text(file, text)


def read_text(file: Path, text: str) -> Document:
    """TOML that is already text; `file` is where it stands or will stand.

    Raises:
        FormatError: it is not TOML; with the line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_LINE.search(str(error))
        hint = "regexes stand in single quotes: 'text', or '''text''' when they contain a quote"
        raise FormatError(
            f"not valid TOML: {error}", location=Location(file, int(found[1]) if found else None), hint=hint
        ) from None
    return Document(file, data, _index(text))


def _index(text: str) -> dict[tuple[Key, ...], int]:
    """Line of every table header and of every key that begins a line."""
    lines: dict[tuple[Key, ...], int] = {}
    counts: dict[tuple[Key, ...], int] = {}
    here: tuple[Key, ...] = ()
    closing: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if closing is not None:
            if closing in line:
                closing = None
            continue
        if header := _HEADER.match(line):
            here = _place([a or b or c for a, b, c in _PART.findall(header[2])], header[1] == "[[", counts)
            lines.setdefault(here, number)
        elif key := _KEY.match(line):
            name = key[1].strip("\"'")
            lines.setdefault((*here, *_dotted(name, key[1])), number)
            for quotes in ("'''", '"""'):
                if key[2].count(quotes) % 2:
                    closing = quotes
    return lines


def _dotted(name: str, written: str) -> tuple[str, ...]:
    return (name,) if written[0] in "\"'" else tuple(name.split("."))


def _place(parts: list[str], is_array: bool, counts: dict[tuple[Key, ...], int]) -> tuple[Key, ...]:
    """The path of a header, with the current index put after every name that is an array of tables."""
    path: tuple[Key, ...] = ()
    for position, part in enumerate(parts):
        path = (*path, part)
        if is_array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
