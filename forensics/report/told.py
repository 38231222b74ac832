"""A result told for people: the types that the renderings read."""

from __future__ import annotations

from dataclasses import dataclass

from forensics.model.result import Correction, Evidence, Finding, Incident, Undecided


@dataclass(frozen=True)
class Cited:
    """An event that a finding cites, with its number in this report (E1, E2 …)."""

    number: int
    evidence: Evidence


@dataclass(frozen=True)
class RankedCause:
    """A cause of one incident, ready to show: best explained first."""

    cause: str
    title: str
    probability: float
    verdict: str
    because: str
    missing: tuple[str, ...]
    signature: str
    contradiction: str
    supporting: tuple[Cited, ...]
    opposing: tuple[Cited, ...]


@dataclass(frozen=True)
class ToldFinding:
    """A finding with its message and its cited lines in order of time."""

    finding: Finding
    title: str
    message: str
    cited: tuple[Cited, ...]
    new: bool = False  # since the last audit


@dataclass(frozen=True)
class Posting:
    """A proposed correction in words, and the balance before and after where it is known.

    `notes` are labelled lines that every rendering shows: the step, the risk, further stock rows, the messages to send again.
    """

    correction: Correction
    sentence: str
    because: str
    before: str | None
    after: str | None
    details: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ToldStep:
    """One of the guide's checks for an incident: what came of it, and the cited lines that show it."""

    number: int
    title: str
    result: str
    done: bool
    cited: tuple[Cited, ...]


@dataclass(frozen=True)
class ToldLink:
    """One link of a chain from root cause to consequence; `incident` is the number of the incident that tells of it."""

    relation: str
    incident: int
    cause: str
    title: str
    message: str
    when: str
    because: str
    shared: str


@dataclass(frozen=True)
class Told:
    """One incident as a story. `status` and `notes` are what people said of it; `follows` is the incident that led to it."""

    number: int
    incident: Incident
    level: str
    title: str
    subject: str
    when: str
    headline: str
    certainty: str
    causes: tuple[RankedCause, ...]
    findings: tuple[ToldFinding, ...]
    postings: tuple[Posting, ...]
    settled: tuple[str, ...] = ()
    status: str = ""
    notes: tuple[str, ...] = ()
    chain: tuple[ToldLink, ...] = ()
    follows: int | None = None
    steps: tuple[ToldStep, ...] = ()

    @property
    def led_to(self) -> tuple[str, ...]:
        """The causes that followed from it, each once, in order of time."""
        return tuple(dict.fromkeys(link.title for link in self.chain if link.relation == "led-to"))

    @property
    def new(self) -> bool:
        """Whether any of its findings is new since the last audit."""
        return any(finding.new for finding in self.findings)

    @property
    def top(self) -> RankedCause | None:
        """The leading cause, if there is any."""
        return self.causes[0] if self.causes else None


@dataclass(frozen=True)
class Open:
    """A disagreement whose cause cannot be proven."""

    undecided: Undecided
    subject: str
    causes: tuple[RankedCause, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """The whole result, told. `since` is what changed since the last audit: one line, then a line for each finding that is gone."""

    what: tuple[str, ...]
    sure: tuple[str, ...]
    todo: tuple[str, ...]
    missing: tuple[str, ...]
    incidents: tuple[Told, ...]
    undecided: tuple[Open, ...]
    numbers: dict[str, int]
    roles: dict[str, str]
    loose: tuple[ToldFinding, ...]
    since: tuple[str, ...] = ()
