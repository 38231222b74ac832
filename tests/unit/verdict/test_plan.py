"""The correction plan: what is proposed, in which order, with which effect, and what is not proposed again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest

from forensics.checks import engine
from forensics.model.event import NAMES
from forensics.model.result import SUBJECT_FIELDS, CauseVerdict, Correction, Evidence, Finding, Incident
from forensics.store.schema import EVENTS
from forensics.verdict import plan
from forensics.verdict.redact import MARK

BEGIN = datetime(2026, 3, 11, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


class Case:
    """Events, and findings that cite them by their number."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def event(self, seconds: float, kind: str, system: str = "wms", **fields: Any) -> str:
        row = {
            "source": f"{kind}-{system}-{fields.get('host', '')}", "line": len(self.rows) + 1, "byte_offset": 100 * len(self.rows), "part": 0,
            "raw": "", "kind": kind, "system": system, "ts": at(seconds), "ts_precision": "us", **fields,
        }  # fmt: skip
        self.rows.append(row)
        return f"{row['source']}:{row['byte_offset']}:0"

    def posting(self, seconds: float, qty: int, before: int, place: str = "A-01", **fields: Any) -> str:
        return self.event(
            seconds, "ledger", fields.pop("system", "wms"), sku=fields.pop("sku", "S1"), location=place, qty=Decimal(qty), qty_before=Decimal(before),
            qty_after=Decimal(before + qty), **fields,
        )  # fmt: skip

    def call(self, seconds: float, outcome: str, request_id: str | None = "R1", **fields: Any) -> str:
        extra = {
            "method": "POST",
            "request_body": '{"taskCode":"T1","token":"tok-secret-1"}',
            **fields.pop("extra", {}),
        }
        return self.event(
            seconds, "api", action="complete", state="CALL", endpoint=fields.pop("endpoint", "/notify"), request_id=request_id,
            outcome=outcome, duration_ms=1000.0, extra=json.dumps(extra), task="T1", **fields,
        )  # fmt: skip

    def con(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute("SET TimeZone = 'UTC'")
        frame = pl.DataFrame(
            [{name: row.get(name) for name in NAMES} for row in self.rows], schema={name: EVENTS[name] for name in NAMES}
        )  # fmt: skip
        con.register("events", frame.to_arrow())
        con.execute(
            "CREATE TABLE evidence AS SELECT DISTINCT source, source AS path, NULL::VARCHAR AS member FROM events"
        )
        engine.prepare(con)
        engine.ensure_views(con, plan.VIEWS)
        return con


def finding(
    number: int, qty_error: int, cited: list[str], *, fault: str = "F-S-02-05", seconds: float = 100, **subject: Any
) -> Finding:
    named = {"sku": "S1", "location": "A-01", **subject}
    return Finding(
        id=f"f{number}", fault=fault, cause=f"{fault}.3", slug="x", level="high", subject={f: named.get(f) for f in SUBJECT_FIELDS},
        started_at=at(seconds), ended_at=at(seconds), qty_error=Decimal(qty_error), strength=50, message={"zh": "", "en": ""},
        evidence=tuple(Evidence(one, "for", at(seconds), "wms", "f", 1, "") for one in cited),
    )  # fmt: skip


def incident(
    about: Finding, action: str, qty: int | None = None, probability: float = 0.97, **details: Any
) -> Incident:
    correction = Correction(
        action, about.subject["sku"], about.subject["location"], about.subject["pallet"], None if qty is None else Decimal(qty), "why",
        details=details, reason={"zh": "因", "en": "why"}, finding=about.id, evidence=tuple(e.event_id for e in about.evidence),
    )  # fmt: skip
    cause = CauseVerdict(about.cause, "x", probability, "shown")
    return Incident(
        f"i{about.id}",
        about.fault,
        (about.id,),
        about.subject,
        about.started_at,
        about.ended_at,
        (cause,),
        (correction,),
    )


def planned(case: Case, *pairs: tuple[Finding, Incident]) -> list[Incident]:
    return list(plan.plan(case.con(), [one for _, one in pairs], [one for one, _ in pairs]))


def test_effect_and_risk_of_a_reversal():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50), case.posting(52, -5, 45)]
    case.posting(900, -5, 40)
    about = finding(1, -5, cited[1:])
    (one,) = planned(case, (about, incident(about, "reverse", 5)))
    (correction,) = one.correction
    (effect,) = correction.effect
    assert (effect.what, effect.location, effect.before, effect.after) == ("stock", "A-01", 35, 40)
    assert correction.risk["level"] == "medium"
    assert "1" in correction.risk["zh"]
    assert correction.step == 1
    assert correction.finding == "f1"


