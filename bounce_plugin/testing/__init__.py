"""Does a host's own side work? Sample values, a host that remembers, and contract tests to run against real hooks.

from bounce_plugin.testing import FakeHost, sample_event
from bounce_plugin.testing.contract import HostContract     # needs pytest
"""

from bounce_plugin.testing.fake_host import Call, FakeHost
from bounce_plugin.testing.samples import (
    sample_clues,
    sample_decision,
    sample_delivery,
    sample_event,
    sample_incident,
    sample_item,
    sample_lifted,
    sample_outcome,
    sample_summary,
)

__all__ = [
    "Call",
    "FakeHost",
    "sample_clues",
    "sample_decision",
    "sample_delivery",
    "sample_event",
    "sample_incident",
    "sample_item",
    "sample_lifted",
    "sample_outcome",
    "sample_summary",
]
