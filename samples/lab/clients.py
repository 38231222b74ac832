"""Hands on the machines: handhelds, office screens, the ERP's users, the robots' fate. All block until the answer is there."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from lab.clock import LabClock, local

Answer = dict[str, Any]
"""`status` (None: no answer), `code` (0 is success), `msg`, `data`, `request_id`, `attempts`, `began` (lab time)."""


class Device:
    """One handheld; one person at a time."""

    def __init__(self, name: str, child: subprocess.Popen[str]) -> None:
        self.name = name
        self._child = child
        self._lock = threading.Lock()

    def post(self, path: str, body: dict[str, Any], how: dict[str, Any] | None = None, **options: Any) -> Answer:
        """Post to the WMS. `how`: see services/web.py `How`. Options: `tries` (3), `pause` (3 lab s), `fresh_ids`."""
        return self._do({"path": path, "body": body, "how": how or {}, **options})

    def get(self, path: str, query: dict[str, Any], how: dict[str, Any] | None = None) -> Answer:
        """Ask the WMS."""
        return self._do({"path": path, "body": query, "how": how or {}, "method": "GET", "tries": 1})

    def scan(self, scan_type: str, barcode: str, operator: str, expected: str | None = None, **fields: Any) -> Answer:
        """Scan a label: scan_type receive, bind, putaway, pick, load, gate or count; fields location, pallet, sku, batch, doc, doc_line, task, outcome."""
        return self.post(
            "/api/pda/scan",
            {"scan_type": scan_type, "barcode": barcode, "operator": operator, "expected": expected, **fields},
        )

    def _do(self, command: dict[str, Any]) -> Answer:
        assert self._child.stdin
        assert self._child.stdout
        with self._lock:
            self._child.stdin.write(json.dumps(command, default=float) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        if not line:
            raise ConnectionError(f"{self.name} is off")
        return json.loads(line)  # type: ignore[no-any-return]


class Http:
    """JSON over HTTP from the runner."""

    def __init__(self, ports: dict[str, int], clock: LabClock) -> None:
        self.ports = ports
        self.clock = clock
        self.pool = urllib3.PoolManager(maxsize=32, retries=False)
        self._numbers = itertools.count(1)

    def send(
        self,
        port: str,
        path: str,
        body: dict[str, Any],
        *,
        method: str = "POST",
        prefix: str = "WEB",
        how: dict[str, Any] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One request; never raises for what the other side does."""
        began = self.clock.now()
        request_id = f"{prefix}-{local(began)[2:10].replace('-', '')}-{next(self._numbers):05d}"
        headers = {
            "X-Request-Id": request_id,
            "X-Client": prefix,
            "X-Lab": json.dumps(how or {}),
            "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/122.0",
        }
        url = f"http://127.0.0.1:{self.ports[port]}{path}"
        try:
            if method == "GET":
                response = self.pool.request(
                    "GET",
                    url,
                    fields={k: str(v) for k, v in body.items()},
                    headers=headers,
                    timeout=self.clock.real(timeout),
                )
            else:
                response = self.pool.request(
                    "POST",
                    url,
                    body=json.dumps(body, default=float).encode(),
                    headers=headers | {"Content-Type": "application/json"},
                    timeout=self.clock.real(timeout),
                )
            found = response.json() if response.status == 200 else {"code": None}
            return {"status": response.status, "request_id": request_id, "attempts": 1, "began": began, **found}
        except (HTTPError, ValueError) as failure:
            return {
                "status": None,
                "code": None,
                "msg": str(failure),
                "request_id": request_id,
                "attempts": 1,
                "began": began,
            }


class Screen:
    """An office screen of the WMS with somebody at it; no clock, no log of its own."""

    def __init__(self, http: Http, operator: str) -> None:
        self._http = http
        self.operator = operator

    def post(self, path: str, how: dict[str, Any] | None = None, **body: Any) -> Answer:
        """Click: `/api/screen/…`."""
        return self._http.send(
            "office", f"/wms{path}", body | {"operator": self.operator, "terminal": f"WEB-{self.operator}"}, how=how
        )

    def get(self, path: str, how: dict[str, Any] | None = None, **query: Any) -> Answer:
        """Look: `/api/screen/stock` (cache), `/api/report/stock`, `/api/board/stock` (replica), `/api/screen/availability`."""
        return self._http.send("office", f"/wms{path}", query | {"operator": self.operator}, method="GET", how=how)


class Erp:
    """The users of the ERP, and what the recorder arranges there."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def create(self, kind: str, lines: list[dict[str, Any]], *, send: bool = True, partner: str | None = None) -> str:
        """Enter a document (`sku`, `batch`, `qty`, `uom`, also `warehouse_code`, `quality`, `sent_sku`: the code the message to the WMS carries); its number."""
        answer = self._http.send(
            "erp", "/document", {"type": kind, "lines": lines, "send": send, "partner": partner}, prefix="ERP"
        )
        if answer["code"] != 0:
            raise RuntimeError(f"the ERP refused a document: {answer}")
        return str(answer["data"]["doc"])

    def post_by_hand(self, doc: str, kind: str, lines: list[dict[str, Any]], wms_doc: str | None = None) -> Answer:
        """Post in the ERP only: lines of `line`, `sku`, `batch`, `qty`, also `material`, `warehouse_code`, `uom`."""
        return self._http.send(
            "erp", "/post", {"doc": doc, "type": kind, "lines": lines, "wmsDoc": wms_doc}, prefix="ERP"
        )

    def drop(self, doc: str, how: str) -> Answer:
        """What becomes of the WMS's confirmation of `doc` (either side's number): `lost`, `fail`, or `` for nothing."""
        return self._http.send("erp", "/lab/drop", {"doc": doc, "how": how})

    def pause(self, on: bool) -> Answer:
        """Stop or resume the ERP's queue."""
        return self._http.send("erp", "/lab/pause", {"job": "queue", "on": on})


class Wcs:
    """What the recorder arranges at the WCS."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def plan(self, pallet: str, **what: Any) -> Answer:
        """What will happen to a pallet on its next task: see services/wcs.py `plan`."""
        return self._http.send("wcs", "/lab/plan", {"pallet": pallet, **what})

    def settings(self, **what: Any) -> Answer:
        """How the WCS behaves at large."""
        return self._http.send("wcs", "/lab/settings", what)


class Wms:
    """What the recorder arranges at the WMS."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def hold(self, table: str, where: str, values: list[Any], seconds: float, job: str) -> Answer:
        """A batch job called `job` locks rows for so many lab seconds; returns once it has them."""
        return self._http.send(
            "wms",
            "/lab/hold",
            {"table": table, "where": where, "values": values, "seconds": seconds, "job": job},
            timeout=300,
        )

    def pause(self, job: str, on: bool) -> Answer:
        """Stop or resume a background job: outbox, report."""
        return self._http.send("wms", "/lab/pause", {"job": job, "on": on})
