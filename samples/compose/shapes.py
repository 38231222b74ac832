"""From records to evidence files: every system's own layout, encoding, line ends and clock."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows import dumps, stamp
from openpyxl import Workbook
from world import DAY, World

WCS_AHEAD = timedelta(seconds=95)


def ms(at: datetime) -> str:
    """Milliseconds after a dot."""
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def gateway_clock(at: datetime) -> datetime:
    """0.4 s behind at 08:00 and losing 15 ppm."""
    since = (at - DAY - timedelta(hours=8)).total_seconds()
    return at - timedelta(seconds=0.4 + 15e-6 * since)


def ordered(w: World, name: str) -> list[tuple[datetime, Any]]:
    """The records of one file in the order in which they were written."""
    return sorted(w.records.get(name, []), key=lambda item: item[0])


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]], end: str = "\n") -> str:
    """CSV with minimal quoting."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def ledger(w: World) -> bytes:
    """The WMS's stock ledger, exported on Windows: Chinese headings, GB18030, CRLF, whole seconds.

    The export sorts by time only, so rows of one second may come out in any order; three pairs do.
    """
    rows = [(n, at.strftime("%Y-%m-%d %H:%M:%S"), *row) for n, (at, row) in enumerate(ordered(w, "ledger"), 880001)]
    for first, second in w.swaps:
        i = next(i for i, row in enumerate(rows) if row[15] == first)
        j = next(i for i, row in enumerate(rows) if row[15] == second)
        assert rows[i][1] == rows[j][1], "only ties may change places"
        rows[i], rows[j] = rows[j], rows[i]
    header = (
        "流水号", "操作时间", "物料编码", "物料名称", "批次号", "托盘号", "库位编码", "业务类型", "变动数量", "变动前数量",
        "变动后数量", "单位", "单据号", "行号", "任务号", "请求号", "操作人",
    )  # fmt: skip
    return csv_text(header, rows, "\r\n").encode("gb18030")


def tasks(w: World) -> bytes:
    """The WMS's task log: one row per state change and who caused it. UTF-8 with BOM, as Excel saves it."""
    header = (
        "任务号", "任务类型", "任务状态", "操作时间", "托盘号", "起点", "终点", "物料编码", "批次号", "数量", "单据号",
        "操作来源", "操作人", "备注",
    )  # fmt: skip
    rows = [(*row[:3], ms(at), *row[3:]) for at, row in ordered(w, "task")]
    return csv_text(header, rows).encode("utf-8-sig")


def interface_log(w: World) -> bytes:
    """The WMS's interface log table, dumped as CSV: JSON of both directions inside."""
    header = (
        "id", "receive_time", "src_client_code", "interface_code", "interface_name", "end_time", "time_cost", "in_param",
        "out_param", "sev_thread_name", "req_ip", "req_code",
    )  # fmt: skip
    rows = []
    for n, (at, (client, code, name, took, body, answer, address, request)) in enumerate(ordered(w, "api"), 501200):
        ahead = timedelta() if client == "IWCS" else WCS_AHEAD
        sent = at - timedelta(milliseconds=5) + (ahead if client in ("HIK", "EIS") else timedelta())
        rows.append(
            (n, ms(at), client, code, name, ms(at + timedelta(milliseconds=took)), round(took), body.replace('"@"', f'"{stamp(sent)}"'),
             answer, f"http-nio-8080-exec-{1 + n % 20}", address, request)
        )  # fmt: skip
    return csv_text(header, rows).encode()


def gateway(w: World) -> tuple[bytes, bytes]:
    """The gateway's JSON access log: the rotated part (to 14:00) and the rest; one line was cut by the rotation."""
    parts: tuple[list[str], list[str]] = ([], [])
    for at, (verb, path, status, took, request, body, address, upstream, upstream_took) in ordered(w, "nginx"):
        seen = gateway_clock(at)
        began = gateway_clock(at - timedelta(milliseconds=took))
        ahead = WCS_AHEAD if address in ("10.20.1.20", "10.20.1.31") else timedelta()
        line = {
            "msec": f"{(seen - datetime(1970, 1, 1) - timedelta(hours=8)).total_seconds():.3f}",
            "time": seen.strftime("%Y-%m-%dT%H:%M:%S+08:00"), "addr": address, "method": verb, "uri": path,
            "status": status, "rt": round(took / 1000, 3), "urt": upstream_took or f"{took / 1000:.3f}",
            "ua": "10.20.1.11:8080, 10.20.1.12:8080" if "," in upstream else "10.20.1.11:8080",
            "us": "-" if status == 499 else upstream, "rid": request,
            "body": body.replace('"@"', f'"{stamp(began + ahead)}"'),
        }  # fmt: skip
        parts[at >= DAY + timedelta(hours=14)].append(dumps(line))
    parts[0].append(parts[1][0][:61])
    return ("\n".join(parts[0]) + "\n").encode(), ("\n".join(parts[1]) + "\n").encode()


