from __future__ import annotations

import bz2
import gzip
import io
import lzma

import pyarrow as pa
import pytest

from forensics.ingest.streams import Stream, archive, compression, decompressed

DATA = "任务T001 put_done\n".encode() * 200_000


def packed(how: str) -> bytes:
    if how == "zst":
        return pa.compress(DATA, codec="zstd", asbytes=True)
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[how](DATA)


@pytest.mark.parametrize("how", ["gz", "bz2", "xz", "zst"])
def test_round_trip(how):
    data = packed(how)
    assert compression(data[:6]) == how
    stream = Stream(lambda: decompressed(io.BytesIO(data), how))
    assert b"".join(stream.blocks(size=1000)) == DATA
    assert stream.problem is None
    assert b"".join(stream.blocks(skip=100)) == DATA[100:]


@pytest.mark.parametrize("how", ["gz", "bz2", "xz", "zst"])
def test_truncated_archive_gives_what_can_be_read(how):
    data = packed(how)
    stream = Stream(lambda: decompressed(io.BytesIO(data[: len(data) * 2 // 3]), how))
    got = b"".join(stream.blocks())
    assert DATA.startswith(got)
    assert stream.problem is not None


def test_two_gzip_members_are_one_stream():
    data = gzip.compress(b"a\n") + gzip.compress(b"b\n")
    assert b"".join(Stream(lambda: decompressed(io.BytesIO(data), "gz")).blocks()) == b"a\nb\n"


def test_limit_holds_while_a_file_grows(tmp_path):
    file = tmp_path / "live.log"
    file.write_bytes(b"0123456789")
    stream = Stream(lambda: file.open("rb"), limit=10)
    file.write_bytes(b"0123456789more")
    assert b"".join(stream.blocks()) == b"0123456789"
    file.write_bytes(b"0123")
    assert b"".join(stream.blocks()) == b"0123"
    assert "shorter" in stream.problem


def test_magic():
    assert compression(b"2025-03-11") is None
    assert compression(b"BZhello") is None
    assert archive(b"PK\x03\x04".ljust(512)) == "zip"
    assert archive(b"\0" * 257 + b"ustar" + b"\0" * 10) == "tar"
    assert archive(b"text") is None


@pytest.mark.parametrize("how", ["gz", "bz2", "xz", "zst"])
def test_truncation_loses_next_to_nothing(how):
    import random

    random.seed(1)
    text = "".join(f"{random.random()}\n" for _ in range(60_000)).encode()
    compress = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": lambda d: pa.compress(d, codec="zstd", asbytes=True)}
    data = compress[how](text)
    stream = Stream(lambda: decompressed(io.BytesIO(data[: len(data) * 3 // 4]), how))
    got = b"".join(stream.blocks())
    assert text.startswith(got)
    assert len(got) >= len(text) * (0 if how == "bz2" else 0.6)  # bzip2 gives whole blocks of 900 kB only
