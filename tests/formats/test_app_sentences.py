"""Sentences of application logs: a step is a step only where the text says so, in whatever layout the line stands."""

from __future__ import annotations

import json

import polars as pl
import pytest

from forensics.formats.detect import Head, detect
from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.spec import Sample

REGISTRY = load_formats()
STEPS = {
    "任务T20260311000017已走出储位": ("device", "pick_done", "LEFT_SOURCE"),
    "任务T20260311000017的搬运任务开始": ("task", "start", "STARTED"),
    "任务T20260311000017已结束": ("task", "complete", "DONE"),
    "任务【T20260311000017】已取消，操作人 li4": ("task", "cancel", "CANCELLED"),
    "任务号:T20260311000017 强制完成": ("task", "force_complete", "FORCED_DONE"),
    "任务T20260311000017执行失败": ("task", "fail", "FAILED"),
    "task T20260311000017 was cancelled.": ("task", "cancel", "CANCELLED"),
    "任务T20260311000017放货完成": ("device", "put_done", "DONE"),
    "堆垛机SRM-02报警：任务T20260311000017 光电异常": ("device", "alarm", None),
    "设备故障": ("device", "alarm", None),
    "任务T20260311000017 空取，货位A-02-03-01": ("device", "empty_pick", None),
    "满入报警 货位A-02-03-01": ("device", "occupied_put", None),
    "托盘TP000123已由人工移出": ("device", "manual_remove", None),
}
NO_STEPS = (
    "任务T20260311000017取消失败", "任务T20260311000017未完成", "任务T20260311000017完成后通知 WMS", "任务T20260311000017开始时间为空", "报警解除",
    "设备SRM-02报警解除", "设备故障率统计", "不允许人工移出操作", "没有空取记录表", "请求取消任务", "任务号T20260311000018没有匹配的任务",
    "子任务ST0017开始修复走出储位回调未执行成功情况,清空地码050500AB051000的货架编号", "task list completed",
)  # fmt: skip
LAYOUTS = {
    "app-log": lambda text: f"2026-03-11 09:15:40.020 INFO  [exec-3] c.i.task.AgvCallbackServiceImpl - {text}",
    "ecs-json-flat": lambda text: json.dumps({"@timestamp": "2026-03-11T01:15:40Z", "log.level": "INFO", "message": text}),
    "logstash-json": lambda text: json.dumps({"@timestamp": "2026-03-11T01:15:40Z", "@version": "1", "level": "INFO", "message": text}),
    "gelf-json": lambda text: json.dumps({"version": "1.1", "host": "a", "timestamp": 1773191640.5, "level": 6, "short_message": text}),
    "serilog-clef": lambda text: json.dumps({"@t": "2026-03-11T01:15:40Z", "@m": text}),
}  # fmt: skip


def told(format_id: str, text: str) -> list[tuple[str, str, str | None]]:
    line = LAYOUTS[format_id](text)
    assert detect(REGISTRY, Head(line, "wms.log")).spec.id == format_id
    found = parse_sample(REGISTRY.get(format_id), Sample(line)).events.filter(pl.col("kind") != "log")
    return [(row["kind"], row["action"], row.get("state")) for row in found.iter_rows(named=True)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("text", STEPS)
def test_a_sentence_that_tells_of_a_step(text: str, layout: str) -> None:
    assert told(layout, text) == [STEPS[text]]


@pytest.mark.parametrize("text", NO_STEPS)
def test_a_sentence_that_only_talks_of_one(text: str) -> None:
    assert told("app-log", text) == []


def test_the_nouns_of_a_sentence_go_with_it() -> None:
    line = LAYOUTS["app-log"]("堆垛机SRM-02报警：任务T100001 托盘TP000123 货位A-02-03-01 光电异常")
    alarm = parse_sample(REGISTRY.get("app-log"), Sample(line)).events.filter(pl.col("kind") == "device")
    assert alarm.select("device", "task", "pallet", "location").rows() == [
        ("SRM-02", "T100001", "TP000123", "A-02-03-01")
    ]
    assert alarm["error"][0].startswith("堆垛机SRM-02报警")


def test_a_table_is_no_application_log() -> None:
    text = "时间,级别,设备编号,任务号,动作\n2026-03-11 09:14:05,ERROR,SRM-02,T100001,报警\n2026-03-11 09:14:06,INFO,SRM-02,T100001,取货完成\n"
    assert detect(REGISTRY, Head(text, "wcs.csv")).spec.id == "table-device"
