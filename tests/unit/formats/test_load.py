from __future__ import annotations

from pathlib import Path

import pytest

from forensics.formats.load import Registry, load_formats
from forensics.formats.toml import read
from forensics.model.errors import ConfigError, FormatError

GOOD = r"""
id = "mine"
system = "wcs"
title = { en = "mine", zh = "我的" }
[detect]
head = ['^\d+ ']
[record]
frame = "line"
[[pattern]]
name = "p"
regex = '^(?P<time>\S+) (?P<code>\w+)$'
[[event]]
kind = "device"
[event.fields]
ts = { from = "time", time = "auto" }
state = { from = "code", map = "states" }
[maps.states]
"1" = "DONE"
[[sample]]
text = '''
2026-03-11T10:00:00 1
'''
[[sample.events]]
kind = "device"
ts = "2026-03-11T10:00:00+08:00"
state = "DONE"
"""


def load(folder: Path, text: str, name: str = "mine.toml") -> Registry:
    (folder / name).write_text(text, encoding="utf-8")
    return load_formats([folder])


def test_a_users_folder_adds_and_overrides(tmp_path: Path) -> None:
    shipped = load_formats()
    some = shipped.all()[0]
    registry = load(tmp_path, GOOD)
    assert registry.get("mine").system == "wcs"
    assert len(registry.all()) == len(shipped.all()) + 1
    registry = load(tmp_path, GOOD.replace('"mine"', f'"{some.id}"', 1))
    assert registry.get(some.id).file == tmp_path / "mine.toml"
    assert len(registry.all()) == len(shipped.all())


def test_cached_until_a_file_changes(tmp_path: Path) -> None:
    first = load(tmp_path, GOOD)
    assert load_formats([tmp_path]) is first
    assert load(tmp_path, GOOD + "\n# longer").get("mine") is not first.get("mine")


def test_a_users_alias_and_map_win(tmp_path: Path) -> None:
    (tmp_path / "aliases.toml").write_text('[fields]\npallet = ["板号"]\n', encoding="utf-8")
    (tmp_path / "maps.toml").write_text('[mine]\n"一" = "1"\n', encoding="utf-8")
    registry = load_formats([tmp_path])
    assert registry.aliases.fields["板号"][0] == "pallet"
    assert registry.aliases.fields["托盘号"][0] == "pallet"
    assert registry.maps["mine"].words == {"一": "1"}


@pytest.mark.parametrize(
    ("old", "new", "message", "line", "hint"),
    [
        ('kind = "device"\n[event', 'kind = "devise"\n[event', "no kind is called 'devise'", 13, "device"),
        ('system = "wcs"', 'sytem = "wcs"', "'sytem' is not known here", 3, "system"),
        ('map = "states"', 'map = "stats"', "no map is called 'stats'", 16, "states"),
        ('map = "states"', 'map = "shared:nope"', "no shared map is called 'nope'", 16, None),
        ('from = "time", ', 'from = "tim", ', "no pattern of this rule has a group 'tim'", 15, "time"),
        (r"(?P<code>\w+)$", r"(?P<code>\w+$", "the regex is wrong", 11, "Rust"),
        (r"(?P<code>\w+)$", r"(?=x)(?P<code>\w+)$", "look-around", 11, "Rust"),
        ('frame = "line"', 'frame = "lines"', "no frame is called 'lines'", 8, "line"),
        ('frame = "line"', 'frame = "start"', "belong together", 7, None),
        ('zh = "我的"', 'de = "x"', "a title has both languages", 4, None),
        ('id = "mine"', 'id = "My Format"', "an id has small letters", 2, None),
        (
            'ts = { from = "time", time = "auto" }',
            'ts = { time = "auto" }',
            "exactly one of from, item, const",
            15,
            None,
        ),
        ("ts = { from", "raw = { from", "'raw' is not set by a format", 15, None),
        ('state = "DONE"\n', 'stat = "DONE"\n', "no column is called 'stat'", 26, "state"),
        ("[[sample]]", "[[example]]", "'example' is not known here", 19, "sample"),
        ("[detect]", "[detect", "not valid TOML", 5, None),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, message: str, line: int, hint: str | None
) -> None:
    assert old in GOOD
    with pytest.raises(FormatError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    error = caught.value
    assert message in error.message
    assert str(error.location) == f"{tmp_path / 'mine.toml'}:{line}"
    assert hint is None or (error.hint and hint in error.hint)
    assert error.render().startswith("error: ")


def test_all_bad_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace('kind = "device"\n[event', 'kind = "x"\n[event', 1), encoding="utf-8")
    (tmp_path / "b.toml").write_text("id = 3", encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        load(tmp_path, GOOD, "c.toml")
    assert "a.toml" in str(caught.value.location)
    assert "b.toml" in caught.value.message
    assert "c.toml" not in caught.value.message


def test_the_same_id_twice(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(FormatError, match=r"the id 'mine' is taken by .*a\.toml"):
        load(tmp_path, GOOD)


def test_a_format_without_sample_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no \[\[sample\]\]"):
        load(tmp_path, GOOD[: GOOD.index("[[sample]]")])


def test_no_such_folder_or_format(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load_formats([tmp_path / "none"])
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, GOOD).get("min")
    assert "mine" in (caught.value.hint or "")


def test_lines_of_keys(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('a = 1\n[[b]]\nc = """\n[[b]]\nc = 2\n"""\n[b.d]\n"é x" = 1\n[[b]]\nc.e = 3\n', encoding="utf-8")
    document = read(file)
    assert document.line("b", 0) == 2
    assert document.line("b", 0, "d", "é x") == 8
    assert document.line("b", 1, "c", "e") == 10
    assert document.line("b", 1, "nothing") == 9


def test_broken_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"id = '\xff'")
    with pytest.raises(FormatError, match="is not UTF-8 text"):
        load_formats([tmp_path])