def callbacks(w: World) -> bytes:
    """The robots' control system: every message it sent, attempts included, one JSON object a line; clock 95 s ahead."""
    lines = []
    for at, body in ordered(w, "rcs"):
        seen = stamp(at + WCS_AHEAD)
        message = {**body, "reqTime": seen}
        if isinstance(message["data"], list):
            message["data"] = [{**warning, "beginTime": seen} for warning in message["data"]]
        lines.append(dumps(message))
    return ("\n".join(lines) + "\n").encode()


def served(w: World) -> bytes:
    """What the robots' control system was asked to do: its service's access log, by its own clock."""
    names = ("caller", "callee", "url", "reqCode", "taskCode", "request", "httpStatus", "cost_ms", "response")
    lines = []
    for at, row in ordered(w, "rcs-served"):
        seen = at + WCS_AHEAD
        line = {"time": ms(seen), **dict(zip(names, row, strict=True))}
        line["cost_ms"] = round(line["cost_ms"])
        lines.append(dumps(line))
    return ("\n".join(lines) + "\n").encode()


def device_log(w: World) -> bytes:
    """The control system's text log (logback), with a banner, heartbeats and stack traces."""
    lines = [
        "  __    __  ___  ____",
        " |  |/\\|  |/ __|/ ___|   lanwu-wcs 3.4.1",
        " |__/\\__|\\___|\\___|    profile: prod",
        "",
    ]
    for at, (level, logger, line, text) in ordered(w, "wcs"):
        lines.append(f"==={ms(at + WCS_AHEAD)} {level:<5} com.lanwu.wcs.{logger} Line:{line:<3} - {text}")
    return ("\n".join(lines) + "\n").encode()


def blocks(w: World, name: str) -> bytes:
    """The shuttle system's file log: time line, body, a rule of dashes; GBK, whole seconds, clock 95 s ahead."""
    out = []
    for at, row in ordered(w, name):
        seen = at + WCS_AHEAD
        body = row[0] + ("\n" if name == "eis-err" else "") + row[1].replace('"@"', f'"{stamp(seen)}"')
        out.append(f"{seen:%Y/%m/%d %H:%M:%S}\n{body}\n-----------------------\n")
    return "".join(out).encode("gb18030")


def simple(
    name: str, header: Sequence[str], place: int, time: Callable[[datetime], str] = ms
) -> Callable[[World], bytes]:
    """A plain UTF-8 CSV whose time stands at column `place`."""

    def write(w: World) -> bytes:
        return csv_text(header, [(*row[:place], time(at), *row[place:]) for at, row in ordered(w, name)]).encode()

    return write


scans = simple("scan", ("scan_time", "设备", "操作人", "扫描环节", "条码", "应扫", "任务号", "库位", "结果"), 0)
bindings = simple("binding", ("托盘号", "物料编码", "批次号", "数量", "操作", "操作人", "操作时间"), 6)
alarms = simple(
    "alarm", ("时间", "设备编号", "任务号", "托盘号", "当前位置", "动作", "报警内容"), 0, lambda at: ms(at + WCS_AHEAD)
)
orders = simple(
    "orders", ("单据号", "行号", "单据类型", "物料编码", "批次号", "数量", "单位", "单据状态", "创建时间"), 8, stamp
)
counts = simple(
    "count", ("盘点单号", "盘点时间", "库位", "托盘号", "物料编码", "账面数量", "实盘数量", "差异", "操作人"), 1, stamp
)
snapshot = simple("snapshot", ("快照时间", "物料编码", "批次号", "托盘号", "库位编码", "库存数量"), 0, stamp)
reservations = simple(
    "reservation",
    (
        "create_time",
        "sku_code",
        "batch_no",
        "loc_code",
        "container_code",
        "lock_qty",
        "order_no",
        "line_no",
        "action",
        "create_by",
    ),
    0,
)


