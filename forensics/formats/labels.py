"""Labels of one's own: a declared layout says which part of a scanned code is what.

Three ways to declare one: `regex` with named groups, `separator` with `fields`, or `positions` (widths in order). All become a
regex whose groups are columns of the event table or names in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from forensics.formats.regex import groups, problem
from forensics.formats.toml import Document, Key

_KEYS: Final = ("name", "regex", "separator", "fields", "positions", "dates")


@dataclass(frozen=True)
class Label:
    """One layout.

    Attributes:
        name: what such a code is called (`extra.barcode_type`).
        regex: with a named group for every part that is kept.
        dates: strptime formats of parts that are dates, by name.
    """

    name: str
    regex: str
    dates: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts."""
        return tuple(groups(self.regex))


def read_labels(document: Document, items: Any) -> tuple[Label, ...]:
    """The `[[label]]` tables of a document.

    Raises:
        FormatError: with the line of the first mistake.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise document.error("'label' must be an array of tables: [[label]]", "label")
    return tuple(_read(document, item, "label", i) for i, item in enumerate(items))


def _read(document: Document, data: Mapping[str, Any], *here: Key) -> Label:
    unknown = next((key for key in data if key not in _KEYS), None)
    if unknown is not None:
        raise document.error(f"'{unknown}' is not known here", *here, unknown, hint=f"known are {', '.join(_KEYS)}")
    name = data.get("name", "label")
    ways = [key for key in ("regex", "separator", "positions") if key in data]
    if len(ways) != 1 or not isinstance(name, str):
        raise document.error("a label has a name and exactly one of regex, separator, positions", *here)
    way = ways[0]
    if way == "regex":
        regex = data["regex"]
        if not isinstance(regex, str) or (wrong := problem(regex)):
            raise document.error(f"the regex is wrong: {wrong if isinstance(regex, str) else regex}", *here, "regex")
    elif way == "separator":
        regex = _separated(data["separator"], data.get("fields"))
        if regex is None:
            raise document.error("separator is a text and fields a list of names", *here, "separator")
    else:
        regex = _positions(data["positions"])
        if regex is None:
            raise document.error(
                "positions is a list of name and width", *here, "positions", hint='["expiry:8", "pallet:18", "-:2"]'
            )
    dates = data.get("dates", {})
    if not isinstance(dates, dict) or not all(isinstance(form, str) for form in dates.values()):
        raise document.error("dates are names with their formats", *here, "dates", hint='{ expiry = "%Y%m%d" }')
    label = Label(name, regex, dates)
    if any(part.isdigit() for part in label.parts) or not label.parts:
        raise document.error("every group needs a name: (?P<sku>…)", *here)
    return label


def _separated(separator: Any, fields: Any) -> str | None:
    """`A|B|C`; an empty name or `-` is a part that is not kept."""
    if not isinstance(separator, str) or not separator or not _names(fields):
        return None
    mark = re.escape(separator)
    part = f"[^{mark}]*" if len(separator) == 1 else ".*?"
    return "^" + mark.join(_group(name, part) for name in fields) + "$"


def _positions(positions: Any) -> str | None:
    """`["expiry:8", "pallet:18"]`; a width of `*` takes the rest."""
    if not _names(positions):
        return None
    out = ""
    for item in positions:
        name, _, width = item.partition(":")
        if not (width.isdigit() or width == "*"):
            return None
        out += _group(name, ".*" if width == "*" else f".{{{width}}}")
    return f"^{out}$"


def _group(name: str, part: str) -> str:
    return part if name in ("", "-") else f"(?P<{name}>{part})"


def _names(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value)
