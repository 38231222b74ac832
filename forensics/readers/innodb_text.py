"""Transactions, their locks and deadlocks as InnoDB prints them: in SHOW ENGINE INNODB STATUS and in the error log.

Variants (MySQL 5.1 to 8.4, MariaDB to 11): index names in backquotes or bare; `*** (1) HOLDS THE LOCK(S)` only since 8.0.18; MariaDB's
`*** CONFLICTING WITH:` without a number; more than two transactions; `TOO DEEP OR LONG SEARCH` with one transaction that has no number.
Such texts are rare and short, so this is plain Python over each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from forensics.readers.columns import FILLED, canonical
from forensics.readers.ddl import Table, find_table
from forensics.readers.innodb_rows import Row, decode, fields

_LISTED: Final = re.compile(r"(?m)^---TRANSACTION ")
_HEADING: Final = re.compile(r"(?m)^\*\*\* *(.*?)[ \t]*$")
_NUMBER: Final = re.compile(r"^\((\d+)\)\s*")
_TRANSACTION: Final = re.compile(
    r"(?m)^(?:---)?TRANSACTION ([0-9A-F]+)(?: (\d+))?,? (?:ACTIVE(?: \((?:PREPARED|COMMITTED IN MEMORY)\))? (\d+) sec)?"
)
_THREAD: Final = re.compile(r"(?m)^(?:MySQL|MariaDB) thread id (\d+), (?:OS thread handle [^,]+, )?query id \d+(.*)$")
_LOCK: Final = re.compile(
    r"(?m)^(RECORD LOCKS|TABLE LOCK)(?: space id (\d+) page no (\d+) n bits \d+ index `?([^`\s]+)`? of)? table `([^`]+)`\.`([^`]+)`"
    r"(?: /\*.*?\*/)? trx id (\w+) lock[_ ]mode (.+?)( waiting)?$"
)
_RECORD: Final = re.compile(r"(?m)^Record lock, heap no (\d+)(.*)$")
_WAITED: Final = re.compile(r"(?m)^-+ TRX HAS BEEN WAITING (\d+) (SEC|us|ms) FOR THIS LOCK")
_ROLLED_BACK: Final = re.compile(r"WE ROLL BACK TRANSACTION \((\d+)\)")
_ALONE: Final = "ROLL BACK FOLLOWING TRANSACTION"
_TO_MS: Final = {"SEC": 1000.0, "ms": 1.0, "us": 0.001}
_FAKE: Final = 1 << 48
"""Ids from here on are made up for transactions that only read."""


@dataclass
class Lock:
    """A lock as printed: `role` is waits, holds or conflicts; `rows` are (heap number, decoded record, deleted)."""

    role: str
    txn: str
    table: str
    index: str | None
    mode: str
    page: tuple[str, str] | None
    rows: list[tuple[str, Row, bool]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """What `extra` keeps of it."""
        rows = [row.values | ({"deleted": "true"} if deleted else {}) for _, row, deleted in self.rows if row.values]
        out = {
            "role": self.role,
            "txn": self.txn,
            "table": self.table,
            "index": self.index,
            "mode": self.mode,
            "rows": rows,
        }
        return {name: value for name, value in out.items() if value}


@dataclass
class Transaction:
    """A transaction as printed; `waited_ms` where it waits for a lock; `number` in a deadlock."""

    txn: str
    number: str | None = None
    active_s: int | None = None
    thread: str | None = None
    operator: str | None = None
    statement: str | None = None
    waited_ms: float | None = None
    row_locks: int = 0
    undo: int = 0
    locks: list[Lock] = field(default_factory=list)

    @property
    def real(self) -> bool:
        """Whether the id is one that a change log may know."""
        return self.txn.isdigit() and 0 < int(self.txn) < _FAKE

    def waiting(self) -> Lock | None:
        """The lock that it waits for."""
        return next((lock for lock in self.locks if lock.role == "waits"), None)


def transactions(text: str, tables: Mapping[str, Table]) -> list[Transaction]:
    """All transactions of the section TRANSACTIONS."""
    found = (_transaction(head[0] + body, tables) for head, body in _pieces(_LISTED, text))
    return [item for item in found if item is not None]


def deadlock(text: str, tables: Mapping[str, Table]) -> tuple[list[Transaction], str | None]:
    """The transactions of a deadlock, and the number of the one that was rolled back."""
    found: list[Transaction] = []
    alone = _ALONE in text
    for heading, body in _pieces(_HEADING, text):
        title = heading[1]
        number = _NUMBER.match(title)
        title = title[number.end() :] if number else title
        if title.startswith("TRANSACTION"):
            if (item := _transaction(body, tables)) is not None:
                item.number = number[1] if number else str(len(found) + 1)
                found.append(item)
            continue
        role = next((role for word, role in _ROLES if title.startswith(word)), None)
        owner = next((item for item in found if number and item.number == number[1]), found[-1] if found else None)
        if role is not None and owner is not None:
            owner.locks += _locks(body, tables, role)
    victim = _ROLLED_BACK.search(text)
    if victim:
        return found, victim[1]
    return found, found[0].number if alone and found else None


_ROLES: Final = (("WAITING FOR THIS LOCK", "waits"), ("HOLDS THE LOCK", "holds"), ("CONFLICTING WITH", "conflicts"))


def entities(lock: Lock | None) -> dict[str, str]:
    """Material, place … of the one row that a lock is about, where its columns have names."""
    if lock is None or len(lock.rows) != 1:
        return {}
    named = {
        canonical(name): value
        for name, value in lock.rows[0][1].values.items()
        if value is not None and not name.startswith("@")
    }
    return {name: value for name, value in named.items() if name in FILLED}


def _pieces(heading: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Every heading with the text up to the next one."""
    found = list(heading.finditer(text))
    ends = [after.start() for after in found[1:]] + [len(text)]
    return ((head, text[head.end() : end]) for head, end in zip(found, ends, strict=False))


