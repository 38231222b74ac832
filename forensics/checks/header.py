"""The header of a `.sql` file: TOML in its leading block comment.

The file stays plain SQL that any tool can run, and the line numbers of DuckDB's messages are those of the file.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from forensics.model.errors import Location, QueryError

LANGUAGES: Final = ("zh", "en")
_OPENING = re.compile(r"\A\ufeff?\s*/\*")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_COMMENT_OR_TEXT = re.compile(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", re.DOTALL)


def read(path: Path) -> str:
    """The file's text.

    Raises:
        QueryError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise QueryError(f"cannot read the query: {error.strerror or error}", location=Location(path)) from error
    except UnicodeDecodeError as error:
        raise QueryError("the query is not UTF-8", location=Location(path), hint="save it as UTF-8") from error


def header(text: str, path: Path) -> dict[str, Any]:
    """The TOML table in the leading block comment of `text`.

    Raises:
        QueryError: there is no such comment, or it is no TOML; the location is the line in the file.
    """
    opening = _OPENING.match(text)
    end = text.find("*/")
    if opening is None or end < 0:
        raise QueryError(
            "the query has no header", location=Location(path, 1), hint='begin the file with /* id = "…" … */'
        )
    body = text[opening.end() : end]
    try:
        return tomllib.loads(body)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        above = text[: opening.end()].count("\n")
        line = above + (int(found.group(1)) if found else body.count("\n") + 1)
        raise QueryError(
            f"the header is not valid TOML: {_TOML_LINE.sub('', str(error)).strip()}", location=Location(path, line)
        ) from error


def bare_sql(text: str) -> str:
    """The SQL without comments and string literals: where names are looked for."""
    return _COMMENT_OR_TEXT.sub(" ", text)


class Fields:
    """Typed access to a header's keys that says where a mistake is, and names keys that mean nothing."""

    def __init__(self, table: dict[str, Any], text: str, path: Path, known: tuple[str, ...]) -> None:
        self._table, self._text, self._path = table, text, path
        for key in table:
            if key not in known:
                raise self.error(key, f"unknown key '{key}' in the header", f"known keys: {', '.join(known)}")

    def error(self, key: str, message: str, hint: str | None = None) -> QueryError:
        """A QueryError at the first line that names `key`."""
        pattern = re.compile(rf"^\s*\[?{re.escape(key)}\b")
        lines = self._text.splitlines()
        line = next((number for number, content in enumerate(lines, 1) if pattern.match(content)), 1)
        return QueryError(message, location=Location(self._path, line), hint=hint)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; required where there is no default."""
        value = self._table.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self.error(key, f"'{key}' must be a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty where absent."""
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"'{key}' must be a list of texts")
        return tuple(value)

    def bilingual(self, key: str, default: str | None = None) -> dict[str, str]:
        """A text in both languages: `{ zh = "…", en = "…" }`."""
        value = self._table.get(key)
        if value is None and default is not None:
            return dict.fromkeys(LANGUAGES, default)
        if not isinstance(value, dict) or any(not isinstance(value.get(lang), str) for lang in LANGUAGES):
            raise self.error(key, f"'{key}' needs a text in both languages", '{ zh = "…", en = "…" }')
        return {lang: value[lang] for lang in LANGUAGES}

    def table(self, key: str) -> dict[str, Any]:
        """A table, empty where absent."""
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"'{key}' must be a table")
        return value
