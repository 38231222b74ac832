"""Which findings are about a subject."""

from __future__ import annotations

from collections.abc import Mapping

from forensics.identity.pallets import same_pallet
from forensics.model.result import Finding


def concerns(finding: Finding, subject: Mapping[str, str], events: set[str]) -> bool:
    """Whether a finding names the subject, in whatever spelling, or most of what proves it is in the subject's timeline.

    Args:
        subject: what is asked for, by kind.
        events: ids of the events of its timeline.
    """
    for key, value in subject.items():
        said = finding.subject.get(key)
        named = said if isinstance(said, list | tuple) else [said]
        if value in named or (key == "pallet" and any(same_pallet(one, value) for one in named)):
            return True
    proving = [one.event_id for one in finding.evidence if one.role == "for"]
    return bool(proving) and sum(one in events for one in proving) * 2 > len(proving)
