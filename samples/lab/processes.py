"""Processes that end when the recorder ends, whatever ends it.

Each child leads a process group, asks the kernel to be killed with its parent, and is stopped in reverse order on the way out.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

SAMPLES = Path(__file__).resolve().parents[1]
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class LabError(Exception):
    """The lab cannot be set up or go on; the message says why."""


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Processes:
    """The children of one shift, by name."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop_all()

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str], *, pipe: bool = False) -> subprocess.Popen[str]:
        """Start a child called `name`. Its output goes to `logs/<name>.out`; with `pipe` its stdin and stdout are ours."""
        out: IO[str] = (self.logs / f"{name}.out").open("a", encoding="utf-8")
        with out:
            child = subprocess.Popen(
                [str(part) for part in command], env={**os.environ, **env}, text=True, bufsize=1,
                stdin=subprocess.PIPE if pipe else subprocess.DEVNULL, stdout=subprocess.PIPE if pipe else out, stderr=out,
                process_group=0, preexec_fn=_die_with_parent,
            )  # fmt: skip
        self.children[name] = child
        return child

    def python(self, name: str, module: str, env: Mapping[str, str], *, pipe: bool = False) -> subprocess.Popen[str]:
        """Start one of our own services, `python -m module`."""
        return self.start(name, [sys.executable, "-m", module], {"PYTHONPATH": str(SAMPLES), **env}, pipe=pipe)

    def check(self) -> None:
        """Raise `LabError` if a child has ended by itself."""
        for name, child in list(self.children.items()):
            if child.poll() is not None and name in self.children:
                raise LabError(f"{name} ended with {child.returncode}: {self._last_words(name)}")

    def stop(self, name: str, patience: float = 10.0) -> None:
        """Ask `name` to end, and insist after `patience` real seconds."""
        child = self.children.pop(name)
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(child.pid, number)
            except ProcessLookupError:
                pass
            try:
                child.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue

    def stop_all(self) -> None:
        """Stop every child, the last started first."""
        for name in reversed(list(self.children)):
            self.stop(name)

    def wait(self, name: str, ready: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until `ready` no longer raises and is true. Raises `LabError` when the child ends or time is up."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if ready():
                    return
            except Exception:  # noqa: BLE001  whatever a service that is not up yet answers
                pass
            if self.children[name].poll() is not None or time.monotonic() > deadline:
                raise LabError(f"{name} does not come up: {self._last_words(name)}")
            time.sleep(0.02)

    def _last_words(self, name: str) -> str:
        return (self.logs / f"{name}.out").read_text(encoding="utf-8", errors="replace")[-2000:]
