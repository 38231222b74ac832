"""File names short enough to read: what all evidence paths have in common is said once, not in every line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from forensics.model.result import CaseResult

_ABSOLUTE: Final = re.compile(r"^(/|[A-Za-z]:[\\/]|\\\\)")
_PARTS: Final = re.compile(r"(?<=[\\/])")


def evidence_folder(result: CaseResult) -> str:
    """The folder that all evidence files lie in, with its final separator; empty where paths are relative or share none."""
    paths = [str(row.get("path") or "") for row in result.custody]
    return common_folder(paths or (e.file for f in result.findings for e in f.evidence))


def common_folder(paths: Iterable[str]) -> str:
    """The longest folder at the beginning of all paths, if all are absolute."""
    split = [_PARTS.split(path)[:-1] for path in set(paths)]
    if not split or not all(parts and _ABSOLUTE.match("".join(parts)) for parts in split):
        return ""
    common = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    folder = "".join(common)
    return folder if len(common) > 1 else ""  # the root alone says nothing


def short(path: str, folder: str) -> str:
    """The path inside the folder."""
    return path[len(folder) :] if folder and path.startswith(folder) else path
