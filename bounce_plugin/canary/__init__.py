"""Do bounces still arrive? A canary is a mail to a dead address, whose report must come back in time."""

from bounce_plugin.canary.missing import look_for_missing
from bounce_plugin.canary.report import Noted, note, set_apart
from bounce_plugin.canary.send import CanaryRound, send

__all__ = ["CanaryRound", "Noted", "look_for_missing", "note", "send", "set_apart"]