def test_two_corrections_of_one_row_follow_each_other():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50)]
    first, second = finding(1, -5, cited[1:]), finding(2, -7, cited[1:], seconds=200)
    one, two = planned(case, (first, incident(first, "adjust", 5)), (second, incident(second, "reverse", 7)))
    assert [(c.step, c.effect[0].before, c.effect[0].after) for i in (two, one) for c in i.correction] == [
        (1, 45, 52),
        (2, 52, 57),
    ]


def test_the_order_of_steps():
    """Look first, then send, take back, move, post, let go; whatever the order of the incidents."""
    case = Case()
    cited = [case.posting(10, 50, 0)]
    actions = ["release", "post", "transfer", "reverse", "replay", "count", "adjust"]
    pairs = [
        (about, incident(about, action))
        for n, action in enumerate(actions)
        for about in [finding(n, 0, cited, seconds=100 + n, location=f"B-{n}")]
    ]
    found = planned(case, *pairs)
    assert [c.action for _, c in sorted((c.step, c) for i in found for c in i.correction)] == [
        "count", "replay", "reverse", "transfer", "post", "adjust", "release",
    ]  # fmt: skip


@pytest.mark.parametrize("doc_type", ["count", "adjust", "reversal"])
def test_what_was_set_right_is_not_proposed_again(doc_type):
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50), case.posting(52, -5, 45)]
    later = case.posting(5000, 5, 40, doc_type=doc_type, doc="PD1")
    about = finding(1, -5, cited[1:])
    (one,) = planned(case, (about, incident(about, "reverse", 5)))
    assert one.correction == ()
    (settled,) = one.settled
    assert settled.evidence == (later,)
    assert settled.ts == at(5000)
    assert "+5" in settled.because["zh"]


def test_several_adjustments_that_add_up():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50)]
    later = [case.posting(5000, 2, 45, doc_type="count"), case.posting(6000, 3, 47, doc_type="adjust")]
    about = finding(1, -5, cited[1:])
    assert planned(case, (about, incident(about, "reverse", 5)))[0].settled[0].evidence == tuple(later)


@pytest.mark.parametrize(
    ("qty", "seconds", "place", "doc_type"),
    [
        (5, 20, "A-01", "count"),  # before it happened
        (5, 5000, "A-02", "count"),  # elsewhere
        (4, 5000, "A-01", "count"),  # another quantity
        (-5, 5000, "A-01", "count"),  # the other way
        (5, 5000, "A-01", "inbound"),  # goods that came in
    ],
)
def test_what_does_not_set_it_right(qty, seconds, place, doc_type):
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50)]
    case.posting(seconds, qty, 45, place=place, doc_type=doc_type)
    about = finding(1, -5, cited[1:])
    (one,) = planned(case, (about, incident(about, "reverse", 5)))
    assert one.settled == ()
    assert len(one.correction) == 1


def test_one_adjustment_settles_one_of_two():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50), case.posting(60, -5, 45)]
    case.posting(5000, 5, 40, doc_type="count")
    first, second = finding(1, -5, cited[1:2]), finding(2, -5, cited[2:], seconds=200)
    found = planned(case, (second, incident(second, "reverse", 5)), (first, incident(first, "reverse", 5)))
    assert [(len(i.settled), len(i.correction)) for i in found] == [(0, 1), (1, 0)]


def test_one_count_sets_two_errors_right():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50), case.posting(60, -3, 45)]
    later = case.posting(5000, 8, 42, doc_type="count")
    first, second = finding(1, -5, cited[1:2]), finding(2, -3, cited[2:], seconds=200)
    found = planned(case, (first, incident(first, "reverse", 5)), (second, incident(second, "reverse", 3)))
    assert [i.correction for i in found] == [(), ()]
    assert [(s.qty, s.evidence) for i in found for s in i.settled] == [(5, (later,)), (3, (later,))]


def test_a_count_between_two_errors_settles_only_the_first():
    case = Case()
    cited = [case.posting(10, 50, 0), case.posting(50, -5, 50), case.posting(6000, -3, 53)]
    case.posting(5000, 8, 45, doc_type="count")
    first, second = finding(1, -5, cited[1:2]), finding(2, -3, cited[2:], seconds=6000)
    one, two = planned(case, (first, incident(first, "reverse", 5)), (second, incident(second, "reverse", 3)))
    assert (one.settled, two.settled) == ((), ())
    assert one.correction[0].risk["level"] == "high"  # the count may hold it
    assert "+8" in one.correction[0].risk["en"]
    assert two.correction[0].risk["level"] == "low"


def test_a_release_frees_what_the_document_holds():
    case = Case()
    case.posting(10, 50, 0)
    cited = [case.event(20, "reservation", action="lock", doc="CK1", sku="S1", location="A-01", qty=Decimal(30))]
    case.event(30, "reservation", action="lock", doc="CK2", sku="S1", location="A-01", qty=Decimal(9))
    about = replace(finding(1, 0, cited, fault="F-S-02-03", doc=["CK9", "CK1"]), details={"idle_holders": ["CK1"]})
    (one,) = planned(case, (about, incident(about, "release", doc=["CK9", "CK1"])))
    assert [(e.what, e.doc, e.before, e.after) for e in one.correction[0].effect] == [("reservation", "CK1", 30, 0)]


