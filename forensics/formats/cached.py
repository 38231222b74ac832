"""What reading the format files gave, kept between processes: reading them takes a third of a second, finding it here a fiftieth.

Kept in the user's cache folder under a digest of every byte that decides it: the files, where they stand, the code that reads them, the
version of the regex engine. So nothing can be stale, and a cache that is lost, damaged or not the user's own is read anew.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import polars as pl

T = TypeVar("T")
_KEPT: Final = 8
"""Entries that are kept, the newest: each set of format folders, and each state of a file being written, makes one."""


def cached(files: Iterable[Path], folders: Iterable[Path], read: Callable[[], T]) -> T:
    """What `read` returns, from the cache if the same files in the same folders were read before by the same code."""
    folder = _folder()
    if folder is None:
        return read()
    entry = folder / f"formats-{_digest(files, folders)}.pickle"
    try:
        value: T = pickle.loads(entry.read_bytes())  # noqa: S301  # ours: see _folder
    except FileNotFoundError:
        pass
    except Exception:  # noqa: BLE001  # whatever is wrong with it, it is only a cache
        with suppress(OSError):
            entry.unlink()
    else:
        with suppress(OSError):
            os.utime(entry)  # in use: not among the oldest
        return value
    value = read()
    with suppress(OSError, pickle.PicklingError):
        _keep(entry, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    return value


def _folder() -> Path | None:
    """The cache folder, if nobody else can write there."""
    if not hasattr(os, "getuid"):  # Windows has no such modes to check
        return None
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "wms-forensics"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except (OSError, RuntimeError):
        return None
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if mine else None


def _digest(files: Iterable[Path], folders: Iterable[Path]) -> str:
    """Of all that decides what is read."""
    digest = hashlib.sha256(repr((sys.version_info[:3], pl.__version__, [str(folder) for folder in folders])).encode())
    code = Path(__file__).parent
    for file in [*files, *sorted(code.glob("*.py")), *sorted((code.parent / "model").glob("*.py"))]:
        data = file.read_bytes()
        digest.update(f"{file}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:32]


def _keep(entry: Path, data: bytes) -> None:
    """Write whole or not at all, and forget the oldest."""
    with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as out:
        out.write(data)
    Path(out.name).replace(entry)
    for old in sorted(entry.parent.glob("formats-*.pickle"), key=lambda file: -file.stat().st_mtime)[_KEPT:]:
        old.unlink(missing_ok=True)
