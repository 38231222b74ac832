"""One time text ─▶ the strptime format that it is written in, for the common spellings; the rest is left to the shapes."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from forensics.formats.dayorder import DayOrder

_LETTERS: Final = {"d": "%d", "m": "%m", "y": "%Y"}
_DATES: Final = (
    (re.compile(r"\d{4}([-/.])\d{1,2}\1\d{1,2}", re.ASCII), "%Y{0}%m{0}%d"),
    (re.compile(r"\d{4}(年)\d{1,2}月\d{1,2}日", re.ASCII), "%Y年%m月%d日"),
    (re.compile(r"(?:19|20)\d\d[01]\d[0-3]\d(?!\d)()", re.ASCII), "%Y%m%d"),
    (re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}", re.ASCII), "long"),
    (re.compile(r"\d{1,2}([-/ ])[A-Z][a-z]{2}\1\d{4}", re.ASCII), "%d{0}%b{0}%Y"),
)
_JOINTS: Final = re.compile(r"[T ]|, |:(?=\d\d:\d\d:)", re.ASCII)
_TIMES: Final = (
    (re.compile(r"\d{1,2}:\d\d:\d\d(?![时分:\d])", re.ASCII), "%H:%M:%S"),
    (re.compile(r"\d{1,2}:\d\d:\d\d(?=:\d{3}(?:\d{3})?(?!\d))", re.ASCII), "%H:%M:%S"),
    (re.compile(r"\d{1,2}时\d{1,2}分\d{1,2}秒", re.ASCII), "%H时%M分%S秒"),
    (re.compile(r"\d{1,2}时\d{1,2}分", re.ASCII), "%H时%M分"),
    (re.compile(r"[0-2]\d[0-5]\d[0-5]\d(?!\d)", re.ASCII), "%H%M%S"),
    (re.compile(r"\d{1,2}:\d\d(?![:\d])", re.ASCII), "%H:%M"),
)
_FRACTION: Final = re.compile(r"([.,:])(\d{1,9})", re.ASCII)
_END: Final = re.compile(r"( ?)([AP]M)?( ?[+-]\d\d:?\d\d)?", re.ASCII)


@lru_cache(maxsize=4096)
def guess(text: str, order: DayOrder) -> str | None:
    """The format of a text, or None where it is none of the common ones.

    Other texts may be read wrongly by it only where they are of another spelling that it happens to accept: the formats
    leave no choice but that of day and month, which `order` makes.
    """
    form, at = _date(text, order)
    if at == len(text):
        return form or None
    if form:
        joint = _JOINTS.match(text, at)
        if joint is None:
            return None
        form, at = form + joint[0], joint.end()
    clock = next(((part, found.end()) for regex, part in _TIMES if (found := regex.match(text, at))), None)
    if clock is None or (clock[0] == "%H%M%S" and not form):
        return None
    form, at = form + clock[0], clock[1]
    if clock[0] == "%H:%M:%S" and (fraction := _FRACTION.match(text, at)):
        if fraction[1] == ".":
            form += "%.f"
        elif len(fraction[2]) in (3, 6, 9):
            form += f"{fraction[1]}%{len(fraction[2])}f"
        else:
            return None
        at = fraction.end()
    end = _END.match(text, at)
    if end is None or end.end() != len(text):
        return None
    if end[2]:
        form = form.replace("%H", "%I") + end[1] + "%p"
    if end[3]:
        form += f"{' ' if end[3][0] == ' ' else ''}%z"
    return form


def _date(text: str, order: DayOrder) -> tuple[str, int]:
    """The format of the date at the beginning, and where it ends."""
    for regex, form in _DATES:
        if found := regex.match(text):
            letters = found[1].join(_LETTERS[letter] for letter in order.long)
            return letters if form == "long" else form.format(found[1]), found.end()
    return "", 0