def test_held_stock_and_an_unsure_cause_are_risks():
    case = Case()
    cited = [case.posting(10, 50, 0)]
    case.event(20, "reservation", action="lock", doc="CK1", sku="S1", location="A-01", qty=Decimal(30))
    about = finding(1, 20, cited)
    assert planned(case, (about, incident(about, "adjust", -20)))[0].correction[0].risk["level"] == "medium"
    assert (
        planned(case, (about, incident(about, "adjust", -20, probability=0.5)))[0].correction[0].risk["level"] == "high"
    )
    assert planned(case, (about, incident(about, "adjust", -60)))[0].correction[0].risk["level"] == "high"  # below zero


# --- messages to send again ------------------------------------------------------------------------------------------


def replay(case: Case, cited: list[str]) -> Correction:
    case.posting(1, 50, 0, sku="S2")
    about = finding(1, -48, cited, fault="F-S-02-02", pallet="P1", task="T1")
    (one,) = planned(case, (about, incident(about, "replay")))
    return one.correction[0]


def test_the_failed_message_as_it_was_logged():
    case = Case()
    extra = {
        "headers": json.dumps({"Content-Type": "application/json", "Authorization": "Bearer abcdefgh12345"}),
        "cookie": "JSESSIONID=1F2E3D4C",
    }
    correction = replay(
        case,
        [
            case.call(100, "timeout", extra=extra),
            case.call(160, "fail", status_code="502", error="password=geheim99 refused"),
        ],
    )
    (request,) = correction.replay
    assert (request.method, request.url, request.request_id, request.failed) == ("POST", "/notify", "R1", 2)
    assert request.body == '{"taskCode":"T1","token":"' + MARK + '"}'
    assert request.headers == {"Content-Type": "application/json", "Authorization": MARK, "cookie": MARK}
    assert [(a["at"], a["outcome"], a["status_code"]) for a in request.attempts] == [
        (at(100), "timeout", None),
        (at(160), "fail", "502"),
    ]
    assert "geheim99" not in str(request)
    assert (request.safe, request.recognises_repeats, request.committed_by) == ("check-first", "unknown", ())
    assert (correction.effect[0].before, correction.effect[0].after) == (0, 48)
    assert correction.risk["level"] == "medium"


def test_a_receiver_that_knows_repeats():
    case = Case()
    cited = [case.call(100, "timeout")]
    case.call(500, "duplicate", request_id="R7")
    (request,) = replay(case, cited).replay
    assert (request.safe, request.recognises_repeats) == ("yes", "yes")


def test_a_receiver_that_has_booked_one_id_twice():
    case = Case()
    cited = [case.call(100, "timeout")]
    case.call(500, "ok", request_id="R7")
    case.posting(501, -5, 50, sku="S3", request_id="R7", doc="D")
    case.posting(502, -5, 45, sku="S3", request_id="R7", doc="D")
    correction = replay(case, cited)
    assert (correction.replay[0].safe, correction.replay[0].recognises_repeats) == ("check-first", "no")
    assert "twice" in correction.risk["en"]


def test_a_message_that_took_effect_is_not_to_be_sent():
    case = Case()
    cited = [case.call(100, "timeout")]
    posted = case.posting(101, 48, 0, place="A-09", request_id="R1")
    correction = replay(case, cited)
    assert (correction.replay[0].safe, correction.replay[0].committed_by) == ("no", (posted,))
    assert correction.risk["level"] == "high"


@pytest.mark.parametrize(("system", "safe"), [("erp", "no"), ("wms", "check-first")])
def test_a_message_to_the_erp_is_done_when_the_erp_has_posted_its_document(system, safe):
    """The WMS's own posting, which the message tells of, is no proof that it arrived."""
    case = Case()
    cited = [case.call(100, "timeout", request_id="WCK1", caller="WMS", callee="ERP", doc="80260", partner_doc="CK1")]
    case.posting(
        90,
        -4,
        50,
        sku="S3",
        system=system,
        doc="4900001",
        partner_doc="80260",
        request_id="WCK1" if system == "wms" else None,
    )
    assert replay(case, cited).replay[0].safe == safe


def test_without_an_id_nothing_is_promised():
    case = Case()
    cited = [case.call(100, "timeout", request_id=None)]
    case.call(500, "duplicate", request_id="R7")
    (request,) = replay(case, cited).replay
    assert (request.request_id, request.safe) == (None, "check-first")


def test_nothing_cited_nothing_to_send():
    case = Case()
    assert replay(case, [case.event(100, "device", action="put_done", location="A-01", pallet="P1")]).replay == ()
