from __future__ import annotations

import codecs

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.ingest.encoding import Encoding, guess, split

TEXT = "2025-03-11 10:00:00 任务T001已走出储位 货位A-02-03-01\n"


@pytest.mark.parametrize(
    ("data", "name", "bom"),
    [
        (TEXT.encode(), "utf-8", 0),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8", 3),
        (TEXT.encode("gb18030"), "gb18030", 0),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be", 2),
        (b"id,qty\r\n1,2\r\n".decode().encode("utf-16-le"), "utf-16-le", 0),
        (b"plain ascii\n", "utf-8", 0),
        (TEXT.encode()[:-20], "utf-8", 0),  # cut inside a character
        (bytes(range(256)) * 20, None, 0),
        (b"\xfebin" + bytes(500), None, 0),
        (b"line\n" * 500 + b"\x00\x00" + b"line\n" * 500, "utf-8", 0),  # a few stray zeros in a log
    ],
)
def test_guess(data, name, bom):
    assert guess(data) == Encoding(name, bom)


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
@given(lines=st.lists(st.text(st.characters(codec="gb18030", exclude_characters="\r\n"), max_size=30), max_size=20))
@settings(max_examples=60, deadline=None)
def test_lines_and_offsets_survive_every_encoding(name, lines):
    ends = [line + "\n" for line in lines]
    data = "".join(ends).encode(name)
    found = split(data, Encoding(name))
    assert found.series().to_list() == lines
    assert found.offsets.tolist() == np.cumsum([0, *[len(e.encode(name)) for e in ends]])[:-1].tolist()
    assert found.replaced == 0


def test_runs_of_lines_keep_inner_line_ends():
    found = split(b"a\r\nb\r\nc\r\n", Encoding("utf-8"))
    assert found.series(np.array([0, 2])).to_list() == ["a\nb", "c"]


def test_bom_is_no_text_but_counts_in_offsets():
    found = split(codecs.BOM_UTF8 + b"id\n1\n", Encoding("utf-8", 3), first=True)
    assert found.series().to_list() == ["id", "1"]
    assert found.offsets.tolist() == [0, 6]


def test_gbk_lines_inside_a_utf8_log_are_decoded_one_by_one():
    data = "第一行\n".encode() + "第二行\n".encode("gb18030") + b"\xff\xfe\xff third\n" + b"fourth\n"
    found = split(data, Encoding("utf-8"))
    assert found.series().to_list()[:2] == ["第一行", "第二行"]
    assert found.series().to_list()[3] == "fourth"
    assert found.replaced >= 1
    assert len(found) == 4


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_lose_a_line(data):
    for encoding in (Encoding("utf-8"), Encoding("gb18030")):
        found = split(data, encoding)
        assert len(found) == data.count(b"\n") + (1 if data and not data.endswith(b"\n") else 0)
        assert all(o == 0 or data[o - 1 : o] == b"\n" for o in found.offsets.tolist())
