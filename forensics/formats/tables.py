"""Tables and JSON Lines without a format file ─▶ an ordinary `FormatSpec`, so that there is one way of parsing.

What each kind of table must have is in `kinds`; here stands how its columns become fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import polars as pl

from forensics.formats.aliases import Aliases
from forensics.formats.kinds import STAGES, Recognised, recognise
from forensics.formats.mapping import PATH, Heading, Meaning
from forensics.formats.maps import BODY_CODES, WordMap
from forensics.formats.quantity import commas, decimal_mark
from forensics.formats.regex import ascii_classes
from forensics.formats.spec import Condition, Detect, EventRule, FieldRule, FormatSpec, Frame, Record, Source
from forensics.formats.times import FILE_DAY
from forensics.model.event import TYPES, Type

NULLS: Final = (
    "NULL", "null", "Null", r"\N", "None", "none", "N/A", "n/a", "NaN", "nan", "-", "--", "undefined", "(null)", "<null>", "空", "无",
)  # fmt: skip
_SHARED: Final = "shared:"
_FILTERED: Final = "final-states"
_LONG_MS: Final = "^(?:2[89]|[3-9][0-9]|[1-9][0-9]{2,})[0-9]{3}(?:[.][0-9]+)?$"
"""28 seconds or more: the read timeouts of robot and WMS interfaces are 30 and 60 s."""

_QUERY: Final = r"(?i)query|search|select|/(?:get|list|find)|查询"
_ANSWER: Final = r"(?i)resp|result|reply|return|出参|返回|响应|应答"
_READING: Final = frozenset({
    "ts", "finished_at", "duration_ms", "sku", "location", "batch", "pallet", "warehouse", "quality", "qty", "served_from",
    "request_id", "operator", "outcome",
})  # fmt: skip
"""What a reading of stock takes from the call that it was."""
_SAID: Final = (
    r'(?i)"(?:is_?)?succe(?:ss|eded)"\s*:\s*"?(\w+)',
    r'(?i)"(?:err(?:or)?_?|ret(?:urn)?_?|result_?|resp(?:onse)?_?)?(?:msg|message|desc|info)"\s*:\s*"([^"]{1,40})"',
)
_CODE: Final = r'(?i)"(?:ret(?:urn)?|result|resp(?:onse)?|biz|err(?:or)?)_?(?:code|no)"\s*:\s*"?(-?\w+)'
"""How an answer went, in the words and codes of products whose keys are not spelled `success`, `message` and `code`."""
_SIGNAL: Final = r'"method"\s*:\s*"(?:start|outbin|end|cancel|apply|taskStart|taskLeavePoint|taskFinished)"'
"""In the body of a robot's callback: what its vehicle did."""

_WAYS: Final = frozenset({"in", "out", "inbound", "outbound", "incoming", "outgoing", "入", "出", "接收", "发送"})
"""Which way a call went, in an interface log: no type of document."""

STAGE_WORDS: Final[Mapping[str, tuple[str, str]]] = dict(
    zip(
        STAGES,
        (
            ("create", "CREATED"), ("send", "SENT"), ("accept", "ACCEPTED"), ("start", "STARTED"), ("leave", "LEFT_SOURCE"),
            ("arrive", "DEVICE_DONE"), ("complete", "DONE"), ("report", "REPORTED"), ("cancel", "CANCELLED"),
        ),
        strict=True,
    )
)  # fmt: skip
_FINAL: Final = {
    "DONE": "complete",
    "FORCED_DONE": "force_complete",
    "CANCELLED": "cancel",
    "FAILED": "fail",
    "TIMEOUT": "fail",
    "LOST": "fail",
}
_ACTION_WORDS: Final = {
    "task": "task-actions", "device": "device-actions", "scan": "scan-steps", "binding": "binding-actions", "reservation": "reservation-actions",
    "cache": "cache-actions", "lock": "lock-actions", "change": "change-actions",
}  # fmt: skip
_DEFAULT_ACTION: Final = {"scan": "scan", "binding": "bind", "reservation": "lock"}
_WORDY: Final = ("state", "outcome", "actor_type", "system")
"""Columns whose unknown words must not pass for known ones: they become null, the word stays in `extra`."""


