"""A result for programs: JSON, and one JSON object a line."""

from __future__ import annotations

import json
import math
from typing import Any

from forensics.model.result import CaseResult


def to_json(result: CaseResult) -> str:
    """The whole result as one indented JSON document, in the shape of the contract, with a final newline."""
    return dump(result.to_json(), indent=2) + "\n"


def to_ndjson(result: CaseResult) -> str:
    """One object a line, each with its `type`: case, incident, finding, undecided, control, coverage, clock, custody, step, since_last, observed."""
    plain = result.to_json()
    lines = [dump({"type": "case", "case": plain["case"], "window": plain["window"]})]
    for field, kind in (
        ("incidents", "incident"),
        ("findings", "finding"),
        ("undecided", "undecided"),
        ("controls", "control"),
        ("coverage", "coverage"),
        ("clocks", "clock"),
        ("custody", "custody"),
        ("steps", "step"),
    ):
        lines += [dump({"type": kind, **item}) for item in plain[field]]
    if plain["since_last"] is not None:
        lines.append(dump({"type": "since_last", **plain["since_last"]}))
    if plain["observed"] is not None:
        lines.append(dump({"type": "observed", **plain["observed"]}))
    return "\n".join(lines) + "\n"


def dump(value: Any, indent: int | None = None) -> str:
    """JSON that every reader accepts: no NaN or Infinity, no lone surrogate."""
    text = json.dumps(_finite(value), ensure_ascii=False, indent=indent, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\\\\u", "\\u")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)
