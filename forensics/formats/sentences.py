"""Sentences of application logs that tell of a step (`任务T1已走出储位`, `设备报警`) or of a call (`POST /api/finish {…} -> 200`): read from
parsers/sentences.toml, used by any format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from forensics.formats.regex import groups, problem
from forensics.formats.spec import Condition, EventRule, FieldRule, Source
from forensics.formats.toml import Document, Key
from forensics.model.event import KINDS, NAMES

_CONSTANTS: Final = ("action", "state", "outcome")
_OWN: Final = ("kind", "matches", "hint", "error", "over", "fields", *_CONSTANTS)
_FIRST_LINE: Final = r"^([^\n]{1,500})"
_PART: Final = re.compile(r"<([a-z]+)>")
_NAMED: Final = re.compile(r"\?P?<[a-z]+>")


@dataclass(frozen=True)
class Sentence:
    """What a sentence looks like, and the event that it is: its kind, and its action, state and outcome.

    Attributes:
        hint: a cheap regex that it fits, in place of the one of all sentences.
        error: the message tells what is wrong.
        over: it was written when all was over: the record's time is the end, not the beginning.
        fields: column ─▶ where in the sentence its value stands, before what sentences name in general.
    """

    kind: str
    matches: str
    constants: dict[str, str]
    hint: str = ""
    error: bool = False
    over: bool = False
    fields: dict[str, tuple[Source, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sentences:
    """All sentences.

    Attributes:
        hint: a regex that every sentence fits; cheap, so that most messages are passed over at once.
        unless: a regex of what denies a step or only announces it; sentences that tell of an error are told all the same.
        fields: column ─▶ where in a text its value stands, in order.
    """

    hint: str = ""
    unless: str = ""
    fields: dict[str, tuple[Source, ...]] = field(default_factory=dict)
    items: tuple[Sentence, ...] = ()


def read_sentences(document: Document) -> Sentences:
    """Read and check a file of sentences.

    Raises:
        FormatError: with the file and line of the first mistake.
    """
    data = document.data
    for key in data:
        if key not in ("hint", "unless", "parts", "fields", "sentence"):
            raise document.error(f"'{key}' is not known here", key)
    parts: dict[str, str] = {}
    for name, regex in data.get("parts", {}).items():
        parts[name] = _regex(document, _filled(document, regex, parts, "parts", name), "parts", name)
    hint = _regex(document, data.get("hint"), "hint")
    unless = _regex(document, data["unless"], "unless") if "unless" in data else ""
    fields = _fields(document, data.get("fields", {}), parts, "fields")
    items = tuple(_sentence(document, item, i, parts) for i, item in enumerate(data.get("sentence", [])))
    return Sentences(hint, unless, fields, items)


def _fields(document: Document, data: Any, parts: Mapping[str, str], *here: Key) -> dict[str, tuple[Source, ...]]:
    fields: dict[str, tuple[Source, ...]] = {}
    for column, sources in data.items():
        if (column not in NAMES and here == ("fields",)) or not isinstance(sources, list):
            raise document.error(f"'{column}' must be a column and a list of regexes", *here, column)
        fields[column] = tuple(_source(document, source, parts, *here, column) for source in sources)
    return fields


def _source(document: Document, data: Any, parts: Mapping[str, str], *here: Key) -> Source:
    """A regex, or a table of a regex, the map that its words go through, and what other words mean; or a constant."""
    if isinstance(data, str):
        data = {"regex": data}
    if not isinstance(data, dict) or not data or data.keys() - {"regex", "map", "else", "const"}:
        raise document.error(f"'{here[-1]}' takes regexes, or tables with regex, map, else or const", *here)
    if "const" in data:
        return Source(const=str(data["const"]))
    regex = _regex(document, _filled(document, data.get("regex"), parts, *here), *here, group=True)
    words, otherwise = data.get("map"), data.get("else")
    return Source(
        regex=regex, map=None if words is None else str(words), otherwise=None if otherwise is None else str(otherwise)
    )


def _sentence(document: Document, item: dict[str, Any], i: int, parts: Mapping[str, str]) -> Sentence:
    here = ("sentence", i)
    for key in item:
        if key not in _OWN:
            raise document.error(f"'{key}' is not known here", *here, key)
    if item.get("kind") not in KINDS:
        raise document.error(f"kind must be one of {', '.join(KINDS)}", *here, "kind")
    matches = _regex(document, _filled(document, item.get("matches"), parts, *here, "matches"), *here, "matches")
    hint = _regex(document, item["hint"], *here, "hint") if "hint" in item else ""
    constants: dict[str, str] = {name: str(item[name]) for name in _CONSTANTS if name in item}
    fields = _fields(document, item.get("fields", {}), parts, *here, "fields")
    error, over = bool(item.get("error", False)), bool(item.get("over", False))
    return Sentence(str(item["kind"]), matches, constants, hint, error, over, fields)


def _filled(document: Document, regex: Any, parts: Mapping[str, str], *here: Key) -> Any:
    """The regex with its `<part>`s in place."""
    if not isinstance(regex, str):
        return regex
    unknown = next((name for name in _PART.findall(_NAMED.sub("", regex)) if name not in parts), None)
    if unknown is not None:
        raise document.error(f"there is no part '{unknown}'", *here, hint=f"[parts] has {', '.join(parts) or 'none'}")
    return _PART.sub(lambda part: parts.get(part[1], part[0]), regex)


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
    return [_rule(text, column, sources, open_=True) for column, sources in sentences.fields.items()]


def told_by(rule: EventRule, text: str, sentences: Sentences) -> tuple[EventRule, ...]:
    """The rule once for each sentence that the field `text` may hold."""
    return tuple(_told(rule, text, sentences, sentence) for sentence in sentences.items)


def _told(rule: EventRule, text: str, sentences: Sentences, sentence: Sentence) -> EventRule:
    when = [
        *rule.when,
        Condition(text, matches=sentence.hint or sentences.hint),
        Condition(text, matches=sentence.matches),
    ]
    if sentences.unless and not sentence.error and not sentence.hint:
        when.append(Condition(text, lacks=sentences.unless))
    fields = [one for one in rule.fields if one.column not in sentence.fields]
    fields += [_rule(text, column, sources) for column, sources in sentence.fields.items()]
    if sentence.over:
        fields = [_at_the_end(one) if one.column == "ts" else one for one in fields]
    if sentence.error:
        fields.append(FieldRule("error", (Source(fields=(text,), regex=_FIRST_LINE),)))
    return replace(
        rule,
        kind=sentence.kind,
        when=tuple(when),
        entities=rule.entities or (text,),
        constants=rule.constants | sentence.constants,
        extra=rule.extra or (),
        fields=tuple(fields),
    )


def _at_the_end(ts: FieldRule) -> FieldRule:
    return replace(ts, sources=tuple(replace(source, end=True) for source in ts.sources))


def _rule(text: str, column: str, sources: tuple[Source, ...], open_: bool = False) -> FieldRule:
    read = tuple(source if source.const is not None else replace(source, fields=(text,)) for source in sources)
    return FieldRule(column, read, open=open_)
