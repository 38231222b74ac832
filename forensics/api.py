"""The Python API: a case, what goes into it, and what it answers. The command line is a thin user of this.

case = forensics.open_case("case")
case.ingest("logs/")
trace = case.trace(pallet="TP000123")
trace.events            # Polars frame, in time order
trace.result.incidents  # ranked causes with their evidence
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from forensics import __version__
from forensics.model.errors import ConfigError, QueryError
from forensics.model.fault import Fault
from forensics.model.result import CaseResult, ClockRelation, Control, Coverage, Finding, Note
from forensics.model.when import moment, span
from forensics.store import case as folder
from forensics.store import custody, notes, runs
from forensics.store.again import asked_twice
from forensics.store.duck import connect
from forensics.store.evidence import latest

if TYPE_CHECKING:
    import duckdb

    from forensics.checks.session import Session
    from forensics.formats.load import Registry
    from forensics.ingest.pipeline import Progress
    from forensics.ingest.result import IngestResult

BEFORE, AFTER = timedelta(days=7), timedelta(days=14)
"""How far around a subject's time the checks look: what led to it, and the counts and empty picks that tell of it later."""

Moment = datetime | str

SUBJECTS = ("pallet", "sku", "location", "task", "doc", "request")


@dataclass(frozen=True)
class Trace:
    """What happened to one subject.

    Attributes:
        result: incidents, findings, coverage, clocks and the guide's checks for the subject.
        events: all events of the subject and of what belongs to it, in time order; columns of the event table and
            `event_id`, `file`, `lane`, `relation`.
        balance: book balance of the stock rows concerned: `ts, sku, location, balance, delta, event_id`.
        subject: what was asked for.
    """

    result: CaseResult
    events: pl.DataFrame
    balance: pl.DataFrame
    subject: dict[str, str]
    observed_at: datetime | None = None
    symptom: str | None = None


def open_case(
    path: str | Path,
    *,
    create: bool = False,
    tz: str | None = None,
    formats: Sequence[str | Path] = (),
    queries: Sequence[str | Path] = (),
    params: Mapping[str, Any] | None = None,
    lang: str = "en",
) -> Case:
    """Open a case folder.

    Args:
        create: make the folder if there is none.
        tz: zone of times without one, for a new case (default Asia/Shanghai).
        formats, queries: folders with own format files and checks.
        params: values for parameters of checks and controls, by `name` for all or `id.name` for one.
        lang: language of texts that come from content files, zh or en.

    Raises:
        ConfigError: there is no case, or the folder holds something else.
    """
    where = Path(path)
    opened = folder.create(where, version=__version__, tz=tz or folder.DEFAULT_ZONE) if create else folder.load(where)
    return Case(opened, [Path(p) for p in formats], [Path(p) for p in queries], lang, params)


