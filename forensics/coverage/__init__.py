"""What was recorded when: absence is evidence only where a source is known to have been writing."""

from __future__ import annotations

from forensics.coverage.covered import Answer, covered
from forensics.coverage.measure import measure

coverage = measure
"""The same under the name of what it gives."""

__all__ = ["Answer", "coverage", "covered", "measure"]
