"""Values of a TOML document by kind; a wrong one is an error with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from forensics.formats.regex import problem
from forensics.formats.toml import Document, Key


class Values:
    """Reads values of a document; every method takes the path of what it reads, to name its line in an error.

    Every method raises FormatError for a value of another kind.
    """

    def __init__(self, document: Document) -> None:
        self.doc = document

    def known(self, data: Any, keys: Iterable[str], *here: Key) -> None:
        """Refuse keys that mean nothing here."""
        if not isinstance(data, dict):
            raise self.doc.error(f"{here[-1] if here else 'this'} must be a table", *here)
        keys = tuple(keys)
        for key in data:
            if key not in keys:
                raise self.doc.error(f"'{key}' is not known here", *here, key, hint=self.near(key, keys))

    def near(self, word: str, among: Iterable[str]) -> str:
        """A hint: the names that look like a word, or all of them."""
        among = sorted(among)
        found = difflib.get_close_matches(word, among, 3)
        return (
            f"did you mean {' or '.join(found)}?"
            if found
            else f"known are {', '.join(among)}"
            if len(among) < 40
            else "see docs/format-files.md"
        )

    def one_of(self, value: str | None, among: Iterable[str], what: str, *here: Key) -> None:
        """Refuse a value that is none of those."""
        among = tuple(among)
        if value is not None and value not in among:
            raise self.doc.error(f"no {what} is called '{value}'", *here, hint=self.near(value, among))

    def text(self, data: Mapping[str, Any], key: str, *here: Key, required: bool = False) -> str | None:
        """A text."""
        value = data.get(key)
        if value is None:
            if required:
                raise self.doc.error(f"'{key}' is missing", *here)
            return None
        if not isinstance(value, str):
            raise self.doc.error(f"'{key}' must be text", *here, key)
        return value

    def texts(self, data: Mapping[str, Any], key: str, *here: Key) -> tuple[str, ...]:
        """Texts; a single one may stand without its list."""
        value = data.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.doc.error(f"'{key}' must be a list of texts", *here, key)
        return tuple(value)

    def flag(self, data: Mapping[str, Any], key: str, *here: Key) -> bool:
        """True or false."""
        value = data.get(key, False)
        if not isinstance(value, bool):
            raise self.doc.error(f"'{key}' must be true or false", *here, key)
        return value

    def number(self, data: Mapping[str, Any], key: str, *here: Key) -> Decimal | None:
        """A number."""
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.doc.error(f"'{key}' must be a number", *here, key)
        return Decimal(str(value))

    def decimal(self, data: Mapping[str, Any], *here: Key) -> str | None:
        """The decimal mark."""
        mark = self.text(data, "decimal", *here)
        self.one_of(mark, (".", ","), "decimal mark", *here, "decimal")
        return mark

    def table(self, data: Mapping[str, Any], key: str, *here: Key) -> dict[str, Any]:
        """A table; empty where there is none."""
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.doc.error(f"'{key}' must be a table", *here, key)
        return value

    def tables(self, data: Mapping[str, Any], key: str, *here: Key) -> list[dict[str, Any]]:
        """An array of tables; empty where there is none."""
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.doc.error(f"'{key}' must be an array of tables: [[{key}]]", *here, key)
        return value

    def zone(self, data: Mapping[str, Any], key: str, *here: Key) -> str | None:
        """The name of a time zone."""
        name = self.text(data, key, *here)
        if name is not None:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                raise self.doc.error(
                    f"no time zone is called '{name}'", *here, key, hint="for instance Asia/Shanghai"
                ) from None
        return name

    def regex(self, regex: str, *here: Key) -> None:
        """Refuse a regex that does not compile."""
        if wrong := problem(regex):
            raise self.doc.error(
                f"the regex is wrong: {wrong.removeprefix('error: ')}",
                *here,
                hint="Rust syntax: no look-around, no back-references",
            )
