"""What went wrong with a plugin, and how is that said? One line for people; a traceback only for who asks for it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bounce_plugin.errors import BounceError, HookError


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A plugin could not answer whether mail shall be withheld."""

    plugin: str
    hook: str
    why: str

    @property
    def key(self) -> str:
        """The same for the same trouble: the key of an incident."""
        return f"plugin:{self.plugin}:{self.hook}"

    @property
    def sentence(self) -> str:
        """For people."""
        return f"The plugin {self.plugin!r} failed in {self.hook}: {self.why}"


class PluginFailureError(HookError):
    """A plugin raised, or its answer is of the wrong type."""

    def __init__(self, plugin: str, hook: str, why: str) -> None:
        self.trouble = Trouble(plugin=plugin, hook=hook, why=why)
        super().__init__(self.trouble.sentence)


def words_of(error: Exception) -> str:
    """What an exception says on one line: our own errors are written for people, others also need their type."""
    return " ".join((str(error) if isinstance(error, BounceError) else repr(error)).split())


def log_failure(log: logging.Logger, plugin: str, hook: str, error: Exception, *, level: int = logging.WARNING) -> None:
    """One line; below it the traceback of a plugin's own exception where debugging is on."""
    traceback = log.isEnabledFor(logging.DEBUG) and not isinstance(error, BounceError)
    log.log(level, "plugin %s failed in %s: %s", plugin, hook, words_of(error), exc_info=error if traceback else None)
