"""What is kept between processes is never stale, never another user's, and never missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.formats import cached, load
from forensics.formats.load import Registry


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "wms-forensics"


@pytest.fixture
def formats(tmp_path) -> Path:
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "own.toml").write_text(
        """
id     = "own"
title  = { en = "own", zh = "own" }
[[pattern]]
name  = "line"
regex = '^(?P<time>\\S+ \\S+) (?P<text>.*)$'
[[event]]
kind = "log"
[event.fields]
ts = "time"
[[sample]]
text = "2026-03-11 09:14:05 x"
""",
        encoding="utf-8",
    )
    return folder


def another_process(*folders: Path) -> Registry:
    load._load.cache_clear()
    return load.load_formats(folders)


def test_the_second_process_reads_no_format_file(cache, formats, monkeypatch) -> None:
    first = another_process(formats)
    monkeypatch.setattr(load, "_read", lambda _: pytest.fail("read again"))
    again = another_process(formats)
    assert again == first
    assert again.get("own").patterns[0].regex == first.get("own").patterns[0].regex
    assert len(list(cache.iterdir())) == 1


def test_a_changed_file_is_seen_even_with_the_same_size_and_time(cache, formats) -> None:
    import os

    file = formats / "own.toml"
    before = file.stat()
    assert another_process(formats).get("own").patterns[0].name == "line"
    file.write_text(file.read_text(encoding="utf-8").replace('"line"', '"lime"'), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert another_process(formats).get("own").patterns[0].name == "lime"


def test_a_damaged_entry_is_read_anew(cache, formats) -> None:
    first = another_process(formats)
    for entry in cache.iterdir():
        entry.write_bytes(entry.read_bytes()[:1000])
    assert another_process(formats) == first
    assert all(entry.stat().st_size > 1000 for entry in cache.iterdir())


@pytest.mark.skipif(not hasattr(cached.os, "getuid"), reason="platform: no such modes")
def test_a_folder_that_others_may_write_to_is_not_used(cache, formats) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    another_process(formats)
    assert list(cache.iterdir()) == []


def test_without_a_home_all_is_read(tmp_path, formats, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "own" in another_process(formats).formats


def test_the_oldest_entries_go(cache, formats) -> None:
    for number in range(cached._KEPT + 3):
        (formats / "own.toml").write_text(
            (formats / "own.toml").read_text(encoding="utf-8") + f"# {number}\n", encoding="utf-8"
        )
        another_process(formats)
    assert len(list(cache.iterdir())) == cached._KEPT
