"""One stock row and what happens to it, posting by posting, for stories about balances, reads and documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from day import txn_of
from times import HOUR, SECOND

from stories.stage import Stage

DEDUCT = "/api/stock/deduct"


@dataclass(frozen=True)
class Line:
    """A document line about the shelf's material."""

    doc: str
    partner: str
    kind: str
    qty: int
    number: str = "1"


class Shelf:
    """A shelf that has the day to itself. `book` is the row as committed, `goods` what lies there."""

    def __init__(self, stage: Stage, row: int) -> None:
        site = stage.site
        self.s, self.row = stage, row
        self.sku, self.location = str(site.sku[int(site.row_sku[row])]), str(site.row_location[row])
        self.batch = site.row_batch[row]
        self.book, self.goods = int(site.book[row]), int(site.goods[row])

    @property
    def about(self) -> dict[str, Any]:
        """The subject of a story about this row."""
        return {"sku": self.sku, "location": self.location, "batch": self.batch}

    def of(self, *lines: Line, request: Any = None) -> dict[str, Any]:
        """The subject of a story about these lines."""
        docs, numbers = (
            list(dict.fromkeys(line.doc for line in lines)),
            list(dict.fromkeys(line.number for line in lines)),
        )
        one = {"doc": docs if len(docs) > 1 else docs[0], "doc_line": numbers if len(numbers) > 1 else numbers[0]}
        return {**self.about, **one, "request_id": request}

    def leave(self, *, dirty_days: int = 3) -> None:
        """The story is over: the site keeps the row, and lets it rest."""
        site = self.s.site
        site.book[self.row], site.goods[self.row] = self.book, self.goods
        site.rested[self.row] = self.s.day.index + dirty_days

    # --- documents -----------------------------------------------------------------------------------------------------

    def line(
        self,
        at: int,
        kind: str,
        qty: int,
        *,
        number: str = "1",
        of: Line | None = None,
        erp: bool = True,
        batch: str | None = None,
    ) -> Line:
        """A line ordered half an hour before `at`; `of`: a further line of that document."""
        kinds = {
            "outbound": "CK",
            "inbound": "RK",
            "return": "TH",
            "exchange": "TH",
            "count": "PD",
            "opening": "RK",
            "move": "YK",
        }
        line = Line(
            of.doc if of else self.s.day.number(kinds[kind]),
            of.partner if of else self.s.day.number("E"),
            kind,
            qty,
            number,
        )
        asked = batch or self.batch
        self.s.order(
            self.s.later(at, -2400, -1200),
            line.doc,
            line.partner if erp else None,
            kind,
            self.sku,
            qty,
            batch=asked,
            line=number,
            erp=erp,
        )
        return line

    def told(self, at: int, line: Line) -> None:
        """The document is done in the WMS, the ERP is told and posts it."""
        self.done(at, line)
        self.s.told_erp(
            at,
            line.doc,
            line.partner,
            line.kind,
            self.sku,
            line.qty,
            self.sign(line),
            batch=self.batch,
            line=line.number,
        )

    def done(self, at: int, line: Line) -> None:
        """The document is done in the WMS."""
        self.s.closed(at, line.doc, line.partner, line.kind, self.sku, line.qty, batch=self.batch, line=line.number)

    @staticmethod
    def sign(line: Line) -> int:
        """Whether the line takes or gives."""
        return -1 if line.kind == "outbound" else 1

    # --- calls and postings --------------------------------------------------------------------------------------------

    def body(self, line: Line, request: str, operator: str, qty: int | None = None) -> str:
        """What the handheld sends."""
        return self.s.body(
            request=request,
            doc=line.doc,
            line=line.number,
            sku=self.sku,
            location=self.location,
            operator=operator,
            qty=line.qty if qty is None else qty,
        )

    def scan(self, at: int, line: Line, operator: str) -> None:
        """The goods' label, scanned before the posting."""
        self.s.sheets.row(
            "scan", ts=at - 3 * SECOND, device=self.s.handheld(), operator=operator, scan_type="pick" if line.kind == "outbound" else "receive",
            barcode=self.sku, expected=self.sku, location=self.location, sku=self.sku, outcome="ok",
        )  # fmt: skip

    def change(
        self, at: int, effect: int, *, txn: str | None = None, origin: str = "application", insert: bool = False
    ) -> None:
        """The row changes, and the database logs it."""
        before, self.book = self.book, self.book + effect
        self.s.sheets.row(
            "change", ts=at, table_name="wms.stock", action="insert" if insert else "update", txn=txn or txn_of(at),
            log_position=f"mysql-bin.{self.s.day.index + 311:06d}:{at - self.s.day.t0:012d}", sku=self.sku, location=self.location,
            qty_before=None if insert else before, qty_after=self.book, origin=origin,
        )  # fmt: skip

    def ledger(
        self,
        at: int,
        line: Line,
        qty: int,
        before: int,
        request: str | None,
        operator: str,
        *,
        kind: str | None = None,
        txn: str | None = None,
    ) -> None:
        """The posting's own record."""
        self.s.ledger(
            at, qty, before, sku=self.sku, batch=self.batch, location=self.location, doc_type=kind or line.kind, doc=line.doc, doc_line=line.number,
            request_id=request, operator=operator, txn=txn or txn_of(at),
        )  # fmt: skip

    def posted(
        self, at: int, line: Line, *, request: str | None = None, erp: bool = True, ms: int = 0, qty: int | None = None
    ) -> int:
        """A line posted as it should be: scan, call, posting, both systems; when it was committed."""
        request, operator = request or self.s.day.number("R"), self.s.someone()
        qty = line.qty if qty is None else qty
        self.scan(at, line, operator)
        answer = {"code": "0", "message": "成功", self.s.day.keys["available"]: self.book}
        endpoint = DEDUCT if line.kind == "outbound" else f"/api/{line.kind}/confirm"
        committed = self.s.call(
            at, endpoint, ("PDA", "WMS"), self.body(line, request, operator, qty), request, ms=ms, answer=answer
        )
        self.ledger(committed, line, self.sign(line) * qty, self.book, request, operator)
        self.change(committed, self.sign(line) * qty)
        self.goods += self.sign(line) * qty
        if erp:
            self.told(committed, line)
        return committed

    def some_picks(self, at: int, n: int) -> int:
        """A few picks one after the other, as on any day; when the last was over."""
        for _ in range(n):
            if self.book > 12:
                self.posted(at, self.line(at, "outbound", self.s.number(1, 2)))
            at = self.s.later(at, 300, 1200)
        return at

    def afterwards(self, at: int) -> None:
        """Work goes on: a receipt where the row ran low, and a pick or two."""
        at = self.s.later(at, 900, 2400)
        if self.book < 15:
            at = self.s.later(self.posted(at, self.line(at, "inbound", self.s.number(30, 60))), 600, 1800)
        self.some_picks(at, self.s.number(1, 2))

    # --- readers -----------------------------------------------------------------------------------------------------

    def read(self, at: int, value: int, served: str, reserved: int = 0, batch: str | None = None) -> str:
        """Somebody is shown a value; the read's request id."""
        request = self.s.day.number("R")
        self.s.sheets.row(
            "reads", ts=at, request_id=request, sku=self.sku, batch=batch or self.batch, location=self.location, warehouse=self.s.site.warehouse, qty=value,
            qty_reserved=reserved, qty_available=value - reserved, served_from=served, operator=self.s.someone(),
        )  # fmt: skip
        return request

    def cache(self, at: int, action: str, value: int | None = None, client: int = 11) -> None:
        """A command at the cache."""
        self.s.sheets.row(
            "cache", ts=at, action=action, key=f"stock:{self.sku}:{self.location}", value=None if value is None else str(value),
            client=f"10.20.{self.s.site.number % 200}.{client}:52344",
        )  # fmt: skip

    def lock(self, at: int, line: Line, action: str, qty: int | None = None) -> None:
        """A reservation on the row."""
        self.s.sheets.row(
            "reservation", ts=at, sku=self.sku, batch=self.batch, location=self.location, qty=qty or line.qty, doc=line.doc, doc_line=line.number,
            action=action, operator="system",
        )  # fmt: skip

    def database(self, at: int, action: str, txn: str, ms: int, **more: Any) -> None:
        """What the database says of a transaction at this row."""
        self.s.sheets.row(
            "lock", ts=at, action=action, txn=txn, duration_ms=ms, sku=self.sku, location=self.location, **more
        )

    def noticed(self, at: int, share: float = 0.5) -> None:
        """For a share of the stories the row is counted in the evening; nothing is adjusted yet."""
        if self.book != self.goods and self.s.chance(share):
            at = max(self.s.later(at, 3600, 3 * 3600), self.s.day.t0 + int((21 + self.s.rng.random()) * HOUR))
            self.s.count(at, self.location, self.sku, self.batch, self.book, self.goods)
