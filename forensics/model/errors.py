"""Errors a user can meet. Each says what is wrong, where, and what to do; the command line turns them into exit codes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Location:
    """Where in a file a mistake is; `line` counts from 1, None when only the file is known."""

    file: str | Path
    line: int | None = None

    def __str__(self) -> str:
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"


class ForensicsError(Exception):
    """Base of all errors that are the user's or the evidence's, never a bug.

    Attributes:
        exit_code: what the process returns.
        location: file and line, if there is one.
        hint: what to do about it.
    """

    exit_code = 2

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def render(self) -> str:
        """Three lines at most: `error:`, `-->`, `hint:`."""
        lines = [f"error: {self.message}"]
        if self.location is not None:
            lines.append(f"  --> {self.location}")
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ConfigError(ForensicsError):
    """A wrong option, setting or case folder."""


class FormatError(ForensicsError):
    """A mistake in a format file."""


class QueryError(ForensicsError):
    """A mistake in a check, a view or a user's SQL."""


class EvidenceError(ForensicsError):
    """Evidence that cannot be read, or was damaged or changed."""

    exit_code = 3
