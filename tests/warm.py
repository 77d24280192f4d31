"""Reads a bounce when it is imported, so that whatever is made ready by the first one is in memory (`tests.processes`)."""

from bounce_plugin import examine
from tests.bounces import report

examine(report("member1@example.com"))
