"""Renderings of a result and of frames: JSON, lines of JSON, CSV, Markdown, terminal. HTML is in `forensics.report`.

Names are resolved when they are first used, so that a command that prints nothing loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "to_json": "json",
    "to_ndjson": "json",
    "to_csv": "csv",
    "to_markdown": "markdown",
    "print_result": "terminal",
    "frame_to_text": "table",
}
__all__ = ["frame_to_text", "print_result", "to_csv", "to_json", "to_markdown", "to_ndjson"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
