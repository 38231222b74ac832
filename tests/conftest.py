"""What all tests share: how a missing component is treated, and where the real test data is.

A developer's machine may lack Chromium or a compiler: such tests skip there. In CI (`CI=true`) nothing may be missing, so
the same skip is a failure. Exceptions are `../shared/data`, real logs that are not part of the
repository, and reasons that begin with `platform:`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more of a busy machine than of the code: benchmarks measure time, tests do not.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
SHARED_REASON = "shared/data is absent"

Require = Callable[[object, str], None]


def in_ci() -> bool:
    """Whether a skip for a missing component is a failure."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


@pytest.fixture
def require() -> Require:
    """`require(condition, reason)`: skip where a component is missing; in CI, fail."""

    def check(condition: object, reason: str) -> None:
        if not condition:
            pytest.skip(reason)  # the hook below turns it into a failure in CI

    return check


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real logs; the test is skipped where it is absent, in CI too."""
    if not SHARED.is_dir():
        pytest.skip(SHARED_REASON)
    return SHARED


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


def _may_skip(reason: str) -> bool:
    return ("shared" in reason and "data" in reason) or reason.removeprefix("Skipped: ").startswith("platform:")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """In CI, a test skipped for want of a component has failed."""
    report = yield
    if in_ci() and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not _may_skip(reason):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """The same for a module that skips itself while it is collected."""
    report = yield
    if in_ci() and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not _may_skip(reason):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, where nothing may be missing: {reason}"
    return report