def synthesise(
    headings: Sequence[Heading],
    aliases: Aliases,
    words: Mapping[str, WordMap],
    name: str,
    frame: Frame,
    separator: str | None = None,
    kind: str | None = None,
) -> FormatSpec | None:
    """The format of a table or of JSON Lines with these headings, of a `kind` if it is told; None if nothing in them is known."""
    found = recognise(list(headings), aliases, words, name, kind)
    if found is None:
        return None
    builder = _Builder(found, words, commas([heading.values for heading in headings], separator))
    events = tuple(builder.events())
    reasons = (f"{found.kind} table: {found.reason}", *found.mapping.reasons(), *builder.notes)
    what = "table" if frame == "table" else "JSON Lines"
    return FormatSpec(
        id=f"{'table' if frame == 'table' else 'jsonl'}-{found.kind}",
        system=None,
        title={"en": f"{what}: {found.kind}", "zh": f"{'表格' if frame == 'table' else 'JSON 行'}：{found.kind}"},
        record=Record(frame=frame, separator=separator),
        detect=Detect(weight=0.7 if found.kind == "log" else 1.0),
        events=events,
        maps={**{_SHARED + name: word_map for name, word_map in words.items()}, **builder.maps},
        reasons=reasons,
        aliases=aliases,
        shared=dict(words),
    )


