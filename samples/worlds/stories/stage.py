"""The stage of the stories: single rows, told in the same words and delays as the normal work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from catalogue import CAUSES
from crew import STORY_HANDHELDS, STORY_PEOPLE
from day import Day, txn_of
from times import HOUR, MS, SECOND, utc
from warehouse import Parked

FIELDS = ("pallet", "location", "sku", "batch", "task", "doc", "doc_line", "request_id")
Ends = tuple[str, str]
REFUSED: Mapping[str, Any] = {"success": False, "code": "E1001", "message": "库存不足"}
BROKEN: Mapping[str, Any] = {"success": False, "code": "E500", "message": "系统异常"}


class Stage:
    """Writes a story's rows and its truth. Times are microseconds on the true clock."""

    def __init__(self, day: Day) -> None:
        self.day, self.site, self.rng, self.sheets = day, day.site, day.rng, day.sheets
        self._handhelds = 0

    # --- chance ----------------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < share)

    def later(self, at: int, low_s: float, high_s: float) -> int:
        """A moment between `low_s` and `high_s` seconds after `at`."""
        return at + int(self.rng.uniform(low_s, high_s) * SECOND)

    def time(self, since_h: float = 6.5, until_h: float = 17.5) -> int:
        """A moment of today."""
        return self.day.t0 + int(self.rng.uniform(since_h, until_h) * HOUR)

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def someone(self) -> str:
        """An operator."""
        return STORY_PEOPLE[self.number(0, len(STORY_PEOPLE) - 1)]

    def handheld(self) -> str:
        """A handheld scanner that nobody else uses now."""
        self._handhelds += 1
        return f"PDA-{STORY_HANDHELDS + self._handhelds}"

    # --- calls -------------------------------------------------------------------------------------------------------

    def body(self, **values: Any) -> str:
        """A JSON body by the meaning of its keys."""
        keys = self.day.keys
        return json.dumps(
            {keys[k]: v for k, v in values.items() if v is not None}, ensure_ascii=False, separators=(",", ":")
        )

    def log(
        self, table: str, at: int, request: str, endpoint: str, ends: Ends, body: str, *, ms: int = 80, status: int | None = 200,
        answer: Mapping[str, Any] | None = None, error: str | None = None, attempt: int = 1,
    ) -> None:  # fmt: skip
        """One end's record of a call; `answer` null with a status of 200 means success, without a status no answer."""
        text = (
            None
            if status is None
            else json.dumps(answer or {"code": "0", "message": "成功"}, ensure_ascii=False, separators=(",", ":"))
        )
        self.sheets.row(
            table, ts=at, request_id=request, endpoint=endpoint, caller=ends[0], callee=ends[1], attempt=attempt, duration_ms=ms, status_code=status,
            request_body=body, response_body=text, error=error,
        )  # fmt: skip

    def gateway(self, at: int, request: str, endpoint: str, body: str, *, ms: int = 82, status: int = 200) -> None:
        """The gateway's record of a call."""
        self.sheets.row(
            "gateway", ts=at + 2 * MS, request_id=request, method="POST", uri=endpoint, status_code=status, duration_ms=ms, body=body, upstream=str(status),
        )  # fmt: skip

    def call(
        self, at: int, endpoint: str, ends: Ends, body: str, request: str, tables: Iterable[str] = ("interface", "gateway"), *, ms: int = 0,
        answer: Mapping[str, Any] | None = None, attempt: int = 1,
    ) -> int:  # fmt: skip
        """A call that is answered, in the logs of all ends; the time at which the receiver commits."""
        ms = ms or min(int(self.rng.lognormal(np.log(80), 0.6)) + 10, 4000)
        for table in tables:
            if table == "gateway":
                self.gateway(at, request, endpoint, body, ms=ms + 2)
                continue
            sends = ends[0].startswith({"wcs_calls": "WCS", "erp_calls": "ERP", "interface": "WMS"}[table])
            self.log(
                table,
                at if sends else at + 3 * MS,
                request,
                endpoint,
                ends,
                body,
                ms=ms + 7 if sends else ms,
                answer=answer,
                attempt=attempt,
            )
        return at + ms * 600

    # --- records -----------------------------------------------------------------------------------------------------

    def ledger(self, at: int, qty: int, before: int, **values: Any) -> None:
        """A posting that starts from a balance of `before`."""
        row = {"warehouse": self.site.warehouse, "txn": txn_of(at), "uom": "件"} | values
        self.sheets.row("ledger", ts=at, qty=qty, qty_before=before, qty_after=before + qty, **row)

    def count(
        self,
        at: int,
        location: str,
        sku: str,
        batch: str | None,
        book: int,
        counted: int,
        pallet: str | None = None,
        doc: str | None = None,
    ) -> str:
        """One counted place; the count's document."""
        doc = doc or self.day.number("PD")
        self.sheets.row(
            "count", ts=at, doc=doc, location=location, pallet=pallet, sku=sku, batch=batch, qty_expected=book, qty_counted=counted, operator=self.someone(),
        )  # fmt: skip
        return doc

    def order(self, at: int, doc: str, partner: str | None, kind: str, sku: str, qty: int, *, batch: str | None = None, line: str = "1",
              erp: bool = True, erp_batch: str | None = None) -> None:  # fmt: skip
        """A document line in the ERP, sent to the WMS, and in the WMS."""
        common = {"doc_line": line, "doc_type": kind, "qty": qty, "uom": "件", "state": "CREATED"}
        if erp and partner is not None:
            self.sheets.row(
                "documents", ts=at, doc=partner, partner_doc=doc, sku=self.erp_sku(sku), batch=erp_batch or batch, warehouse=self.site.erp_warehouse,
                operator="erp", **common,
            )  # fmt: skip
            body = self.body(partner=partner, line=line, type=kind, sku=self.erp_sku(sku), qty=qty)
            told = self.later(at, 0.5, 20)
            self.call(told, "/api/order/create", ("ERP", "WMS"), body, self.day.number("R"), ("erp_calls", "interface"))
            at = told
        self.sheets.row(
            "orders", ts=at + 60 * MS, doc=doc, partner_doc=partner, sku=sku, batch=batch, warehouse=self.site.warehouse, operator="system", **common,
        )  # fmt: skip

    def closed(
        self,
        at: int,
        doc: str,
        partner: str | None,
        kind: str,
        sku: str,
        qty: int,
        *,
        batch: str | None = None,
        line: str = "1",
    ) -> None:
        """The WMS's document is done."""
        self.sheets.row(
            "orders", ts=at + 20 * MS, doc=doc, partner_doc=partner, doc_line=line, doc_type=kind, sku=sku, batch=batch, qty=qty, uom="件",
            warehouse=self.site.warehouse, state="DONE", operator=self.someone(),
        )  # fmt: skip

    def push(
        self, at: int, doc: str, partner: str, kind: str, sku: str, qty: int, *, line: str = "1", heard: bool = True
    ) -> None:
        """The WMS tells the ERP what it booked; `heard`: the ERP's own log has it too."""
        endpoint = "/erp/api/push/receipt" if kind in ("inbound", "return", "exchange") else "/erp/api/push/shipment"
        body = self.body(doc=doc, line=line, partner=partner, sku=self.erp_sku(sku), qty=qty)
        self.call(
            at,
            endpoint,
            ("WMS", "ERP"),
            body,
            self.day.number("R"),
            ("interface", "erp_calls") if heard else ("interface",),
        )

    def erp_posts(self, at: int, doc: str | None, partner: str, kind: str, sku: str, qty: int, sign: int, *, line: str = "1", batch: str | None = None,
                  warehouse: str | None = None) -> None:  # fmt: skip
        """The ERP posts under its own number; its balance follows."""
        self.sheets.row(
            "documents", ts=at, doc=partner, partner_doc=doc, doc_line=line, doc_type=kind, sku=self.erp_sku(sku), batch=batch, qty=qty, uom="件",
            warehouse=warehouse or self.site.erp_warehouse, state="DONE", operator="erp",
        )  # fmt: skip
        if warehouse is None:
            self.site.erp[self.material(sku)] += sign * qty

    def told_erp(
        self,
        at: int,
        doc: str,
        partner: str,
        kind: str,
        sku: str,
        qty: int,
        sign: int,
        *,
        batch: str | None = None,
        line: str = "1",
    ) -> None:
        """Pushed and posted, as always."""
        at = self.later(at, 1, 12)
        self.push(at, doc, partner, kind, sku, qty, line=line)
        self.erp_posts(at + 60 * MS, doc, partner, kind, sku, qty, sign, batch=batch, line=line)

    def material(self, sku: str) -> int:
        """A material's number."""
        return int(sku[4:]) - 1 + (0 if sku.startswith("2001") else self.site.common)

    def erp_sku(self, sku: str) -> str:
        """What the ERP calls it."""
        return str(self.site.erp_code[self.material(sku)])

    def park(self, slot: str, pallet: str, *lines: tuple[str, str | None, int, int]) -> None:
        """Leave a slot alone until it is counted: (sku, batch, book, goods)."""
        told = [(self.material(sku), batch or "", book, goods) for sku, batch, book, goods in lines]
        self.site.parked.append(Parked(self.day.index, slot, pallet, told))

    # --- truth -------------------------------------------------------------------------------------------------------

    def fault(
        self, cause: str, since: int, until: int, error: int, note: str, also: tuple[str, ...] = (), **subject: Any
    ) -> None:
        """Note what went wrong."""
        about = CAUSES[cause]
        entry = {
            "fault": cause[:9], "cause": cause, "slug": about.slug, "subject": {name: subject.get(name) for name in FIELDS}, "started_at": utc(since),
            "ended_at": utc(until), "qty_error": str(error), "note": note, "observable": list(about.observable),
        }  # fmt: skip
        if also := (*about.also, *also):
            entry["also"] = list(also)
        self.day.faults.append(entry)

    def innocent(self, cause: str, at: int, why: str, **subject: Any) -> None:
        """Note what only looks wrong."""
        self.day.innocent.append({
            "looks_like": cause, "slug": CAUSES[cause].slug, "subject": {name: subject.get(name) for name in FIELDS}, "at": utc(at), "why": why,
        })  # fmt: skip
