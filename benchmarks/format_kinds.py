"""A format of each kind against two bare readers: the equivalent one-liner, and a mere line reader.

    python benchmarks/format_kinds.py [--size-mb 64] [--repeat 3] [--dir DIR] [NAME …]

The *one-liner* is the Polars that an engineer would write to get the same columns out of the same file: for text one regex with the groups
that the format has, for JSON a decoding with a schema, the times parsed (and nothing else: no words are mapped, no durations computed, no
codes found inside texts), the line kept, written as Parquet. The *line reader* writes the lines and splits nothing.

Both columns `of …` are the bare reader's CPU time over the ingest's (user + system of the whole process, best of `--repeat`; 1.0: as cheap as the
bare reader), `wall` is the first by wall time. The aim is 0.4 of the one-liner at least.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from ingest import Run, ingest, measure

_SHANGHAI = timezone(timedelta(hours=8))
_START = datetime(2026, 3, 11, 8, tzinfo=_SHANGHAI)
_BLOCK = 20_000
"""Records that are composed together."""
_HEAD = "import re, sys\nimport polars as pl\n"
_LINES = "pl.scan_lines(sys.argv[1], name='line')"
_WRITE = ".sink_parquet(sys.argv[2], compression='zstd')"


@dataclass(frozen=True)
class Call:
    """What one record tells, in whatever format."""

    n: int
    at: datetime
    took_ms: int
    failed: bool
    read: bool
    rng: random.Random

    @property
    def doc(self) -> str:
        """Its document."""
        return f"CK0311{self.n % 10_000:04}"

    @property
    def sku(self) -> str:
        """Its material."""
        return f"{20_000 + self.n % 997}"

    @property
    def location(self) -> str:
        """Its place."""
        return f"A-{self.n % 40 + 1:02}-{self.n % 59 + 1:02}-{self.n % 8 + 1:02}"

    @property
    def request(self) -> str:
        """A request id, another each time."""
        return f"{self.rng.getrandbits(64):016x}"

    @property
    def url(self) -> str:
        """What is called, with its parameters."""
        return (
            f"/wms/stock/query?sku={self.sku}"
            if self.read
            else f"/wms/outbound/confirm?docNo={self.doc}&sku={self.sku}&qty={self.n % 60}"
        )

    @property
    def verb(self) -> str:
        """The HTTP method."""
        return "GET" if self.read else "POST"

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 504 if self.failed else 200


def _json(**value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _combined(c: Call) -> str:
    return f'10.3.1.{c.n % 250} - - [{c.at:%d/%b/%Y:%H:%M:%S} +0800] "{c.verb} {c.url} HTTP/1.1" {c.status} {c.n % 900} "-" "okhttp/4.9"'


def _extended(c: Call) -> str:
    took = f"{c.took_ms / 1000:.3f}"
    return f'{_combined(c)} rt={took} uct="0.001" urt="{took}" us="{c.status}" ua="10.3.1.{c.n % 3 + 5}:8080" rid="{c.request}"'


def _nginx_json(c: Call) -> str:
    took = round(c.took_ms / 1000, 3)
    return _json(
        msec=f"{c.at.timestamp():.3f}", time=c.at.isoformat(timespec="seconds"), addr=f"10.3.1.{c.n % 250}", method=c.verb, uri=c.url, status=c.status, rt=took,
        urt=str(took), ua=f"10.3.1.{c.n % 3 + 5}:8080", us=str(c.status), rid=c.request, body="" if c.read else _json(sku=c.sku, qty=c.n % 60), ua_str="okhttp/4.9",
    )  # fmt: skip


def _gateway_call(c: Call) -> str:
    sent, step = c.at, timedelta(milliseconds=c.took_ms / 3)
    return _json(
        path=c.url.partition("?")[0], request_id=c.request, gw_send=_iso(sent), app_recv=_iso(sent + step), app_send=_iso(sent + 2 * step), gw_recv=_iso(sent + 3 * step),
        status=c.status, result=float(c.n % 90), sku=c.sku, location=c.location, qty=c.n % 60, doc_no=c.doc, line_no=c.n % 9, op="read" if c.read else "deduct",
    )  # fmt: skip


def _w3c(c: Call) -> str:
    path, _, query = c.url.partition("?")
    return f"{c.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} 10.3.1.5 {c.verb} {path} {query} 80 - 10.3.1.{c.n % 250} okhttp/4.9+(x) - {c.status} 0 0 {c.took_ms}"


def _stamp(c: Call, point: str = ".") -> str:
    return f"{c.at:%Y-%m-%d %H:%M:%S}{point}{c.at.microsecond // 1000:03}"


def _app_log(c: Call) -> str:
    head = f"{_stamp(c)} [http-nio-8080-exec-{c.n % 20}] "
    if c.failed:
        return (
            f"{head}ERROR c.x.wms.OutboundService - 扣减失败 docNo={c.doc} sku={c.sku}\njava.net.SocketTimeoutException: Read timed out\n"
            "\tat java.net.SocketInputStream.socketRead0(Native Method)\n\tat c.x.wms.OutboundService.confirm(OutboundService.java:118)"
        )
    if c.n % 3:
        return f"{head}INFO  c.x.wms.OutboundService - 收到出库确认 {_json(orderNo=c.doc, sku=c.sku, locationCode=c.location, qty=c.n % 60)}"
    return f"{head}INFO  c.x.wms.TaskService - 任务T{c.n:010}已下发 托盘TP{c.n % 1_000_000:06} 货位{c.location}"


def _ecs(c: Call) -> str:
    _, _, message = _app_log(c).partition(" - ")
    return json.dumps(
        {
            "@timestamp": f"{c.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{c.at.microsecond // 1000:03}Z", "log.level": "ERROR" if c.failed else "INFO", "process.pid": 7124,
            "process.thread.name": f"http-nio-8080-exec-{c.n % 20}", "service.name": "wms", "log.logger": "c.x.wms.OutboundService", "message": message,
            "trace.id": c.request, "ecs.version": "8.11",
        },
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip


def _redis(c: Call) -> str:
    command = (
        f'"GET" "wms:stock:{c.sku}:{c.location}"' if c.read else f'"SET" "wms:stock:{c.sku}:{c.location}" "{c.n % 900}"'
    )
    return f"{c.at.timestamp():.6f} [0 10.3.1.{c.n % 9}:{40_000 + c.n % 9_000}] {command}"


def _update(c: Call) -> str:
    return f"UPDATE stock SET qty=qty-{c.n % 60 + 1} WHERE sku='{c.sku}' AND location_code='{c.location}'"


def _postgres(c: Call) -> str:
    head = f"{_stamp(c)} CST [{4000 + c.n % 90}] wms@wms "
    if c.failed:
        return (
            f"{head}ERROR:  deadlock detected\n{head}DETAIL:  Process {4000 + c.n % 90} waits for ShareLock on transaction {c.n}; blocked by process 4001.\n"
            f"{head}STATEMENT:  {_update(c)}"
        )
    return f"{head}LOG:  duration: {c.took_ms}.123 ms  statement: {_update(c)}"


def _general(c: Call) -> str:
    text = f"SELECT qty FROM stock WHERE sku='{c.sku}'" if c.read else _update(c)
    return f"{_iso(c.at.astimezone(UTC))[:26]}Z\t{c.n % 40 + 8:5} Query\t{text}"


def _slow(c: Call) -> str:
    return (
        f"# Time: {_iso(c.at.astimezone(UTC))[:26]}Z\n# User@Host: wms[wms] @  [10.3.1.20]  Id: {c.n % 40 + 8:5}\n"
        f"# Query_time: {c.took_ms / 1000:.6f}  Lock_time: 0.000120 Rows_sent: 0  Rows_examined: {c.n % 900}\n"
        f"SET timestamp={int(c.at.timestamp())};\n{_update(c)};"
    )


def _canal(c: Call) -> str:
    row = {
        "id": str(c.n % 5000),
        "sku": c.sku,
        "location_code": c.location,
        "qty": f"{c.n % 900}.000",
        "update_time": f"{c.at:%Y-%m-%d %H:%M:%S}",
    }
    return _json(
        data=[row], database="wms", es=int(c.at.timestamp() * 1000), id=c.n, isDdl=False, old=[{"qty": f"{c.n % 900 + 5}.000"}], pkNames=["id"], sql="", table="stock",
        ts=int(c.at.timestamp() * 1000) + 120, type="UPDATE",
    )  # fmt: skip


def _regex(regex: str, *columns: str, lines: str = _LINES) -> str:
    """One regex over every line or record, and the columns computed from its groups."""
    return f"{_HEAD}{lines}.with_columns(pl.col('line').str.extract_groups({regex!r}).alias('groups')).unnest('groups').with_columns({', '.join(columns)}){_WRITE}"


def _records(start: str, regex: str, *columns: str) -> str:
    """Records of several lines: the text cut where a line begins with `start`, then one regex."""
    cut = f"text = open(sys.argv[1], encoding='utf-8', newline='').read()\nat = [m.start() for m in re.finditer({start!r}, text)]\n"
    return _regex(
        regex, *columns, lines=cut + "pl.LazyFrame({'line': [text[a:b] for a, b in zip(at, [*at[1:], len(text)])]})"
    )


def _decoded(fields: dict[str, str], *columns: str, rows: str = "") -> str:
    """JSON decoded with a schema, and the columns computed from its values."""
    schema = ", ".join(f"{name!r}: {kind}" for name, kind in fields.items())
    return (
        f"{_HEAD}{_LINES}.with_columns(pl.col('line').str.json_decode(pl.Struct({{{schema}}})).alias('values')).unnest('values')"
        f".with_columns({', '.join(columns)}){rows}{_WRITE}"
    )


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "pl.String")


def _time(name: str, form: str | None = None, zone: str | None = None) -> str:
    given = "" if form is None else repr(form)
    end = "" if zone is None else f".dt.replace_time_zone({zone!r})"
    return f"pl.col({name!r}).str.to_datetime({given}, strict=False){end}"


_ACCESS = (
    r'^(?P<addr>[^ ]+) [^ ]+ (?P<user>[^ ]+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>[^ ?"]+)(?:\?(?P<query>[^ "]*))?(?: HTTP/[0-9.]+)?" '
    r'(?P<status>[0-9]{3}) (?P<bytes>[0-9]+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
)
_PAIRS = r' rt="?(?P<rt>[0-9.]+)"? uct="[^"]*" urt="(?P<urt>[^"]*)" us="(?P<us>[^"]*)" ua="(?P<ua>[^"]*)" rid="(?P<rid>[^"]*)"'
_ACCESS_TIME = _time("time", "%d/%b/%Y:%H:%M:%S %z")
_PG = r"^(?P<time>[0-9-]+ [0-9:.]+) \S+ \[(?P<pid>[0-9]+)\] (?P<who>\S*) (?P<level>[A-Z]+):  (?:duration: (?P<ms>[0-9.]+) ms  statement: )?(?P<message>(?s:.*))$"
_SLOW = (
    r"(?s)^# Time: (?P<time>\S+)\n# User@Host: (?P<user>[^\[]*)\[[^\]]*\] @ +(?P<host>\S*) *\[(?P<ip>[^\]]*)\] +Id: +(?P<thread>[0-9]+)\n"
    r"# Query_time: (?P<query_time>[0-9.]+)  Lock_time: (?P<lock_time>[0-9.]+) Rows_sent: (?P<sent>[0-9]+)  Rows_examined: (?P<examined>[0-9]+)\n(?P<statement>.*)$"
)
_ROW = "pl.List(pl.Struct({'id': pl.String, 'sku': pl.String, 'location_code': pl.String, 'qty': pl.String, 'update_time': pl.String}))"


@dataclass(frozen=True)
class Kind:
    """How a record is written, what stands before all, and the equivalent one-liner (a script of the two files)."""

    write: Callable[[Call], str]
    bare: str
    head: str = ""
    suffix: str = ".log"


KINDS = {
    "nginx-combined": Kind(_combined, _regex(_ACCESS, _ACCESS_TIME)),
    "nginx-extended": Kind(_extended, _regex(_ACCESS + _PAIRS, _ACCESS_TIME)),
    "nginx-json": Kind(_nginx_json, _decoded(
        {**_texts("msec", "time", "addr", "method", "uri"), "status": "pl.Int64", "rt": "pl.Float64", **_texts("urt", "ua", "us", "rid", "body", "ua_str")},
        "pl.from_epoch((pl.col('msec').cast(pl.Float64) * 1000).cast(pl.Int64), time_unit='ms')", _time("time", "%Y-%m-%dT%H:%M:%S%z"),
    )),
    "gateway-calls": Kind(_gateway_call, _decoded(
        {**_texts("path", "request_id", "gw_send", "app_recv", "app_send", "gw_recv"), "status": "pl.Int64", "result": "pl.Float64", **_texts("sku", "location"),
         "qty": "pl.Int64", "doc_no": "pl.String", "line_no": "pl.Int64", "op": "pl.String"},
        *(_time(name, "%Y-%m-%dT%H:%M:%S%.f%z") for name in ("gw_send", "app_recv", "app_send", "gw_recv")),
    )),
    "iis-w3c": Kind(_w3c, _regex(
        r"^(?P<time>[^ ]+ [^ ]+) (?P<s_ip>[^ ]+) (?P<method>[^ ]+) (?P<stem>[^ ]+) (?P<query>[^ ]+) (?P<port>[^ ]+) (?P<user>[^ ]+) (?P<c_ip>[^ ]+) (?P<agent>[^ ]+) "
        r"(?P<referer>[^ ]+) (?P<status>[^ ]+) (?P<substatus>[^ ]+) (?P<win32>[^ ]+) (?P<taken>[^ ]+)$",
        _time("time", "%Y-%m-%d %H:%M:%S", "UTC"), "pl.col('taken').cast(pl.Float64)",
    ), "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"),
    "app-log": Kind(_app_log, _records(
        r"(?m)^\d{4}-\d\d-\d\d ", r"(?s)^(?P<time>[^ ]+ [^ ]+) \[(?P<thread>[^\]]*)\] (?P<level>[A-Z]+) +(?P<logger>[^ ]+) - (?P<message>.*)$", _time("time", "%Y-%m-%d %H:%M:%S%.f"),
    )),
    "ecs-json-flat": Kind(_ecs, _decoded(
        {**_texts("@timestamp", "log.level"), "process.pid": "pl.Int64", **_texts("process.thread.name", "service.name", "log.logger", "message", "trace.id", "ecs.version")},
        _time("@timestamp", "%Y-%m-%dT%H:%M:%S%.fZ", "UTC"),
    ), suffix=".json"),
    "redis-monitor": Kind(_redis, _regex(
        r'^(?P<time>[0-9.]+) \[(?P<db>[0-9]+) (?P<client>[^\]]+)\] "(?P<command>[A-Za-z]+)" "(?P<key>[^"]*)"(?: "(?P<value>[^"]*)")?',
        "pl.from_epoch((pl.col('time').cast(pl.Float64) * 1e6).cast(pl.Int64), time_unit='us')",
    )),
    "postgres-log": Kind(_postgres, _records(r"(?m)^[^\n]*\] wms@wms (?:LOG|ERROR):  ", _PG, _time("time", "%Y-%m-%d %H:%M:%S%.f"))),
    "mysql-general-log": Kind(_general, _regex(
        r"^(?P<time>[^\t]+)\t *(?P<thread>[0-9]+) (?P<command>[A-Za-z ]+)\t(?P<statement>.*)$", _time("time", "%Y-%m-%dT%H:%M:%S%.fZ", "UTC"),
    )),
    "mysql-slow-log": Kind(_slow, _records(r"(?m)^# Time: ", _SLOW, _time("time", "%Y-%m-%dT%H:%M:%S%.fZ", "UTC"))),
    "canal": Kind(_canal, _decoded(
        {"data": _ROW, "database": "pl.String", "es": "pl.Int64", "id": "pl.Int64", "isDdl": "pl.Boolean", "old": _ROW, **_texts("sql", "table"), "ts": "pl.Int64", "type": "pl.String"},
        "pl.from_epoch('es', time_unit='ms')",
        rows=".explode('data', 'old')",
    ), suffix=".json"),
}  # fmt: skip


def write(path: Path, kind: Kind, size_mb: int, seed: int = 1) -> int:
    """Write at least `size_mb` megabytes, in whole blocks; the number of records."""
    rng, written = random.Random(seed), 0
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(kind.head)
        while not written or path.stat().st_size < size_mb * 1_000_000:
            for n in range(written, written + _BLOCK):
                call = Call(n, _START + timedelta(milliseconds=17 * n), 1 + n % 400, n % 50 == 49, n % 4 == 0, rng)
                out.write(kind.write(call) + "\n")
            written += _BLOCK
            out.flush()
    return written


def main() -> None:
    """Generate, run in turns, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(KINDS), metavar="NAME")
    parser.add_argument("--size-mb", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where to work (default: a temporary folder)")
    given = parser.parse_args()
    print(
        f"{'format':<18}{'records':>10}{'MB':>5}{'bare CPU s':>12}{'ingest CPU s':>14}{'MB/s wall':>11}{'of one-liner':>14}{'wall':>6}{'of lines':>10}"
    )
    with tempfile.TemporaryDirectory(dir=given.dir) as folder:
        for name in given.names:
            _one(name, KINDS[name], Path(folder), given.size_mb, given.repeat)


def _one(name: str, kind: Kind, work: Path, size_mb: int, repeat: int) -> None:
    source, target = work / f"{name}{kind.suffix}", work / "bare.parquet"
    records = write(source, kind, size_mb)
    runs: dict[str, list[Run]] = {"bare": [], "lines": [], "ingest": []}
    for _ in range(repeat):
        runs["bare"].append(measure([sys.executable, "-c", kind.bare, source, target]))
        runs["lines"].append(measure([sys.executable, "-c", _HEAD + _LINES + _WRITE, source, target]))
        runs["ingest"].append(ingest(source, work))
    cpu = {what: min(run.cpu for run in taken) for what, taken in runs.items()}
    wall = {what: min(run.seconds for run in taken) for what, taken in runs.items()}
    size = source.stat().st_size / 1e6
    print(
        f"{name:<18}{records:>10,}{size:>5.0f}{cpu['bare']:>12.2f}{cpu['ingest']:>14.2f}{size / wall['ingest']:>11.1f}{cpu['bare'] / cpu['ingest']:>14.2f}"
        f"{wall['bare'] / wall['ingest']:>6.2f}{cpu['lines'] / cpu['ingest']:>10.2f}",
        flush=True,
    )
    source.unlink()


if __name__ == "__main__":
    main()
