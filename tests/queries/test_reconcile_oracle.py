"""Random documents of two systems with known mistakes: the reconciliation adds up, and exactly the mistakes are named."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forensics.checks import engine

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, 0, tzinfo=UTC)
CHECKS = [check for check in engine.load_checks() if check.fault == "F-S-02-04"]
FEW = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SKUS = ("A", "B", "C")
CASES = 12
"""Pieces in a case; material C is kept in cases by the ERP."""
CAUSE = {
    "failed": "F-S-02-04.1", "lost": "F-S-02-04.2", "code": "F-S-02-04.3", "warehouse": "F-S-02-04.3", "unit": "F-S-02-04.3",
    "one-sided return": "F-S-02-04.4", "one-sided count": "F-S-02-04.5",
}  # fmt: skip
MISTAKES = (*CAUSE, None, None, "retried", "reversed", "in flight")


@dataclass(frozen=True)
class Document:
    """One line of business and what goes wrong with it.

    Attributes:
        kind: inbound, outbound, return or count.
        qty: pieces, positive.
        mistake: a key of CAUSE, or something that only looks like one.
        in_wms: for what is on one side only: on which.
    """

    kind: str
    sku: str
    qty: Decimal
    mistake: str | None
    in_wms: bool


PIECES = st.integers(1, 400).map(lambda n: Decimal(n) / 4)
DOCUMENTS = st.lists(
    st.builds(
        Document, st.sampled_from(["inbound", "outbound"]), st.sampled_from(SKUS[:2]), PIECES, st.sampled_from(MISTAKES), st.booleans()
    )
    | st.builds(Document, st.just("outbound"), st.just("C"), st.integers(1, 9).map(lambda n: Decimal(n * CASES)), st.none(), st.booleans()),
    min_size=4,
    max_size=24,
)  # fmt: skip


class Books:
    """What both systems write down, and their balances by material and warehouse in pieces."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.erp: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.wms: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def event(self, kind: str, system: str, at_s: int, **fields: object) -> None:
        """One record of one system."""
        base = {
            "source": f"{kind}-{system}",
            "line": len(self.rows) + 1,
            "byte_offset": 100 * len(self.rows),
            "part": 0,
            "raw": "",
            "kind": kind,
            "system": system,
        }
        time = {"ts": BEGIN + timedelta(seconds=at_s), "ts_precision": "s", "ts_quality": "recorded"}
        texts = {
            name: json.dumps(value) if name == "extra" else None if value is None else str(value)
            for name, value in fields.items()
        }
        self.rows.append(base | time | texts)

    def wms_posts(self, at: int, doc: str, kind: str, sku: str, qty: Decimal) -> None:
        """A row of the WMS's ledger."""
        self.event(
            "ledger", "wms", at, doc=doc, doc_type=kind, sku=sku, qty=qty, warehouse="W1", location="L1", uom="EA"
        )
        self.wms[sku, "W1"] += qty

    def erp_posts(
        self, at: int, doc: str, partner: str | None, kind: str, sku: str, qty: Decimal, *, plant: str = "P1"
    ) -> None:
        """A row of the ERP's ledger, in cases where it keeps cases."""
        in_cases = sku == "C"
        self.event(
            "ledger", "erp", at, doc=doc, partner_doc=partner, doc_type=kind, sku=f"M-{sku}", warehouse=plant,
            qty=qty / CASES if in_cases else qty, uom="CS" if in_cases else "EA",
        )  # fmt: skip
        self.erp[sku, plant] += qty

    def push(self, at: int, doc: str, partner: str, sku: str, outcome: str) -> None:
        """The WMS tells the ERP."""
        self.event(
            "api", "wms", at, state="CALL", action="push", caller="WMS", callee="ERP", endpoint="/erp/push", outcome=outcome, doc=doc,
            partner_doc=partner, sku=sku, request_id=f"R-{doc}-{at}",
        )  # fmt: skip


