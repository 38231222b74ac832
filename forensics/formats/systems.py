"""Which system wrote a source: a column says it, else the folder or file name, else the format, else `--system`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forensics.formats.maps import WordMap

_TECHNOLOGY = ("db", "cache", "mq")
"""A format of one of these can be written by nothing else, whatever its folder is called; and a folder called after one of these
says where a log was kept, not that a WMS's own log was written by a database."""


def from_name(name: str, words: Mapping[str, WordMap]) -> str | None:
    """The system that a path names, by words of the shared map `systems`.

    A folder that is called just that (`wcs/wms_callback.csv`) says whose log it is; else the file's name, then the folders
    upwards.
    """
    known = words["systems"].words if "systems" in words else {}
    parts = re.split(r"[/\\!]+", name.lower())
    if len(parts) > 1 and parts[-2] in known:
        return known[parts[-2]]
    for part in reversed(parts):
        tokens = [token for token in re.split(r"[^a-z0-9\u4e00-\u9fff]+|(?<=[a-z])(?=[0-9])", part) if token]
        for token in tokens:
            if token in known:
                return known[token]
        for word, system in known.items():
            if not word.isascii() and word in part:
                return system
    return None


def system_of(
    name: str, words: Mapping[str, WordMap], declared: str | None, asked: str | None
) -> tuple[str | None, str]:
    """The system of a source where no column says it, and why."""
    if declared in _TECHNOLOGY:
        return declared, "the format is written by nothing else"
    named = from_name(name, words)
    if named is not None and not (named in _TECHNOLOGY and declared is not None):
        return named, "its folder or file name"
    if declared is not None:
        return declared, "the format"
    return asked, "--system" if asked else "nothing says it"