def _transaction(text: str, tables: Mapping[str, Table]) -> Transaction | None:
    head = _TRANSACTION.search(text)
    if head is None:
        return None
    out = Transaction(head[2] or head[1], active_s=int(head[3]) if head[3] else None)
    waited = _WAITED.search(text)
    if waited:
        out.waited_ms = int(waited[1]) * _TO_MS[waited[2]]
    if thread := _THREAD.search(text):
        out.thread = thread[1]
        who = thread[2].split()
        # host and address, or host alone, then the user, then what it does
        out.operator = next((who[i] for i in (2, 1) if len(who) > i and _is_user(who, i)), None)
        rest = re.split(
            r"(?m)^(?:-+ TRX HAS BEEN|RECORD LOCKS|TABLE LOCK|Trx read view|---|\*\*\* )",
            text[thread.end() :],
            maxsplit=1,
        )[0]
        out.statement = rest.strip() or None
    for name, pattern in (("row_locks", r"(\d+) row lock\(s\)"), ("undo", r"undo log entries (\d+)")):
        if count := re.search(pattern, text):
            setattr(out, name, int(count[1]))
    out.locks = _locks(text, tables, None)
    return out


def _is_user(who: list[str], at: int) -> bool:
    """`localhost root …`, `localhost ::1 root …`, `web1 10.3.1.20 wms …`: the word after the address, else after the host."""
    address = re.fullmatch(r"[\d.]+|[0-9a-fA-F:]*:[0-9a-fA-F:]*", who[1]) is not None
    return at == 2 if address else at == 1


def _locks(text: str, tables: Mapping[str, Table], role: str | None) -> list[Lock]:
    return [_lock(heading, body, tables, role) for heading, body in _pieces(_LOCK, text)]


def _lock(heading: re.Match[str], body: str, tables: Mapping[str, Table], role: str | None) -> Lock:
    name = f"{heading[5]}.{heading[6]}"
    page = (heading[2], heading[3]) if heading[2] else None
    lock = Lock(role or ("waits" if heading[9] else "holds"), heading[7], name, heading[4], heading[8].strip(), page)
    table = find_table(tables, name)
    for record, dump in _pieces(_RECORD, body):
        columns, key = (
            (table.columns, table.key) if table and lock.index in ("PRIMARY", "GEN_CLUST_INDEX") else (None, ())
        )
        deleted = bool(int(bits[1]) & 32) if (bits := re.search(r"info bits (\d+)", record[2])) else False
        stored = fields(dump)
        if len(stored) == 1 and stored[0].data in (b"supremum", b"supremum\0"):
            continue  # the gap behind the last row
        lock.rows.append((record[1], decode(stored, columns, key), deleted))
    return lock