def _play(books: Books, number: int, one: Document, last: int) -> str | None:
    """Let one document happen; the number by which its mistake must be known, if it is one."""
    at = last - 300 if one.mistake == "in flight" else 1000 + 300 * number
    doc, partner, sku = f"W{number:04}", f"E{number:04}", one.sku
    sign = -1 if one.kind == "outbound" else 1
    kind, qty = one.kind, sign * one.qty
    if one.mistake in ("one-sided return", "one-sided count"):
        kind, qty = one.mistake.split()[1], one.qty if one.mistake.endswith("return") else -one.qty
        if one.in_wms:
            books.wms_posts(at, doc, kind, sku, qty)
            return doc
        books.erp_posts(at, partner, None, kind, sku, qty)
        return partner
    order = {"doc_type": kind, "qty": one.qty, "doc_line": "1"}
    books.event(
        "document",
        "wms",
        at - 600,
        doc=doc,
        partner_doc=partner,
        sku=sku,
        uom="EA",
        warehouse="W1",
        state="CREATED",
        **order,
    )
    books.event(
        "document",
        "erp",
        at - 605,
        doc=partner,
        partner_doc=doc,
        sku=f"M-{sku}",
        uom="EA",
        warehouse="P1",
        state="CREATED",
        **order,
    )
    books.wms_posts(at, doc, kind, sku, qty)
    if one.mistake in ("failed", "retried"):
        books.push(at + 2, doc, partner, sku, "timeout")
        books.push(at + 62, doc, partner, sku, "fail" if one.mistake == "failed" else "ok")
    else:
        books.push(at + 2, doc, partner, sku, "ok")
    if one.mistake in ("failed", "lost", "in flight"):
        return doc if one.mistake != "in flight" else None
    if one.mistake == "code":
        books.erp_posts(at + 65, f"4{number:04}", partner, kind, "B" if sku == "A" else "A", qty)
    elif one.mistake == "warehouse":
        books.erp_posts(at + 65, f"4{number:04}", partner, kind, sku, qty, plant="P9")
    elif one.mistake == "unit":
        books.erp_posts(at + 65, f"4{number:04}", partner, kind, sku, qty * CASES)
    else:
        books.erp_posts(at + 65, f"4{number:04}", partner, kind, sku, qty)
    if one.mistake == "reversed":  # booked again under another number, and that taken back
        books.erp_posts(at + 70, f"5{number:04}", partner, kind, sku, qty)
        books.erp_posts(at + 80, f"6{number:04}", partner, "reversal", sku, -qty)
    return doc if one.mistake in CAUSE else None


def _world(documents: list[Document]) -> tuple[Books, dict[str, str]]:
    """A day of plain work of every kind, the documents in it, and both balances at its end."""
    books, truth = Books(), {}
    last = 20 * 3600
    plain = [Document(kind, sku, Decimal(n % 7 + 1) * (CASES if sku == "C" else 1), None, True)
             for n in range(4) for kind in ("inbound", "outbound") for sku in SKUS]  # fmt: skip
    for number, one in enumerate([*plain, *documents]):
        known = _play(books, number, one, last)
        if known is not None and one.mistake is not None:
            truth[known] = CAUSE[one.mistake]
    for number, (kind, sign) in enumerate((("return", 1), ("count", -1)) * 8):
        books.wms_posts(5000 + number, f"X{number}", kind, "A", sign * Decimal(2))
        books.erp_posts(5100 + number, f"7{number}", f"X{number}", kind, "A", sign * Decimal(2))
    books.wms_posts(last - 60, "Z1", "outbound", "B", Decimal(-1))
    books.erp_posts(last, "8", "Z1", "outbound", "B", Decimal(-1))
    for sku in SKUS:
        books.event("master", "erp", 0, doc_type="sku", extra={"code": sku, "mapped_code": f"M-{sku}"})
    books.event(
        "master", "erp", 0, doc_type="uom", sku="C", extra={"code": "EA", "mapped_code": "CS", "factor": str(CASES)}
    )
    books.event("master", "erp", 0, doc_type="warehouse", extra={"code": "W1", "mapped_code": "P1"})
    for (sku, plant), qty in books.erp.items():
        in_cases = sku == "C"
        books.event(
            "stock",
            "erp",
            last + 1,
            sku=f"M-{sku}",
            warehouse=plant,
            qty=qty / CASES if in_cases else qty,
            uom="CS" if in_cases else "EA",
        )
    for (sku, house), qty in books.wms.items():
        books.event("stock", "wms", last + 1, sku=sku, warehouse=house, qty=qty, uom="EA")
    return books, truth


def _prepared(books: Books) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.register("events", frame(books.rows))
    engine.prepare(con, views=["reconciliation"])
    return con


def _difference(books: Books, sku: str, house: str) -> Decimal:
    return books.erp.get((sku, "P1" if house == "W1" else house), Decimal(0)) - books.wms.get((sku, house), Decimal(0))


@FEW
@given(DOCUMENTS)
def test_the_explanation_adds_up_to_the_cent(documents: list[Document]) -> None:
    books, _ = _world(documents)
    rows = (
        _prepared(books)
        .execute("SELECT material, place, difference, explained, in_flight, unexplained FROM reconciliation")
        .fetchall()
    )
    assert {(sku, house) for sku, house, *_ in rows} >= {(sku, "W1") for sku in SKUS}
    for sku, house, difference, explained, in_flight, unexplained in rows:
        assert difference == _difference(books, sku, house)
        assert explained + in_flight + unexplained == difference
        assert unexplained == 0, (sku, house)
        flying = sum(
            (
                one.qty * (1 if one.kind == "outbound" else -1)
                for one in documents
                if one.mistake == "in flight" and one.sku == sku
            ),
            Decimal(0),
        )
        assert in_flight == (flying if house == "W1" else 0)


@FEW
@given(DOCUMENTS)
def test_exactly_the_mistakes_are_named(documents: list[Document]) -> None:
    books, truth = _world(documents)
    found = engine.run_checks(_prepared(books), CHECKS)
    named: dict[str, str] = {}
    for one in found:
        docs = one.subject["doc"] if isinstance(one.subject["doc"], list) else [one.subject["doc"]]
        about = [doc for doc in docs if doc in truth]
        assert about, one.message["en"]
        named |= dict.fromkeys(about, one.cause)
    assert named == truth
