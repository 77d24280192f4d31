"""How is one plugin asked one question, and what if it cannot answer?"""

from __future__ import annotations

import logging

from bounce_plugin.announce.plugins import OWN, Plugins
from bounce_plugin.announce.trouble import PluginFailureError, log_failure, words_of
from bounce_plugin.correlate.fault import shorten

log = logging.getLogger(__name__)


def ask_one(plugins: Plugins, hook: str, name: str, **arguments: object) -> object:
    """Ask one plugin. What our own answers raise stays what it is."""
    try:
        return plugins.call(hook, name, **arguments)
    except Exception as error:
        if name == OWN:
            raise
        log_failure(log, name, hook, error)
        raise PluginFailureError(name, hook, words_of(error)) from error


def whether(plugins: Plugins, name: str, address: str, category: str) -> bool | None:
    """Ask one plugin whether mail of a category to an address shall be withheld."""
    answer = ask_one(plugins, "should_suppress", name, address=address, category=category)
    if answer is None or isinstance(answer, bool):
        return answer
    raise PluginFailureError(name, "should_suppress", f"it answered {shorten(answer)}, not True, False or None")
