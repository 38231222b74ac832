"""Sentences of application logs that tell of a step (`任务T1已走出储位`, `设备报警`): read from parsers/sentences.toml, used by any format."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from forensics.formats.regex import groups, problem
from forensics.formats.spec import Condition, EventRule, FieldRule, Source
from forensics.formats.toml import Document, Key
from forensics.model.event import KINDS, NAMES

_CONSTANTS: Final = ("action", "state", "outcome")
_FIRST_LINE: Final = r"^([^\n]{1,500})"


@dataclass(frozen=True)
class Sentence:
    """What a sentence looks like, and the event that it is: its kind, and its action, state and outcome.

    Attributes:
        error: the message tells what is wrong.
    """

    kind: str
    matches: str
    constants: dict[str, str]
    error: bool = False


@dataclass(frozen=True)
class Sentences:
    """All sentences.

    Attributes:
        hint: a regex that every sentence fits; cheap, so that most messages are passed over at once.
        fields: column ─▶ regexes for what a sentence names, in order.
    """

    hint: str = ""
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    items: tuple[Sentence, ...] = ()


def read_sentences(document: Document) -> Sentences:
    """Read and check a file of sentences.

    Raises:
        FormatError: with the file and line of the first mistake.
    """
    data = document.data
    for key in data:
        if key not in ("hint", "fields", "sentence"):
            raise document.error(f"'{key}' is not known here", key)
    hint = _regex(document, data.get("hint"), "hint")
    fields: dict[str, tuple[str, ...]] = {}
    for column, regexes in data.get("fields", {}).items():
        if column not in NAMES or not isinstance(regexes, list):
            raise document.error(f"'{column}' must be a column and a list of regexes", "fields", column)
        fields[column] = tuple(_regex(document, regex, "fields", column, group=True) for regex in regexes)
    items = tuple(_sentence(document, item, i) for i, item in enumerate(data.get("sentence", [])))
    return Sentences(hint, fields, items)


def _sentence(document: Document, item: dict[str, Any], i: int) -> Sentence:
    here = ("sentence", i)
    for key in item:
        if key not in ("kind", "matches", "error", *_CONSTANTS):
            raise document.error(f"'{key}' is not known here", *here, key)
    if item.get("kind") not in KINDS:
        raise document.error(f"kind must be one of {', '.join(KINDS)}", *here, "kind")
    matches = _regex(document, item.get("matches"), *here, "matches")
    constants: dict[str, str] = {name: str(item[name]) for name in _CONSTANTS if name in item}
    return Sentence(str(item["kind"]), matches, constants, bool(item.get("error", False)))


def _regex(document: Document, regex: Any, *here: Key, group: bool = False) -> str:
    if not isinstance(regex, str):
        raise document.error(f"'{here[-1]}' must be a regex", *here)
    if (wrong := problem(regex)) is not None:
        raise document.error(f"not a regex: {wrong}", *here)
    if group and not groups(regex):
        raise document.error("the regex has no group: what is to be taken?", *here, hint="put ( ) around it")
    return regex


def named_in(text: str, sentences: Sentences) -> list[FieldRule]:
    """Rules for what sentences name, out of the field `text`."""
    return [
        FieldRule(column, tuple(Source(fields=(text,), regex=regex) for regex in regexes), open=True)
        for column, regexes in sentences.fields.items()
    ]


def told_by(rule: EventRule, text: str, sentences: Sentences) -> tuple[EventRule, ...]:
    """The rule once for each sentence that the field `text` may hold."""
    hint = Condition(text, matches=sentences.hint)
    error = FieldRule("error", (Source(fields=(text,), regex=_FIRST_LINE),))
    return tuple(
        replace(
            rule,
            kind=sentence.kind,
            when=(*rule.when, hint, Condition(text, matches=sentence.matches)),
            entities=rule.entities or (text,),
            constants=rule.constants | sentence.constants,
            extra=rule.extra or (),
            fields=(*rule.fields, error) if sentence.error else rule.fields,
        )
        for sentence in sentences.items
    )
