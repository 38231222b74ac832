"""Where the shipped content (`parsers/`, `queries/`, `samples/`) is: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def content_dir(name: str) -> Path:
    """The folder of shipped content called `name` (`parsers`, `queries` or `samples`).

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    for base in (_PACKAGE / "_content", _PACKAGE.parent):
        folder = base / name
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"shipped content '{name}' is missing from this installation")
