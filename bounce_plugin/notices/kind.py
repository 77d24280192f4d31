"""Of what are people told by mail?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """What a notice is about; the words that `[notices] events` knows."""

    THRESHOLD = "threshold"  # a rule of the policy was reached
    EXEMPT_FAILURE = "exempt_failure"  # an invoice, or the like, did not arrive
    REVIEW = "review"  # manual work waits
    INCIDENT = "incident"  # trouble that concerns no single contact
    RUN = "run"  # what a run did, and whether handling succeeded


#: The hook that brings each kind.
HOOKS: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.THRESHOLD: "on_threshold_reached",
    NoticeKind.EXEMPT_FAILURE: "on_exempt_failure",
    NoticeKind.REVIEW: "on_review_needed",
    NoticeKind.INCIDENT: "on_incident",
    NoticeKind.RUN: "on_run_finished",
}