class Case:
    """An open case. Frames are Polars; times in them are UTC."""

    def __init__(
        self,
        opened: folder.CaseFolder,
        formats: Sequence[Path] = (),
        queries: Sequence[Path] = (),
        lang: str = "en",
        params: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = opened
        self._formats = list(formats)
        self._queries = list(queries)
        self.lang = lang
        self._params = dict(params or {})
        self._sessions: dict[tuple[datetime | None, datetime | None], Session] = {}

    @property
    def path(self) -> Path:
        """The case folder."""
        return self.folder.path

    @cached_property
    def registry(self) -> Registry:
        """Shipped and own format files."""
        from forensics.formats.load import load_formats

        return load_formats(self._formats)

    @cached_property
    def catalogue(self) -> Sequence[Fault]:
        """The fault classes and their causes."""
        from forensics.checks.catalogue import load_catalogue

        return load_catalogue()

    def ingest(
        self, *paths: str | Path, system: str | None = None, tz: str | None = None, progress: Progress | None = None
    ) -> IngestResult:
        """Read files, folders, globs or `-` into the case.

        Args:
            system: who wrote them, where neither they nor their names say so.
            tz: zone of times without one, for these files; default is the case's.

        Raises:
            EvidenceError: a path leads nowhere.
        """
        from forensics.ingest.pipeline import ingest

        if tz is not None:
            folder.zone_named(tz)
        result = ingest(
            self.folder, [str(path) for path in paths], self.registry, system=system, zone=tz, progress=progress
        )
        self.forget()
        return result

    def forget(self) -> None:
        """Let go of what was made ready for questions: the next one begins with the case as it is then."""
        self._sessions.clear()

    # -- asking ----------------------------------------------------------------------------------------------------

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection with `events`, `evidence` and `rejects`, as they are now."""
        return connect(self.folder)

    def session(self, since: datetime | None = None, until: datetime | None = None) -> Session:
        """The case made ready for questions: all of it, or what lies between two moments (and records without a time).

        Kept for the next question; an ingest makes it anew.
        """
        from forensics.checks.session import Session

        key = (since, until)
        if key not in self._sessions:
            con = connect(self.folder, since=since, until=until)
            seed = str(self.folder.settings.get("id", ""))
            self._sessions[key] = Session(con, self._queries, self._params, zone=self.folder.zone, seed=seed)
        return self._sessions[key]

    def sql(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> pl.DataFrame:
        """Ask in DuckDB SQL: relations `events`, `evidence`, `rejects` and the shared views (`api_calls` …).

        Raises:
            QueryError: DuckDB does not understand it.
        """
        import duckdb

        from forensics.checks import engine
        from forensics.checks.check import load_views, views_named

        try:
            named = views_named(query, load_views(self._queries))
            con = self.session().con if named else self.connect()
            if named:
                engine.ensure_views(con, named)
            relation = con.sql(query, params=params)
            frame: pl.DataFrame = pl.DataFrame() if relation is None else relation.pl()
        except duckdb.Error as error:
            message, _, rest = str(error).partition("\n")
            raise QueryError(message, hint=rest.strip().splitlines()[0] if rest.strip() else None) from None
        return frame

    def clocks(self) -> tuple[ClockRelation, ...]:
        """How far the clocks of the systems are apart, as far as calls that both ends logged tell."""
        return self.session().clocks

    def coverage(self) -> tuple[Coverage, ...]:
        """What each system recorded, from when to when, and where it is silent."""
        return self.session().coverage

    @asked_twice
    def audit(self, since: datetime | None = None, until: datetime | None = None) -> CaseResult:
        """All incidents of the case, or those that touch the window, compared with the last audit that was recorded."""
        from forensics.verdict import judge

        session = self.session()
        findings = [one for one in session.findings if _touches(one, since, until)]
        verdict = judge(findings, self.catalogue, session.coverage, clocks=session.clocks, lang=self.lang)
        result = self._result(since, until, session, findings, verdict, session.controls())
        past = custody.read(self.folder.custody)
        return replace(result, since_last=runs.since_last(past, result.window, result.findings))

    def record(self, result: CaseResult) -> None:
        """Enter an audit into the custody log: the next one over the same window is compared with it."""
        with self.folder.lock():
            runs.record(self.folder.custody, result)

    @asked_twice
    def trace(
        self,
        *,
        pallet: str | None = None,
        sku: str | None = None,
        location: str | None = None,
        task: str | None = None,
        doc: str | None = None,
        request: str | None = None,
        around: datetime | None = None,
        window: timedelta | None = None,
        symptom: str | None = None,
        observed_at: datetime | None = None,
    ) -> Trace:
        """Follow one subject through all systems.

        Args:
            around: only events near this moment; `window` to each side (default 3 days).
            symptom: a fault class such as F-S-02-01, when the user knows what is wrong.
            observed_at: when it was seen.

        Raises:
            ConfigError: no subject was named, or the case knows nothing of it.
        """
        from forensics.identity import closure, concerns, subject_events
        from forensics.ledger import balances, observe
        from forensics.timeline.answers import with_answers
        from forensics.verdict import judge

        given = dict(zip(SUBJECTS, (pallet, sku, location, task, doc, request), strict=True))
        subject = {("request_id" if k == "request" else k): v for k, v in given.items() if v}
        if not subject:
            raise ConfigError("say what to trace: a pallet, SKU, location, task, document or request")
        if symptom is not None and symptom not in {fault.id for fault in self.catalogue}:
            raise ConfigError(
                f"no fault class '{symptom}'", hint="one of " + ", ".join(fault.id for fault in self.catalogue)
            )
        middle = around or observed_at
        span = window or timedelta(days=3)
        limits = (middle - span, middle + span) if middle else None
        con = self.connect()
        related = closure(con, subject, limits)
        events = subject_events(con, related, limits)
        if events.is_empty():
            self._unknown(subject, limits)
        times = events["ts"].drop_nulls()
        since, until = limits or cast("tuple[datetime | None, datetime | None]", (times.min(), times.max()))
        session = self._around(since, until)
        session.views("ledger_rows", "api_pairs", "posting_images")
        events = with_answers(session.con, events)
        findings = [one for one in session.findings if concerns(one, subject, set(events["event_id"]))]
        verdict = judge(
            findings, self.catalogue, session.coverage, symptom=symptom, subject=subject, observed_at=observed_at,
            clocks=session.clocks, lang=self.lang,
        )  # fmt: skip
        result = self._result(since, until, session, findings, verdict, session.controls(subject))
        if observed_at is not None:
            session.views("state_difference", "book_state", "tasks")
            result = replace(result, observed=observe(session.con, observed_at, subject, symptom))
        return Trace(result, events, balances(session.con, related, limits), subject, observed_at or around, symptom)

    # -- states ----------------------------------------------------------------------------------------------------

    @asked_twice
    def book(self, at: Moment | None = None, subject: Mapping[str, str] | None = None) -> pl.DataFrame:
        """What the book says: stock on pallets and places, bindings, reservations, each from when to when.

        Args:
            at: only what holds at this instant: a datetime or text, in the case's zone where it names none.
            subject: of one pallet, location, sku, batch, task or doc: `{"pallet": "TP000123"}`; all without it.

        Returns:
            columns of `forensics.ledger.states.BOOK`.

        Raises:
            ConfigError: the time or the kind of subject is not understood.
        """
        from forensics.ledger import book

        return book(self._states("book_state"), moment(at, self.folder.zone), subject)

    @asked_twice
    def physical(self, at: Moment | None = None, subject: Mapping[str, str] | None = None) -> pl.DataFrame:
        """Where every pallet is by what devices, scans and counts saw, from when to when, on whose word, how sure.

        Arguments as `book`; columns of `forensics.ledger.states.PHYSICAL`.
        """
        from forensics.ledger import physical

        return physical(self._states("physical_state"), moment(at, self.folder.zone), subject)

    @asked_twice
    def difference(
        self,
        at: Moment | None = None,
        subject: Mapping[str, str] | None = None,
        lasting: timedelta | str | None = None,
    ) -> pl.DataFrame:
        """Where book and witnesses disagree, since when, on whose word, how sure.

        Arguments as `book`; `lasting` (a timedelta, or `30m`) leaves out what was over sooner: every transport is a
        disagreement until it is posted. Columns of `forensics.ledger.states.DIFFERENCE`.
        """
        from forensics.ledger import difference

        return difference(self._states("state_difference"), moment(at, self.folder.zone), subject, span(lasting))

    def _states(self, view: str) -> duckdb.DuckDBPyConnection:
        session = self.session()
        session.views(view, "book_state", "tasks")
        return session.con

    def _around(self, since: datetime | None, until: datetime | None) -> Session:
        """The part of the case that the checks need to judge what happened in a time: its cost is that of the part."""
        evidence = self.evidence()
        first = cast("datetime | None", evidence["first_ts"].min())
        last = cast("datetime | None", evidence["last_ts"].max())
        if since is None or until is None or first is None or last is None:
            return self.session()
        begin, end = since - BEFORE, until + AFTER
        return self.session() if begin <= first and last <= end else self.session(begin, end)

    def finding_events(self, result: CaseResult) -> pl.DataFrame:
        """The events that the result's findings cite, in time order, with `event_id` and `file`."""
        from forensics.timeline.fetch import events_by_id

        return events_by_id(self.connect(), (one.event_id for finding in result.findings for one in finding.evidence))

    # -- notes -----------------------------------------------------------------------------------------------------

    def note(self, ident: str, text: str, by: str | None = None) -> Note:
        """Note something of a finding or an incident; it is shown wherever the incident is, whatever is ingested later.

        Args:
            ident: of the finding or incident, or the beginning of it.
            text: one line of plain text.
            by: who says so.

        Raises:
            ConfigError: no such id, several begin so, or the text is empty or holds control characters.
        """
        return self._annotate("note", ident, text, by)

    def status(self, ident: str, status: str, by: str | None = None) -> Note:
        """Mark a finding or an incident as open, reviewed, confirmed, rejected or corrected; arguments as `note`."""
        return self._annotate("status", ident, status, by)

    def notes(self) -> tuple[Note, ...]:
        """All that was noted, oldest first."""
        return notes.read(self.folder.notes)

    def _annotate(self, kind: str, ident: str, text: str, by: str | None) -> Note:
        known = runs.known_ids(custody.read(self.folder.custody))
        full = notes.named(ident, known)
        if full is None:  # not of a recorded audit: perhaps of a trace, or of evidence that came since
            result = self.audit()
            known = {one.id: one.findings for one in result.incidents} | {f.id: (f.id,) for f in result.findings}
            full = notes.named(ident, known)
        if full is None:
            raise notes.unknown(ident)
        with self.folder.lock():
            return notes.add(self.folder.notes, kind, full, known[full], text, by)

    # -- the case itself -------------------------------------------------------------------------------------------

    def evidence(self) -> pl.DataFrame:
        """One row per source: what it is, how it was read, what became of its lines."""
        return latest(self.folder.evidence.frame()).sort("path", "member", nulls_last=False)

    def info(self) -> dict[str, Any]:
        """Settings, sources, events by kind, size on disk."""
        evidence = self.evidence()
        kinds = self.sql("SELECT kind, count(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC")
        sizes = [file.stat().st_size for file in self.path.rglob("*") if file.is_file()]
        return {
            **self.folder.settings,
            "sources": evidence.height,
            "source_bytes": int(evidence["bytes"].sum()),
            "lines": int(evidence["lines"].sum()),
            "rejected": int(evidence["rejected"].sum()),
            "events": dict(kinds.iter_rows()),
            "first_ts": evidence["first_ts"].min(),
            "last_ts": evidence["last_ts"].max(),
            "files": len(self.folder.events.files()),
            "size_bytes": sum(sizes),
        }

    def verify(self) -> list[str]:
        """What does not hold: custody chain, conservation of lines, tables against evidence. Empty if all is well."""
        from forensics.store.verify import problems

        counted = dict(self.sql("SELECT source, count(*) FROM events GROUP BY 1").iter_rows())
        return problems(self.folder, self.evidence(), counted)

    def compact(self) -> tuple[int, int]:
        """Rewrite many small files as few large ones; returns the number of files before and after."""
        from forensics.store.compact import compact

        return compact(self.folder)

    def require(self, subject: Mapping[str, str]) -> None:
        """Raise ConfigError, with the nearest names, if no event names the subject."""
        column, value = next(iter(subject.items()))
        if self.sql(f'SELECT 1 FROM events WHERE "{column}" = $v LIMIT 1', {"v": value}).is_empty():
            self._unknown(subject)

    def _unknown(self, subject: Mapping[str, str], limits: tuple[datetime, datetime] | None = None) -> None:
        wanted = ", ".join(f"{key} {value}" for key, value in subject.items())
        column, value = next(iter(subject.items()))
        if limits is not None:
            query = f'SELECT min(ts) AS first, max(ts) AS last FROM events WHERE "{column}" = $v'
            first, last = self.sql(query, {"v": value}).row(0)
            if first is not None:
                zone = ZoneInfo(self.folder.zone)
                since, until, begin, end = (f"{t.astimezone(zone):%Y-%m-%d %H:%M}" for t in (*limits, first, last))
                raise ConfigError(
                    f"the case has no record of {wanted} between {since} and {until}",
                    hint=f"its records are from {begin} to {end}; --window looks further to each side",
                )
        near = self.sql(
            f'SELECT DISTINCT "{column}" AS v, jaro_winkler_similarity("{column}", $v) AS s FROM events '
            f'WHERE "{column}" IS NOT NULL ORDER BY s DESC, v LIMIT 3',
            {"v": value},
        )
        close = [str(v) for v, s in near.iter_rows() if s > 0.8]
        hint = f"did you mean {', '.join(close)}?" if close else "`forensics case info` shows what the case holds"
        raise ConfigError(f"the case knows nothing of {wanted}", hint=hint)

    def _result(
        self,
        since: datetime | None,
        until: datetime | None,
        session: Session,
        findings: Sequence[Finding],
        verdict: Any,
        controls: Sequence[Control],
    ) -> CaseResult:
        from forensics.verdict import damage, plan

        incidents, undecided, steps = verdict
        if any(incident.correction for incident in incidents):
            session.views(*plan.VIEWS)
            incidents = plan.plan(session.con, incidents, findings)
        if incidents:
            session.views(*damage.VIEWS)
            incidents, findings = damage.assess(session.con, incidents, findings)
        evidence = self.evidence()
        facts = {key: value for key, value in self.folder.settings.items() if key in ("id", "tz", "created_at")}
        return CaseResult(
            case={**facts, "path": str(self.path), "tool": f"wms-forensics {__version__}"},
            window={"since": since, "until": until},
            incidents=notes.annotated(incidents, self.notes()),
            findings=tuple(one for one in findings if not one.details.get("undecided")),
            undecided=tuple(undecided),
            controls=tuple(controls),
            coverage=session.coverage,
            clocks=session.clocks,
            custody=tuple(
                evidence.select(
                    "source", "path", "member", "sha256", "bytes", "parser", "encoding", "zone", "system", "lines",
                    "events", "event_lines", "continuation", "rejected", "blank", "first_ts", "last_ts", "status",
                ).to_dicts()
            ),
            steps=tuple(steps),
        )  # fmt: skip


def _touches(finding: Finding, since: datetime | None, until: datetime | None) -> bool:
    begin, end = finding.started_at, finding.ended_at or finding.started_at
    if begin is None or end is None:
        return True
    return (since is None or end >= since) and (until is None or begin <= until)
