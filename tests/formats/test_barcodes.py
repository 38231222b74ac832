"""Scanned codes: GS1 labels against an independent parser, layouts of one's own, and what is wrong with a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import biip
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forensics
from forensics.checks.prepare import prepare
from forensics.formats import gs1
from forensics.formats.barcodes import read
from forensics.formats.labels import Label
from forensics.formats.load import load_formats
from forensics.model.errors import FormatError

GTIN, SSCC = "06901234567892", "369012345000000012"


def one(code: str, *labels: Label) -> dict[str, Any]:
    found = {name: values[0] for name, values in read(pl.Series([code]), labels).items()}
    return {name: str(value) if name == "qty" else value for name, value in found.items() if value is not None}


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (f"00{SSCC}", {"barcode_type": "sscc", "pallet": SSCC}),
        (SSCC, {"barcode_type": "sscc", "pallet": SSCC}),
        (f"]C100{SSCC}", {"barcode_type": "sscc", "pallet": SSCC, "symbology": "C1"}),
        (f"(00){SSCC}", {"barcode_type": "sscc", "pallet": SSCC}),
        ("]C100369012345000000013", {"barcode_type": "sscc", "pallet": "369012345000000013", "symbology": "C1", "barcode_problem": "check-digit"}),
        ("00369012345000000013", {"barcode_type": "sscc", "pallet": "369012345000000013", "barcode_problem": "check-digit"}),
        ("369012345000000013", {}),
        ("4006381333931", {"barcode_type": "gtin", "gtin": "4006381333931"}),
        ("]E04006381333931", {"barcode_type": "gtin", "gtin": "4006381333931", "symbology": "E0"}),
        ("]E04006381333932", {"barcode_type": "gtin", "gtin": "4006381333932", "symbology": "E0", "barcode_problem": "check-digit"}),
        ("]E496385074", {"barcode_type": "gtin", "gtin": "96385074", "symbology": "E4"}),
        ("96385074", {}),
        ("20010466", {}),
        ("TP000123", {}),
        ("A-02-03-01", {}),
        ("]C0TP000123", {"symbology": "C0"}),
        (f"]d201{GTIN}10B2503\x1d3740", {"barcode_type": "gs1", "gtin": GTIN, "batch": "B2503", "qty": "40.000000", "symbology": "d2"}),
        (f"]C101{GTIN} 10B2503<GS>3740", {"barcode_type": "gs1", "gtin": GTIN, "batch": "B2503", "qty": "40.000000", "symbology": "C1"}),
        (f"01{GTIN}10B2503|3740", {"barcode_type": "gs1", "gtin": GTIN, "batch": "B2503", "qty": "40.000000"}),
        (f"(01){GTIN}(10)B2503(37)40", {"barcode_type": "gs1", "gtin": GTIN, "batch": "B2503", "qty": "40.000000"}),
        (f"(01){GTIN}(17)260200(21)S1", {"barcode_type": "gs1", "gtin": GTIN, "expiry": "2026-02-28", "serial": "S1"}),
        (f"]Q301{GTIN}3102001250", {"barcode_type": "gs1", "gtin": GTIN, "net_weight_kg": "12.5", "symbology": "Q3"}),
        (f"]C101{GTIN}17261345", {"barcode_type": "gs1", "gtin": GTIN, "barcode_problem": "date", "symbology": "C1"}),
        (f"01{GTIN}1726023010A", {"barcode_type": "gs1", "gtin": GTIN, "batch": "A", "barcode_problem": "date"}),
        ("]C10106901234", {"barcode_type": "gs1", "barcode_problem": "incomplete", "symbology": "C1"}),
        (f"02{GTIN}10B25033740", {"barcode_type": "gs1", "gtin": GTIN, "barcode_problem": "separator-lost"}),
        (f"]C101{GTIN}10{'B' * 21}", {"barcode_type": "gs1", "gtin": GTIN, "barcode_problem": "separator-lost", "symbology": "C1"}),
        (f"]C101{GTIN}400PO-88\x1d11260311", {"barcode_type": "gs1", "gtin": GTIN, "partner_doc": "PO-88", "produced": "2026-03-11", "symbology": "C1"}),
    ],
)  # fmt: skip
def test_what_a_code_says(code: str, says: dict[str, str]) -> None:
    assert one(code) == says


_TEXT = st.text("ABCXYZ0123456789-/.", min_size=1, max_size=20)
_PART = st.one_of(
    st.tuples(st.just("10"), _TEXT), st.tuples(st.just("21"), _TEXT), st.tuples(st.just("240"), _TEXT), st.tuples(st.just("400"), _TEXT),
    st.tuples(st.just("37"), st.integers(0, 99_999_999).map(str)), st.tuples(st.just("91"), _TEXT),
    st.tuples(st.sampled_from(["11", "13", "15", "17"]), st.dates().map(lambda d: d.strftime("%y%m%d"))),
    st.tuples(st.sampled_from(["3100", "3103", "3925"]), st.integers(0, 999_999).map(lambda n: f"{n:06d}")),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**13 - 1), st.lists(_PART, max_size=5, unique_by=lambda part: part[0]))
def test_elements_agree_with_an_independent_parser(number: int, parts: list[tuple[str, str]]) -> None:
    body = f"{number:013d}"
    gtin = body + str(biip.checksums.gs1_standard_check_digit(body))
    variable = ("10", "21", "240", "400", "37", "91", "3925")
    text = "01" + gtin + "".join(ai + value + (gs1.GS if ai in variable else "") for ai, value in parts)
    theirs = biip.parse("]C1" + text).gs1_message
    assert theirs is not None
    ours = gs1.elements(pl.Series([text]))
    assert ours["problem"].null_count() == len(ours)
    assert list(zip(ours["ai"], ours["value"], strict=True)) == [(e.ai.ai, e.value) for e in theirs.element_strings]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([7, 11, 12, 13, 17]).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
def test_check_digits_agree_with_an_independent_parser(body: str) -> None:
    right = biip.checksums.gs1_standard_check_digit(body)
    fits = gs1.check_digit_fits(pl.Series([body + str(digit) for digit in range(10)]))
    assert fits.to_list() == [digit == right for digit in range(10)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=40), st.from_regex(r"\](C1|d2|E0)[0-9A-Z|~\x1d]{0,40}", fullmatch=True)),
        max_size=8,
    )
)
def test_any_text_is_survived_and_rows_stay_in_place(codes: list[str | None]) -> None:
    found = read(pl.Series(codes, dtype=pl.String))
    for name, values in found.items():
        assert len(values) == len(codes)
        for code, value in zip(codes, values, strict=True):
            alone = read(pl.Series([code], dtype=pl.String)).get(name)
            assert value == (None if alone is None else alone[0])


def test_layouts_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "labels.toml").write_text(
        """
