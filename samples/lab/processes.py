"""Processes that end when the recorder ends, whatever ends it.

Each child leads a process group, asks the kernel to be killed with its parent, and is stopped in reverse order on the way out.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import IO, Self

SAMPLES = Path(__file__).resolve().parents[1]
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  looked into, not written


class LabError(Exception):
    """The lab cannot be set up or go on; the message says why."""


class Processes:
    """The children of one shift, by name."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: dict[str, subprocess.Popen[str]] = {}
        self._starter = ThreadPoolExecutor(1, "starter")
        """The kernel takes the death of the thread that started a child for the parent's: one that lives to the end starts them all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        *,
        pipe: bool = False,
        user: str | None = None,
    ) -> subprocess.Popen[str]:
        """Start a child called `name`, as another `user` if named. Its output goes to `logs/<name>.out`; with `pipe` its stdin and stdout are ours."""
        identity = ["--reuid", user, "--regid", user, "--clear-groups"] if user else []
        # `env` last: libfaketime's start counts from the server's own first instruction, and belongs to the server's user
        child = self._starter.submit(
            self._start,
            name,
            [
                "setpriv",
                *identity,
                "--pdeathsig",
                "KILL",
                "env",
                *(f"{key}={value}" for key, value in env.items()),
                *map(str, command),
            ],
            pipe,
        ).result()
        self.children[name] = child
        return child

    def _start(self, name: str, command: list[str], pipe: bool) -> subprocess.Popen[str]:
        out: IO[str] = (self.logs / f"{name}.out").open("a", encoding="utf-8")
        with out:
            return subprocess.Popen(
                command, text=True, bufsize=1, process_group=0,
                stdin=subprocess.PIPE if pipe else subprocess.DEVNULL, stdout=subprocess.PIPE if pipe else out, stderr=out,
            )  # fmt: skip

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
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            try:
                child.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        for left in SHARED_MEMORY.glob(f"*faketime*_{child.pid}"):  # libfaketime leaves its semaphore behind
            left.unlink(missing_ok=True)

    def stop_all(self) -> None:
        """Stop every child, the last started first."""
        for name in reversed(list(self.children)):
            self.stop(name)
        self._starter.shutdown()

    def wait(self, name: str, ready: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until `ready` no longer raises and is true. Raises `LabError` when the child ends or time is up."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(Exception):  # whatever a service that is not up yet answers
                if ready():
                    return
            if self.children[name].poll() is not None or time.monotonic() > deadline:
                raise LabError(f"{name} does not come up: {self._last_words(name)}")
            time.sleep(0.02)

    def _last_words(self, name: str) -> str:
        return (self.logs / f"{name}.out").read_text(encoding="utf-8", errors="replace")[-2000:]