def count_sheet(w: World) -> bytes:
    """The afternoon's count as the supervisor keeps it: a workbook with a title above the headings."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "循环盘点"
    sheet.append(["蓝坞一号仓 循环盘点记录表  2026年3月11日"])
    sheet.append([])
    sheet.append(["盘点时间", "库位", "托盘号", "物料编码", "账面数量", "实盘数量", "盘点人"])
    for at, row in ordered(w, "count-sheet"):
        sheet.append([at.replace(microsecond=0), *row])
    book.create_sheet("说明").append(["明盘；差异当日不过账，次日复核。"])
    book.properties.created = book.properties.modified = DAY
    raw = io.BytesIO()
    book.save(raw)
    return _same_bytes(raw.getvalue())


def _same_bytes(workbook: bytes) -> bytes:
    """The workbook without the moment at which it was saved, so that composing twice gives one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "docProps/core.xml":
                head, _, rest = data.partition(b"<dcterms:modified")
                _, _, tail = rest.partition(b"</dcterms:modified>")
                data = (
                    head + b'<dcterms:modified xsi:type="dcterms:W3CDTF">2026-03-11T00:00:00Z</dcterms:modified>' + tail
                )
            new.writestr(zipfile.ZipInfo(info.filename, (2026, 3, 11, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def replica_status() -> bytes:
    r"""`SHOW REPLICA STATUS\G` of the reporting replica, sampled every half hour by a cron job."""
    out = []
    for n in range(27):
        at = DAY + timedelta(hours=7, minutes=30 * n)
        position = 4_120_331 + 812_447 * n
        fields = {
            "Replica_IO_State": "Waiting for source to send event", "Source_Host": "10.20.1.41", "Source_User": "repl",
            "Source_Port": 3306, "Connect_Retry": 60, "Source_Log_File": "binlog.000318", "Read_Source_Log_Pos": position,
            "Relay_Log_File": "relay-bin.000702", "Relay_Log_Pos": position + 155, "Relay_Source_Log_File": "binlog.000318",
            "Replica_IO_Running": "Yes", "Replica_SQL_Running": "Yes", "Last_Errno": 0, "Last_Error": "",
            "Exec_Source_Log_Pos": position, "Seconds_Behind_Source": 1 if n == 14 else 0, "Last_IO_Errno": 0,
            "Last_IO_Error": "", "Last_SQL_Errno": 0, "Last_SQL_Error": "", "Source_Server_Id": 41,
            "Replica_SQL_Running_State": "Replica has read all relay log; waiting for more updates", "Channel_Name": "",
        }  # fmt: skip
        out.append(
            f"### {at:%Y-%m-%dT%H:%M:%S}+08:00\n*************************** 1. row ***************************\n"
        )
        out += [f"{key:>30}: {value}\n" for key, value in fields.items()]
    return "".join(out).encode()


def write_all(w: World, case: Path) -> None:
    """Write the case's evidence, its truth, and what `forensics demo` asks of it, below `case`."""
    rotated, current = gateway(w)
    files = {
        "wms/stock_ledger_20260311.csv": ledger(w),
        "wms/task_log.csv": tasks(w),
        "wms/interface_log.csv": interface_log(w),
        "wms/reservation.csv": reservations(w),
        "wms/binding.csv": bindings(w),
        "wms/orders.csv": orders(w),
        "wms/count.csv": counts(w),
        "wms/stock_snapshot_0700.csv": snapshot(w),
        "wms/盘点记录0311.xlsx": count_sheet(w),
        "wcs/rcs-callback-20260311.jsonl": callbacks(w),
        "wcs/wcs.log": device_log(w),
        "wcs/rcs-service-20260311.jsonl": served(w),
        "wcs/device_alarm.csv": alarms(w),
        "wcs/eis/FileLog/20260311/WmsInStockTask.txt": blocks(w, "eis-in"),
        "wcs/eis/FileLog/20260311/WmsInStockTaskError.txt": blocks(w, "eis-err"),
        "wcs/eis/FileLog/20260311/RCSInterface.txt": blocks(w, "eis-rcs"),
        "pda/scan_log.csv": scans(w),
        "nginx/access.json.log": current,
        "nginx/access.json.log.1.gz": gzip.compress(rotated, 9, mtime=0),
        "db/replica_status_20260311.txt": replica_status(),
    }
    for name, data in files.items():
        path = case / "evidence" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (case / "demo.json").write_text(json.dumps(w.demo, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    truth = {"zone": "Asia/Shanghai", "faults": w.faults, "innocent": w.innocent}
    (case / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
