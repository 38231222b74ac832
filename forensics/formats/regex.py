r"""The dialect of regexes in format files: Rust syntax, with `\d`, `\w`, `\s` and `\b` meaning ASCII.

ASCII classes keep the regex engine's fast paths (measured: 145 ─▶ 190 MB/s, and up to 425 MB/s where every step of a
pattern is unambiguous), and `\b` then stands between a Chinese word and a code. Letters of any script are `\p{L}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

_SPACE = r"\t-\r "
_OUTSIDE = {
    "d": "[0-9]", "w": "[0-9A-Za-z_]", "s": f"[{_SPACE}]", "D": "[^0-9]", "W": "[^0-9A-Za-z_]", "S": f"[^{_SPACE}]", "b": r"(?-u:\b)",
}  # fmt: skip
_INSIDE = {"d": "0-9", "w": "0-9A-Za-z_", "s": _SPACE}


def ascii_classes(regex: str) -> str:
    r"""`regex` with `\d \w \s \D \W \S \b` written out as ASCII classes (the negated ones are left alone inside brackets)."""
    out: list[str] = []
    depth = 0
    at = 0
    while at < len(regex):
        char = regex[at]
        if char == "\\" and at + 1 < len(regex):
            following = regex[at + 1]
            out.append((_INSIDE if depth else _OUTSIDE).get(following, char + following))
            at += 2
            continue
        if char == "[":  # inside brackets too: Rust has nested classes
            depth += 1
            out.append(char)
            at += 1
            # a bracket that comes first (after ^) is a literal one
            if at < len(regex) and regex[at] == "^":
                out.append("^")
                at += 1
            if at < len(regex) and regex[at] == "]":
                out.append("]")
                at += 1
            continue
        if char == "]" and depth:
            depth -= 1
        out.append(char)
        at += 1
    return "".join(out)


def problem(regex: str) -> str | None:
    """Why Polars refuses this regex, or None; one line, without the engine's drawing."""
    try:
        pl.Series([""]).str.contains(ascii_classes(regex), strict=True)
    except pl.exceptions.PolarsError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return next((line for line in reversed(lines) if line.startswith("error:")), lines[0] if lines else "bad regex")
    return None


def groups(regex: str) -> list[str]:
    """Names of the capture groups in order; unnamed groups carry their number."""
    struct = pl.Series([""]).str.extract_groups(ascii_classes(regex)).dtype
    assert isinstance(struct, pl.Struct)
    return [field.name for field in struct.fields]


@dataclass(frozen=True)
class Tail:
    """A regex whose last group takes the rest of the record, written so that the engine need not walk through that rest.

    Attributes:
        regex: the part before, as group HEAD, and the literal with which the rest begins.
        group: name of the last group.
        single_line: the rest must not contain a line break (the regex says `.` without the flag s).
        braces: the regex of the rest where that is `{…}` and, maybe, a further group; None where it is all of the rest.
        after: that further group.
    """

    regex: str
    group: str
    single_line: bool
    braces: str | None = None
    after: str | None = None


HEAD = "record_head_"
_FLAGS = re.compile(r"\(\?([a-z]+)\)")
_BRACES = re.compile(r"\(\?P<(\w+)>\\\{(?:\[\^\\n\]|\.)\*\\\}\)(?:\(\?P<(\w+)>\.\*\)\$?|\$)?$")
_LAST = re.compile(r"\(\?P<(\w+)>((?:\\[^0-9A-Za-z]|[^\\()\[\]{}|*+?.^$])*)\.\*\)(\$)?$")


def split_tail(regex: str) -> Tail | None:
    """The regex without its final `(?P<name>literal.*)$`, or None where that would change what it matches."""
    flags = _FLAGS.match(regex)
    given = flags[1] if flags else ""
    if set(given) - {"s"}:
        return None
    body = regex[flags.end() :] if flags else regex
    if not body.startswith("^"):
        return None
    dot = "(?s)" if "s" in given else ""
    braces = _BRACES.search(body)
    if braces is not None and _may_stand_alone(head := body[: braces.start()]):
        rest = f"^{dot}{body[braces.start() :]}"
        return Tail(f"(?P<{HEAD}>{dot}{head})\\{{", braces[1], False, rest, braces[2])
    last = _LAST.search(body)
    if last is None or not (last[3] or dot) or not _may_stand_alone(head := body[: last.start()]):
        return None
    return Tail(f"(?P<{HEAD}>{dot}{head}){last[2]}", last[1], not dot)


def _may_stand_alone(head: str) -> bool:
    """Whether a regex's beginning means the same without its end: no flags inside, no alternative that spans both."""
    plain = head.replace("(?P<", "").replace("(?:", "").replace(_OUTSIDE["b"], "")
    return "(?" not in plain and _is_sequence(head)


def _is_sequence(regex: str) -> bool:
    """Balanced, and without an alternative outside of groups."""
    depth = at = 0
    inside = False
    while at < len(regex):
        char = regex[at]
        if char == "\\":
            at += 1
        elif inside:
            inside = char != "]" or regex[at - 1] == "[" or regex[at - 2 : at] == "[^"
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            return False
        at += 1
    return depth == 0 and not inside
