"""TOML out: `tomllib` only reads. What drafts need: texts, numbers, lists, inline tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if _BARE.fullmatch(name) else text(name)


def text(value: str) -> str:
    """A one-line string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def regex(value: str) -> str:
    """A literal string, as regexes are best read; a basic one where that is impossible."""
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        return text(value)
    if "'" not in value:
        return f"'{value}'"
    return f"'''{value}'''" if "'''" not in value and not value.endswith("'") else text(value)


def block(value: str) -> str:
    """A string over several lines, with a line break after its opening and before its closing quotes."""
    if "'''" not in value and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", value):
        return f"'''\n{value}\n'''"
    body = json.dumps(value, ensure_ascii=False)[1:-1].replace("\\n", "\n").replace("\x7f", "\\u007f")
    return f'"""\n{body}\n"""'


def value(data: Any) -> str:
    """Any value in one line."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int | float):
        return repr(data)
    if isinstance(data, Mapping):
        inner = ", ".join(f"{key(str(name))} = {value(item)}" for name, item in data.items() if item is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(value(item) for item in data) + "]"
    return text(str(data))
