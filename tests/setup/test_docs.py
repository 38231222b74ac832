"""The documentation keeps up with the program: commands, links, both languages."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

READMES = ("README.md", "README.zh-CN.md")
PAGES = (*READMES, "CONTRIBUTING.md", "CHANGELOG.md", "docs", "samples/mixed-day/README.md", "benchmarks/README.md")


def pages(root: Path) -> list[Path]:
    found = [
        path
        for name in PAGES
        for path in ([root / name] if name.endswith(".md") else sorted((root / name).rglob("*.md")))
    ]
    assert all(path.is_file() for path in found)
    return found


def commands() -> list[str]:

    done = subprocess.run(
        [sys.executable, "-m", "forensics", "--help"], capture_output=True, text=True, encoding="utf-8"
    )
    listed = done.stdout.partition("Commands:")[2]
    return re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE)


@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_in_the_readme(repo_root: Path, readme: str) -> None:
    text = (repo_root / readme).read_text(encoding="utf-8")
    names = commands()
    assert len(names) >= 10
    assert [name for name in names if f"| `{name}` |" not in text] == []


def test_relative_links_lead_somewhere(repo_root: Path) -> None:
    broken = []
    for page in pages(repo_root):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append((page.name, target))
    assert broken == []


def test_nothing_was_left_to_fill_in(repo_root: Path) -> None:
    assert [
        page.name
        for page in pages(repo_root)
        if re.search(r"@@\w+@@|TODO|TBD|-->\n<!-- end", page.read_text(encoding="utf-8"))
    ] == []


def test_both_languages_show_the_same_commands(repo_root: Path) -> None:
    def shown(readme: str) -> set[str]:
        text = (repo_root / readme).read_text(encoding="utf-8")
        return {
            re.sub(r"\s+#.*| --lang zh", "", line).strip()
            for line in re.findall(r"^(?:forensics|make|pip|python) .*$", text, re.MULTILINE)
        }

    assert shown(READMES[0]) == shown(READMES[1])


def test_make_help_names_only_targets_that_exist(repo_root: Path) -> None:
    text = (repo_root / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r'@echo "make (\w+)', text))
    assert named
    assert named <= set(re.findall(r"^(\w+):", text, re.MULTILINE))


def test_every_page_is_in_the_index(repo_root: Path) -> None:
    index = (repo_root / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path.name for path in (repo_root / "docs").glob("*.md") if path.name != "index.md"]
    assert [name for name in pages if f"({name})" not in index] == []
