"""A handheld: one process with a clock and a log of its own, moved by the hands of the runner.

Commands come as JSON lines on stdin and are answered on stdout in order. A command posts to the WMS through the office gateway and repeats it when no
answer comes, as the handheld's program does.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from typing import Any
from urllib.parse import urlencode

from urllib3.exceptions import HTTPError

from lab.clock import local
from lab.services.web import Service, compact

DEVICE = os.environ["LAB_DEVICE"]


class Handheld:
    """The program on the handheld."""

    def __init__(self) -> None:
        self.service = Service(DEVICE, "com.pda.net")
        self.numbers = itertools.count(1)

    def new_id(self) -> str:
        """`PDA-03-260311-00014`."""
        return f"{DEVICE}-{local(self.service.clock.now())[2:10].replace('-', '')}-{next(self.numbers):05d}"

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        """Post (or get) `path` with `body`; up to `tries` times while the outcome is unknown, with the same request id unless `fresh_ids`."""
        request_id, began = self.new_id(), self.service.now
        for attempt in range(1, command.get("tries", 3) + 1):
            if attempt > 1:
                self.service.think(command.get("pause", 3.0))
                if command.get("fresh_ids"):
                    request_id = self.new_id()
            status, body = self._once(command, request_id, attempt)
            if status == 200:
                break
        return {"status": status, "request_id": request_id, "attempts": attempt, "began": began, **body}

    def _once(self, command: dict[str, Any], request_id: str, attempt: int) -> tuple[int | None, dict[str, Any]]:
        service, body, path = self.service, command.get("body", {}), command["path"]
        if path == "/api/pda/scan":
            body = body | {"device": DEVICE, "device_ts": service.stamp()}
        headers = {
            "X-Request-Id": request_id,
            "X-Client": DEVICE,
            "X-Attempt": str(attempt),
            "User-Agent": f"pda-app/5.2 ({DEVICE})",
            "X-Lab": json.dumps(command.get("how", {})),
        }
        url = f"http://127.0.0.1:{service.ports['office']}/wms{path}"
        service.log.info("--> %s reqId=%s attempt=%d %s", path, request_id, attempt, compact(body))
        sent = service.now
        try:
            if command.get("method") == "GET":
                response = service.http.request(
                    "GET", f"{url}?{urlencode(body)}", headers=headers, timeout=service.clock.lab.real(45)
                )
            else:
                response = service.http.request(
                    "POST",
                    url,
                    body=compact(body).encode(),
                    headers=headers | {"Content-Type": "application/json"},
                    timeout=service.clock.lab.real(45),
                )
        except (HTTPError, ValueError) as failure:
            service.log.error("<-- %s reqId=%s %s: %s", path, request_id, type(failure).__name__, failure)
            return None, {"code": None}
        took = round((service.now - sent) * 1000)
        service.log.info(
            "<-- %s reqId=%s HTTP %s %s (%d ms)",
            path,
            request_id,
            response.status,
            response.data.decode("utf-8", "replace")[:400].strip(),
            took,
        )
        return response.status, response.json() if response.status == 200 else {"code": None}


if __name__ == "__main__":
    handheld = Handheld()
    for line in sys.stdin:
        print(json.dumps(handheld.do(json.loads(line))), flush=True)
