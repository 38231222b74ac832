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
class Cell:
    """What one lane shows at one act.

    Attributes:
        text: what is written there, empty where nothing happens.
        on: the lane's actor has begun and not ended.
        passes: a value goes through to another lane.
        kind: how it is painted: `begin`, `read`, `write`, `fault`, `row`, or empty.
    """

    text: str = ""
    on: bool = False
    passes: bool = False
    kind: str = ""


@dataclass(frozen=True)
class Line:
    """One act as a line across the lanes: its time, a cell a lane, the whole sentence, the numbers of its cited lines."""

    time: str
    cells: tuple[Cell, ...]
    sentence: str
    cited: tuple[int, ...]
    unordered: bool
    more: str


@dataclass(frozen=True)
class Course:
    """How a finding came about: in one paragraph, and as lines across lanes. `note` says what to mind about the times."""

    paragraph: str
    lanes: tuple[str, ...]
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True)
class ToldFinding:
    """A finding with its message, its course if its check tells one, and its cited lines in order of time."""

    finding: Finding
    title: str
    message: str
    cited: tuple[Cited, ...]
    new: bool = False  # since the last audit
    course: Course | None = None


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
class Drawn:
    """A stock row's balance as recorded and as it would have been: paths in a box of 100 × 100, and the same in figures.

    `marks` are the x at which the two grow apart or together; `rows` are time, document, change, recorded, correct, and whether they differ.
    """

    name: str
    summary: str
    recorded: str
    correct: str
    between: str
    zero: float | None
    marks: tuple[float, ...]
    top: str
    bottom: str
    first: str
    last: str
    rows: tuple[tuple[str, str, str, str, str, bool], ...]
    cut: bool


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
    damage: tuple[str, ...] = ()
    curves: tuple[Drawn, ...] = ()
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
