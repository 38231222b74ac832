"""Findings, priors and coverage become ranked causes, what is missing, the guide's checks and a proposed correction."""

from __future__ import annotations

from forensics.verdict.correct import Rule, load_rules
from forensics.verdict.judge import incident_id, judge

__all__ = ["Rule", "incident_id", "judge", "load_rules"]
