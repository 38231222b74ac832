"""Text that no format knows: `log` events, dated where the lines begin with a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forensics.formats.spec import Detect, EventRule, FieldRule, FormatSpec, Pattern, Record, Source

_STAMP = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,:][0-9]{1,9})?)?(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?"
    r"|[A-Z][a-z]{2} +[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"|[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,:][0-9]{1,6})?)"
)
START = rf"^[^0-9A-Za-z\s]{{0,4}}{_STAMP}"


def plain(lines: Sequence[str]) -> FormatSpec:
    """The format of last resort; with times if a line in five begins with one."""
    filled = [line for line in lines if line.strip()][:400]
    dated = [line for line in filled if re.match(START, line)]
    message = FieldRule("message", (Source(fields=("message",)),))
    if dated and len(dated) * 5 >= len(filled):
        patterns = (
            Pattern("dated", rf"(?s)^[^0-9A-Za-z\s]{{0,4}}(?P<time>{_STAMP})[^0-9A-Za-z\s]{{0,2}}\s*(?P<message>.*)$"),
            Pattern("other", r"(?s)^(?P<message>.*)$"),
        )
        ts = FieldRule("ts", (Source(fields=("time",), time=("auto",)),))
        return _spec(
            "plain-dated", Record(frame="start", start=START), patterns,
            (EventRule("log", ("dated",), entities=("message",), fields=(ts, message)), EventRule("log", ("other",), entities=("message",), fields=(message,))),
        )  # fmt: skip
    return _spec(
        "plain",
        Record(),
        (Pattern("line", r"(?s)^(?P<message>.*)$"),),
        (EventRule("log", entities=("message",), fields=(message,)),),
    )


def _spec(name: str, record: Record, patterns: tuple[Pattern, ...], events: tuple[EventRule, ...]) -> FormatSpec:
    title = {"en": "text of no known format", "zh": "未识别格式的文本"}
    return FormatSpec(name, None, title, record, Detect(weight=0.0), patterns=patterns, events=events)