[[label]]
name      = "mes"
positions = ["expiry:8", "pallet:18", "sku:8", "-:2", "batch:8", "qty:6"]
dates     = { expiry = "%Y%m%d" }
[[label]]
name      = "goods"
separator = "|"
fields    = ["sku", "batch", "", "qty", "uom"]
[[label]]
name  = "pallet"
regex = '^(?P<pallet>TP\\d{6})$'
""",
        encoding="utf-8",
    )
    labels = load_formats([tmp_path]).labels
    assert one(f"20260311{SSCC}2001046600B2503   000040", *labels) == {
        "barcode_type": "mes", "expiry": "2026-03-11", "pallet": SSCC, "sku": "20010466", "batch": "B2503", "qty": "40.000000",
    }  # fmt: skip
    assert one(f"20261311{SSCC}2001046600B2503   000040", *labels)["barcode_problem"] == "date"
    assert one("20010466|B2503|x|12.5|EA", *labels) == {
        "barcode_type": "goods", "sku": "20010466", "batch": "B2503", "qty": "12.500000", "uom": "EA",
    }  # fmt: skip
    assert one("TP000123", *labels) == {"barcode_type": "pallet", "pallet": "TP000123"}
    assert one("TP00012", *labels) == {}
    assert one(f"00{SSCC}", *labels)["pallet"] == SSCC


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[label]]\nname = "x"\n', "exactly one of regex, separator, positions"),
        ("[[label]]\nregex = '^(x)$'\n", "every group needs a name"),
        ("[[label]]\nregex = '^(?P<a>x$'\n", "the regex is wrong"),
        ('[[label]]\npositions = ["a:b"]\n', "positions is a list"),
        ('[[label]]\nseparator = "|"\n', "separator is a text"),
        ('[[label]]\nregexp = "|"\n', "'regexp' is not known"),
    ],
)
def test_a_wrong_layout_is_told_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "labels.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=says) as caught:
        load_formats([tmp_path])
    assert caught.value.location is not None
    assert caught.value.location.line


SCANS = """扫描时间,设备,扫描环节,条码,应扫,结果
2026-03-11 09:00:00,PDA-01,组盘,TP000123,TP000123,成功
2026-03-11 09:00:20,PDA-01,上架,TP000132,TP000123,失败
2026-03-11 09:00:40,PDA-01,上架,TP000123,TP000123,成功
2026-03-11 09:00:41,PDA-01,上架,TP000123,TP000123,成功
2026-03-11 09:01:00,PDA-01,上架,TP000123,A-02-03-01,失败
2026-03-11 09:02:00,PDA-01,上架,TP0001,TP000123,失败
2026-03-11 09:03:00,PDA-01,上架,TP000124,TP000123,成功
2026-03-11 09:04:00,PDA-01,上架,TP000200,TP000123,成功
2026-03-11 09:05:00,PDA-01,上架,A-02-03-02,A-09-03-01,成功
2026-03-11 09:06:00,PDA-01,上架,]C100369012345000000013,00369012345000000012,失败
2026-03-11 09:07:00,PDA-01,上架,(00)369012345000000012,369012345000000012,成功
2026-03-11 09:08:00,PDA-01,上架,XX-9,TP000123,失败
2026-03-11 09:09:00,PDA-01,拣货,4006381333931,10023,成功
"""
BINDINGS = "绑定时间,托盘号,物料编码,批次,数量,操作人\n" + "".join(
    f"2026-03-11 08:00:0{n},{pallet},10023,B1,5,张三\n" for n, pallet in enumerate(["TP000123", "TP000200"])
)
LEDGER = "时间,物料编码,库位,变动前,数量,变动后\n2026-03-11 08:00:00,10023,A-02-03-01,0,5,5\n2026-03-11 08:00:00,10023,A-02-03-02,0,5,5\n"
MASTER = "类型,物料编码,对应编码\nsku,10023,04006381333931\n"


def test_what_is_wrong_with_a_scan(tmp_path: Path) -> None:
    for name, text in (("scan.csv", SCANS), ("bind.csv", BINDINGS), ("ledger.csv", LEDGER), ("master.csv", MASTER)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    case = forensics.open_case(tmp_path / "case", create=True)
    case.ingest(*(str(tmp_path / name) for name in ("scan.csv", "bind.csv", "ledger.csv", "master.csv")))
    import duckdb

    con = duckdb.connect()
    con.register("events", case.sql("SELECT * FROM events").to_arrow())
    prepare(con, views=["scan_faults", "scans"])
    found = con.sql(
        "SELECT strftime(at_time(us) AT TIME ZONE 'Asia/Shanghai', '%H:%M:%S'), fault FROM scan_faults ORDER BY us, fault"
    ).fetchall()
    assert found == [
        ("09:00:20", "transposed"), ("09:00:41", "double-trigger"), ("09:01:00", "previous-code"), ("09:02:00", "truncated"),
        ("09:03:00", "misread"), ("09:04:00", "other-pallet"), ("09:05:00", "other-location"), ("09:06:00", "check-digit"),
        ("09:06:00", "misread"), ("09:08:00", "unknown-code"),
    ]  # fmt: skip
    labels = con.sql(
        "SELECT code, code_type, pallet, sku FROM scans WHERE barcode_type IS NOT NULL ORDER BY us"
    ).fetchall()
    assert labels == [
        ("]C100369012345000000013", "pallet", "369012345000000013", None),
        ("(00)369012345000000012", "pallet", "369012345000000012", None),
        ("4006381333931", "sku", None, "10023"),
    ]
    raw = case.sql("SELECT extra FROM events WHERE kind = 'scan' AND pallet = '369012345000000012'")
    assert json.loads(raw["extra"][0])["barcode"] == "(00)369012345000000012", "the code as scanned stays"
