"""What is said of processed_keep_days: what is deleted, when, and how much of it there is?"""

from __future__ import annotations

from collections.abc import Iterator

from bounce_plugin.cli.terminal import counted
from bounce_plugin.plugin import BouncePlugin


def say_sweep(plugin: BouncePlugin) -> Iterator[str]:
    """One line for each mailbox in which mails are deleted."""
    for name, days in plugin.settings.processed_keep_days.items():
        if days is not None:
            mails = counted(plugin.sweep.due(name), "mail")
            yield (
                f"mailbox {name}: {mails} filed in processed more than {counted(days, 'day')} ago are to be deleted there "
                f"(processed_keep_days = {days})"
            )
