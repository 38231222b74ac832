"""People under pseudonyms: one person, one pseudonym within a case, and no way back without the case's secret.

Applied once, where a result leaves the program, to every field of the controls' lists that by its name holds a person. What is cited
as evidence of an incident stays as it was written.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from dataclasses import replace
from typing import Any, Final

from forensics.model.result import CaseResult

PEOPLE: Final = frozenset({"operator", "operators"})
"""Fields that hold a person."""
_LENGTH: Final = 8


def pseudonymised(result: CaseResult, secret: bytes) -> CaseResult:
    """The result with a pseudonym in place of every operator in the controls' lists."""
    controls = (replace(one, rows=tuple(_hidden(row, secret) for row in one.rows)) for one in result.controls)
    return replace(result, controls=tuple(controls))


def pseudonym(name: str, secret: bytes) -> str:
    """`OP-` and eight letters or digits, made of the name with a key, so that hashing all names of a company leads nowhere.

    Spellings of one name (case, width, spaces around it) are one person.
    """
    person = unicodedata.normalize("NFKC", name).strip().casefold()
    digest = hmac.new(secret, person.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "OP-" + base64.b32encode(digest).decode("ascii")[:_LENGTH]


def _hidden(value: Any, secret: bytes, person: bool = False) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(item, secret, person or key in PEOPLE) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_hidden(item, secret, person) for item in value)
    return pseudonym(str(value), secret) if person and value is not None else value
