"""Acts: the vocabulary in which findings tell their course, and what a check's header says of its own lines.

The words are content, `queries/acts.toml`; this module knows none of them by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from forensics.checks.header import LANGUAGES, Fields
from forensics.content import content_dir

FLOWS: Final = ("read", "write")
OWN: Final = "who"
"""The lane of whoever did it."""


@dataclass(frozen=True)
class Act:
    """One kind of act.

    Attributes:
        lane: OWN, or a lane that all share.
        flow: `read` or `write` where a value goes between the actor and the stock row.
        holds: the value that the row holds afterwards where no row image says so.
        text: the sentence in both languages, with placeholders.
        once: all its lines tell of one act, however far apart their times are.
        fault: it is what went wrong.
        last: the check has shown that it came after the other writes, whatever their recorded times.
    """

    name: str
    lane: str
    text: dict[str, str]
    flow: str | None = None
    holds: str | None = None
    once: bool = False
    fault: bool = False
    last: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """All acts by name, and the names of lanes and values in both languages."""

    acts: dict[str, Act]
    lanes: dict[str, dict[str, str]]
    words: dict[str, dict[str, str]]


@cache
def vocabulary() -> Vocabulary:
    """The shipped words."""
    table = tomllib.loads((content_dir("queries") / "acts.toml").read_text(encoding="utf-8"))
    acts = {
        name: Act(
            name, entry["lane"], {lang: entry[lang] for lang in LANGUAGES},
            entry.get("flow"), entry.get("holds"), entry.get("once", False),
        )
        for name, entry in table["act"].items()
    }  # fmt: skip
    return Vocabulary(acts, table["lane"], table["word"])


def read_acts(fields: Fields) -> dict[str, Act]:
    """The `[acts]` of a check's header: by a witness's note the name of an act, or a table that changes its sentence.

    Raises:
        QueryError: an act that does not exist, or a sentence in one language only.
    """
    return {str(note): _act(str(note), value, fields) for note, value in fields.table("acts").items()}


def _act(note: str, value: Any, fields: Fields) -> Act:
    entry: Mapping[str, Any] = value if isinstance(value, Mapping) else {"act": value}
    known = vocabulary().acts
    act = known.get(str(entry.get("act")))
    if act is None:
        raise fields.error("acts", f"'{note}' is no known act", f"one of {', '.join(known)}")
    if set(entry) - {"act", "fault", "last", *LANGUAGES} or len(set(entry) & set(LANGUAGES)) == 1:
        raise fields.error(
            "acts", f"'{note}' has act, and if need be fault, last, zh and en", '{ act = "…", fault = true }'
        )
    text = {lang: str(entry.get(lang, act.text[lang])) for lang in LANGUAGES}
    return replace(act, text=text, fault=entry.get("fault") is True, last=entry.get("last") is True)
