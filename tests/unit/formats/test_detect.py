from __future__ import annotations

from pathlib import Path

import pytest
from unit.formats.helpers import GENERIC, parse_text, rows, spec_from

from forensics.formats.detect import Head, detect
from forensics.formats.systems import from_name, system_of

FORMAT = """
id = "{id}"
system = "wcs"
title = {{ en = "x", zh = "x" }}
[detect]
head = ['{head}']
name = ["*agv*"]
weight = {weight}
[[pattern]]
name = "p"
regex = '^(?P<text>.*)$'
[[sample]]
text = "x"
"""


def test_the_heaviest_that_fits_wins_and_the_others_are_named(tmp_path: Path) -> None:
    (tmp_path / "light.toml").write_text(FORMAT.format(id="light", head="^x", weight=5), encoding="utf-8")
    registry = spec_from(tmp_path, FORMAT.format(id="heavy", head="^x", weight=50))
    found = detect(registry, Head("y\nx", "some.log"))
    assert found.spec.id == "heavy"
    assert "heavy: its beginning fits" in found.reasons
    assert any(reason.startswith("not light:") for reason in found.reasons)


def test_a_name_strengthens_but_does_not_decide_alone(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        FORMAT.format(id="aaa", head="^x", weight=50).replace("*agv*", "*other*"), encoding="utf-8"
    )
    registry = spec_from(tmp_path, FORMAT.format(id="bbb", head="^x", weight=50))
    assert detect(registry, Head("x", "logs/AGV-1.log")).spec.id == "bbb"
    assert detect(registry, Head("x", "logs/1.log")).spec.id == "aaa"
    assert detect(registry, Head("q", "agv.log")).spec.id == "plain"


def test_an_unknown_text_is_plain_lines() -> None:
    found, parsed = parse_text("hello\n\n  world taskNo=T1\n", "x.txt")
    assert found.spec.id == "plain"
    assert found.reasons[0].startswith("no format recognises it")
    assert [row["kind"] for row in rows(parsed)] == ["log", "log"]
    assert rows(parsed)[1]["task"] == "T1"


def test_an_unknown_text_with_times_is_dated() -> None:
    found, parsed = parse_text(
        "banner\n[2025-03-11 09:15:40.020] INFO hello\n\tat x\n[2025-03-11 09:15:41.020] bye\n", "x.log"
    )
    assert found.spec.id == "plain-dated"
    assert [row.get("ts") for row in rows(parsed)] == [None, "2025-03-11 01:15:40", "2025-03-11 01:15:41"]


def test_an_empty_head_and_binary_junk_are_plain() -> None:
    for text in ("", "\n\n", "\x00\x01\x02", '"', ",,,\n,,,"):
        assert detect(GENERIC, Head(text)).spec.id.startswith("plain")


def test_prose_with_commas_is_no_table() -> None:
    found = detect(GENERIC, Head("Dear all, the task is done\nplease check, thanks\n"))
    assert found.spec.id == "plain"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(separator: str) -> None:
    text = "时间,物料编码,数量,变动前,变动后\n2026-03-11 10:00:00,1,5,1,6\n".replace(",", separator)
    found = detect(GENERIC, Head(text))
    assert (found.spec.id, found.separator, found.spec.record.separator, found.header_line) == (
        "table-ledger",
        separator,
        separator,
        0,
    )
    assert found.mapping["物料编码"] == "sku"


def test_columns_from_outside() -> None:
    found = detect(
        GENERIC,
        Head("2026-03-11 10:00:00,1,5,1,6\n", "dump.sql", ["create_time", "sku", "qty", "before_qty", "after_qty"]),
    )
    assert (found.spec.id, found.header_line, found.header) == (
        "table-ledger",
        None,
        ("create_time", "sku", "qty", "before_qty", "after_qty"),
    )


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("logs/wcs/app.log", "wcs"), ("wcs/wms_callback.csv", "wcs"), ("logs/rcs/x.log", "wcs"), ("pda/1.csv", "scanner"), ("erp_balance.csv", "erp"), ("redis-6379/monitor.txt", "cache"),
        ("mariadb10.11/stock.csv", "db"), ("a/b.csv", None), ("case/nginx/access.log", "wms"), ("数据库/流水.csv", "db"), ("x.zip!wcs/t.csv", "wcs"),
    ],
)  # fmt: skip
def test_system_from_the_name(name: str, system: str | None) -> None:
    assert from_name(name, GENERIC.maps) == system


def test_who_wrote_it() -> None:
    assert system_of("rcs/x.log", GENERIC.maps, "wms", None) == ("wcs", "its folder or file name")
    assert system_of("rcs/x.log", GENERIC.maps, "db", None)[0] == "db", "a binlog is a binlog wherever it is kept"
    assert system_of("mysql/api.log", GENERIC.maps, "wms", None)[0] == "wms", (
        "a WMS log kept beside the database is still the WMS's"
    )
    assert system_of("x.log", GENERIC.maps, "wms", "erp")[0] == "wms"
    assert system_of("x.log", GENERIC.maps, None, "erp") == ("erp", "--system")