@dataclass
class _Builder:
    """Makes the event rules of one table."""

    found: Recognised
    words: Mapping[str, WordMap]
    commas: bool = False
    notes: list[str] = field(default_factory=list)
    maps: dict[str, WordMap] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.found.kind

    @property
    def map(self) -> Meaning:
        return self.found.mapping

    def events(self) -> Iterator[EventRule]:
        special: Mapping[str, Callable[[], Iterator[EventRule]]] = {
            "api": self._calls,
            "task": self._task,
            "reservation": self._reservation,
        }
        yield from special.get(self.kind, self._one)()

    # --- sources ---------------------------------------------------------------------------------------------------

    def source(self, name: str, **steps: Any) -> Source:
        """The column of a canonical name."""
        heading = self.map.columns[name].heading
        if TYPES.get(name) is Type.QTY:
            mark = decimal_mark(heading.values)
            if mark == "," or (mark == "?" and self.commas):
                steps["decimal"] = ","
        return self._of(heading, **steps)

    def _of(self, heading: Heading, **steps: Any) -> Source:
        top, _, below = heading.name.partition(PATH)
        plain = Source(fields=(top,), path=below.replace(PATH, ".") or None, null=NULLS)
        return replace(plain, **steps)

    def time(self, name: str) -> Source:
        """A time column, joined with the time of day that stands in a column of its own."""
        heading = self.map.columns[name].heading
        if heading.name in self.map.pairs:
            other = self.map.pairs[heading.name]
            self.notes.append(f"{heading.shown} and {other} make one time")
            return Source(fields=(heading.name, other), time=("auto",))
        return self.source(name, time=("auto",))

    def word(self, name: str, words: str, otherwise: str | None = None) -> Source:
        """A word through a shared map."""
        return (
            self.source(name, map=_SHARED + words, otherwise=otherwise)
            if words in self.words
            else self.source(name, lower=True)
        )

    # --- rules -----------------------------------------------------------------------------------------------------

    def rule(
        self, fields: Mapping[str, tuple[Source, ...]], when: tuple[Condition, ...] = (), **constants: str
    ) -> EventRule:
        """A rule of this kind with what is in every rule, `fields` and `constants` winning."""
        columns = {**self.common(), **fields}
        for name in constants:
            columns.pop(name, None)
        rules = tuple(FieldRule(name, sources) for name, sources in columns.items() if sources)
        codes = ("barcode",) if self.kind == "scan" else ()
        return EventRule(self.kind, (), when, None, self.bodies(), codes, dict(constants), self.kept(columns), rules)

    def bodies(self) -> tuple[str, ...]:
        """Columns in whose text entities are looked for."""
        names = ("request_body", "response_body") + (("error",) if self.kind in ("log", "lock") else ())
        out = [self.map.columns[name].heading.name.partition(PATH)[0] for name in names if name in self.map]
        if self.kind == "log":
            out += [
                h.name for h in self._unmapped() if PATH not in h.name and any(len(value) > 20 for value in h.values)
            ]
        return tuple(dict.fromkeys(out))

    def _unmapped(self) -> list[Heading]:
        chosen = {mapped.heading.name for mapped in self.map.columns.values()} | set(self.map.pairs.values())
        return [heading for heading in self.map.headings if heading.name not in chosen]

    def kept(self, columns: Mapping[str, tuple[Source, ...]]) -> tuple[str, ...] | None:
        """Columns that keep their own name: those without a meaning, and words that may be unknown."""
        if any(PATH in heading.name for heading in self.map.headings):
            return None
        used = {name for sources in columns.values() for source in sources for name in source.fields}
        used |= {self.map.columns[name].heading.name for name in (*STAGES, "released_at") if name in self.map}
        used |= {self.map.columns["ts"].heading.name} if self.kind == "reservation" and "ts" in self.map else set()
        names = [heading.name for heading in self.map.headings if heading.name not in used]
        names += [self.map.columns[name].heading.name for name in _WORDY if name in self.map]
        return tuple(dict.fromkeys(names))

    def common(self) -> dict[str, tuple[Source, ...]]:
        """Fields that are read alike in all kinds."""
        out: dict[str, tuple[Source, ...]] = {}
        for name in self.map.columns:
            if name in STAGES and name != "finished_at":
                continue
            if name == "doc_type" and self.kind == "api" and {v.lower() for v in self.map.values(name)} <= _WAYS:
                continue
            if name in ("ts", "finished_at", "released_at", "expires_at"):
                out[name] = (self.time(name),)
            elif name == "duration_ms":
                out[name] = (self.source(name, scale=Decimal(1000) if self.map.columns[name].heading.unit_s else None),)
            elif name == "seconds_behind":
                out["duration_ms"] = (self.source(name, scale=Decimal(1000)),)
                out[name] = (self.source(name),)
            else:
                out[name] = self._plain(name)
        if "ts" not in out and not (self.kind == "task" and self.map.has(*STAGES)):
            out["ts"] = (Source(const="", time=(FILE_DAY,)),)
            self.notes.append("no time column: the day in the file's name, else of its last change")
        if self.kind == "ledger":
            out |= self._ledger()
        elif self.kind == "api":
            out |= self._api()
        elif self.kind == "master":
            out |= self._master()
        elif self.kind == "cache" and "value" in self.map and "qty" not in self.map:
            out["qty"] = (self.source("value"),)
        return out

    def _plain(self, name: str) -> tuple[Source, ...]:
        """A column that is what it says, words through their map."""
        if name == "action":
            return self._action()
        if name == "state":
            return (
                (self.word("state", "task-words"),)
                if self.kind in ("task", "document", "log")
                else (self.word("state", "device-states"),)
            )
        own = {"doc_type": "doc-types", "quality": "quality", "served_from": "served-from"}
        strict = {"outcome": "outcomes", "actor_type": "actor-types", "system": "systems"}
        if name in strict:
            return (self.word(name, strict[name]),)
        if name == "doc_type" and self.kind == "master":
            return (self.word(name, "master-types"), self.source(name, lower=True))
        if name in own:
            return (self.word(name, own[name]), self.source(name, lower=True))
        return (self.source(name),)

    def _action(self) -> tuple[Source, ...]:
        """The verb: from the action column, else from the state, else what the kind implies."""
        words = _ACTION_WORDS.get(self.kind)
        out: list[Source] = []
        if "action" in self.map:
            out += [self.word("action", words)] if words else []
            out.append(self.source("action", lower=True))
        elif words and "state" in self.map:
            out.append(self.word("state", words))
        return tuple(out)

    def _one(self) -> Iterator[EventRule]:
        fields: dict[str, tuple[Source, ...]] = {}
        actions = self._action()
        if self.kind in _DEFAULT_ACTION:
            actions = (
                (*actions, Source(const=_DEFAULT_ACTION[self.kind]))
                if not actions or "action" not in self.map
                else actions
            )
        if self.kind == "device" and "action" not in self.map and "state" in self.map:
            fields["state"] = (self.word("state", "device-states"), self.word("state", "task-words"))
        elif self.kind == "device" and "state" not in self.map:
            fields["state"] = (self.word("action", "device-states"),)
        if self.kind == "lock" and "action" not in self.map and "error" in self.map:
            actions = tuple(
                self.source("error", regex=f"(?i)({pattern})", map=_SHARED + "lock-actions")
                for pattern in ("deadlock|死锁", "lock wait timeout|锁超时|锁等待超时", "rolled back|rollback|回滚")
            )
        if actions:
            fields["action"] = actions
        yield self.rule(fields)

    # --- kinds with meanings of their own ----------------------------------------------------------------------------

    def _ledger(self) -> dict[str, tuple[Source, ...]]:
        """The signed change: as written, else with the sign that balances or the movement's word tell."""
        out: dict[str, tuple[Source, ...]] = {}
        both = "qty_before" in self.map and "qty_after" in self.map
        if "qty" not in self.map:
            if both:
                out["qty"] = (self.source("qty_after", minus=self.map.columns["qty_before"].heading.name),)
                self.notes.append("quantity: the balance after minus the balance before")
        else:
            signs: list[Source] = []
            if both:
                signs.append(self.source("qty_after", minus=self.map.columns["qty_before"].heading.name))
            values = self.map.values("qty")
            if any(value.startswith("-") or value.endswith("-") for value in values):
                self.notes.append("quantity: signed as written")
            elif "ledger-signs" in self.words:
                signs += [
                    self.source(name, map=_SHARED + "ledger-signs")
                    for name in ("doc_type", "action")
                    if name in self.map
                ]
                signs += [self._of(h, map=_SHARED + "ledger-signs") for h in self.map.rivals.get("doc_type", ())]
                if signs:
                    self.notes.append(
                        "quantity: no value is negative, so its sign comes from the balances or the movement's word"
                    )
            out["qty"] = (self.source("qty", sign=tuple(signs)),)
        return out

    def _calls(self) -> Iterator[EventRule]:
        """The call; a robot's callback is also the signal that its body carries."""
        yield self.rule({}, state="CALL")
        yield from self._shown()
        if "request_body" not in self.map or "device-actions" not in self.words:
            return
        body = self.map.columns["request_body"].heading.name.partition(PATH)[0]
        fields = {
            "ts": (self.time("ts"),),  # this log's clock: when the signal was heard of here
            "action": (self._body("method", "request_body", map=_SHARED + "device-actions"),),
            "state": (self._body("method", "request_body", map=_SHARED + "device-states"),),
        }
        rules = tuple(FieldRule(name, sources) for name, sources in fields.items())
        yield EventRule("device", when=(Condition(body, matches=_SIGNAL),), entities=(body,), extra=(), fields=rules)

    def _shown(self) -> Iterator[EventRule]:
        """A query that was answered with a quantity is also a value of stock that somebody was shown."""
        if not {"endpoint", "sku", "qty"} <= self.map.columns.keys():
            return
        endpoint, qty = self.map.columns["endpoint"].heading.name, self.map.columns["qty"].heading.name
        if PATH in endpoint or PATH not in qty or not re.search(_ANSWER, qty.partition(PATH)[0]):
            return  # the quantity asked for is none that was shown
        rule = self.rule({})
        fields = tuple(field for field in rule.fields if field.column in _READING)
        yield replace(
            rule, kind="stock", when=(Condition(endpoint, matches=_QUERY),), entities=(), extra=(), fields=fields
        )

    def _api(self) -> dict[str, tuple[Source, ...]]:
        """What was asked for, and how it went: the body's own word before the protocol's."""
        out: dict[str, tuple[Source, ...]] = {}
        asks: list[Source] = []
        if "request_body" in self.map and "callback-operations" in self.words:
            asks.append(self._body("method", "request_body", map=_SHARED + "callback-operations"))
        for name in ("endpoint", "action"):
            if name in self.map and "api-operations" in self.words:
                asks.append(self.word(name, "api-operations"))
        asks += [
            self._of(h, map=_SHARED + "api-operations")
            for h in self.map.rivals.get("endpoint", ())
            if "api-operations" in self.words
        ]
        if asks:
            out["action"] = tuple(asks)
        self.maps["nothing"] = WordMap({})
        goes: list[Source] = []
        if "error" in self.map:
            goes.append(self.source("error", regex="(?i)(timed out|timeout|超时)", map=_SHARED + "outcomes"))
        body = "response_body" in self.map
        if body:
            goes += [self._body(path, map=_SHARED + "outcomes") for path in ("success", "message", "msg")]
            goes += self._vendor_codes()
            goes += [self.source("response_body", regex=regex, map=_SHARED + "outcomes") for regex in _SAID]
            if "answer-codes" in self.words:
                goes.append(
                    self.source("response_body", regex=_CODE, map=_SHARED + "answer-codes", otherwise="unknown")
                )
        if "outcome" in self.map:
            goes.append(self.word("outcome", "outcomes"))
        if body:
            goes.append(self._body("code", map="nothing", otherwise="unknown"))  # a code of unknown meaning
        if "error" in self.map:
            goes.append(self.word("error", "outcomes", otherwise="fail"))
        if "status_code" in self.map:
            goes.append(self.word("status_code", "http"))
        if body:
            goes.append(self.source("response_body", regex=r"(?s)(\S)", map="nothing", otherwise="unknown"))
            if "duration_ms" in self.map and not self.map.columns["duration_ms"].heading.unit_s:
                goes.append(self.source("duration_ms", regex=f"({_LONG_MS})", map="nothing", otherwise="timeout"))
            goes.append(Source(const="unknown"))
        if goes:
            out["outcome"] = tuple(goes)
        return out

    def _vendor_codes(self) -> list[Source]:
        """Codes in the bodies of vendors that some body in the sample is plainly one of; no other number means anything."""
        bodies = pl.Series(self.map.values("response_body"), dtype=pl.String)
        out: list[Source] = []
        for name, codes in self.words.items():
            seen = [regex for regex in codes.regexes if bodies.str.contains(ascii_classes(regex)).any()]
            out += [self.source("response_body", regex=regex, map=_SHARED + name, otherwise="fail") for regex in seen]
            if seen:
                self.notes.append(f"codes in answers are those of {name.removeprefix(BODY_CODES + '.')}")
        return out

    def _body(self, path: str, name: str = "response_body", **steps: Any) -> Source:
        """A value inside the response, or the request."""
        top, _, below = self.map.columns[name].heading.name.partition(PATH)
        way = ".".join(part for part in (below.replace(PATH, "."), path) if part)
        return Source(fields=(top,), path=way, null=NULLS, **steps)

    def _master(self) -> dict[str, tuple[Source, ...]]:
        """Codes under one name, whatever they are codes of."""
        out: dict[str, tuple[Source, ...]] = {}
        heads = " ".join(heading.shown.lower() for heading in self.map.headings)
        if "code" not in self.map:
            name = next(
                (
                    name
                    for name in ("uom", "sku", "warehouse")
                    if name in self.map and (name != "uom" or "factor" in self.map)
                ),
                None,
            )
            if name is not None:
                out["code"] = (self.source(name),)
        if "doc_type" not in self.map:
            kind = "uom" if "factor" in self.map else "warehouse" if "仓库" in heads or "warehouse" in heads else "sku"
            out["doc_type"] = (Source(const=kind),)
            self.notes.append(f"type {kind}: by the headings")
        return out

    def _task(self) -> Iterator[EventRule]:
        """One event per stage that has a time; one event a row where there is but one time."""
        stages = [name for name in STAGES if name in self.map]
        if len(stages) + ("ts" in self.map) <= 1 or ("ts" in self.map and len(stages) == 1):
            name = "ts" if "ts" in self.map or not stages else stages[0]
            fields = {"ts": (self.time(name),) if name in self.map else (), **self._states()}
            if name != "ts":
                fields["finished_at"] = ()
            yield self.rule(fields)
            return
        self.notes.append(
            f"one event for each of {', '.join(self.map.columns[name].heading.shown for name in stages)} that has a time"
        )
        known = self.words["task-words"].words if "task-words" in self.words else {}
        self.maps[_FILTERED] = WordMap({word: state for word, state in known.items() if state in _FINAL})
        self.maps["final-actions"] = WordMap({word: _FINAL[state] for word, state in known.items() if state in _FINAL})
        for name in stages:
            top = self.map.columns[name].heading
            action, state = STAGE_WORDS[name]
            fields = {"ts": (self.time(name),), "finished_at": (), "duration_ms": ()}
            when = (Condition(top.name.partition(PATH)[0], present=True),)
            if name != "finished_at":
                if name != "cancelled_at":
                    fields["actor_type"] = ()
                yield self.rule(fields, when, action=action, state=state)
                continue
            told = [source for source in ("state", "action") if source in self.map]
            fields["state"] = (*(self.source(s, map=_FILTERED) for s in told), Source(const=state))
            fields["action"] = (*(self.source(s, map="final-actions") for s in told), Source(const=action))
            yield self.rule(fields, when)

    def _states(self) -> dict[str, tuple[Source, ...]]:
        """State and action, each also from the other's column."""
        told = [name for name in ("state", "action") if name in self.map]
        actions = [*((self.word("action", "task-actions"),) if "action" in self.map else ())]
        if "state" in self.map and "task-words" in self.words:
            verbs = {state: verb for verb, state in STAGE_WORDS.values()} | _FINAL
            known = self.words["task-words"].words
            self.maps["verbs"] = WordMap({word: verbs[state] for word, state in known.items() if state in verbs})
            actions.append(self.source("state", map="verbs"))
        actions += [self.source("action", lower=True)] if "action" in self.map else []
        return {"state": tuple(self.word(name, "task-words") for name in told), "action": tuple(actions)}

    def _reservation(self) -> Iterator[EventRule]:
        """Lock, release or consume; a row with a time of release is both."""
        words = "reservation-actions"
        told = next((name for name in ("action", "state") if name in self.map), None)
        said = (self.word(told, words),) if told else ()
        actions = (*said, *((self.source("action", lower=True),) if told == "action" else ()), Source(const="lock"))
        released = self.map.columns.get("released_at")
        if released is None:
            yield self.rule({"action": actions})
            return
        field = released.heading.name
        locked = {"ts": (self.time("ts"),)}
        yield self.rule({**locked, "action": actions}, (Condition(field, present=False),))
        yield self.rule(locked, (Condition(field, present=True),), action="lock")
        self.maps["ends"] = (
            WordMap({word: act for word, act in self.words[words].words.items() if act != "lock"})
            if words in self.words
            else WordMap({})
        )
        ended = (*((self.source(told, map="ends"),) if told else ()), Source(const="release"))
        yield self.rule({"ts": (self.time("released_at"),), "action": ended}, (Condition(field, present=True),))
