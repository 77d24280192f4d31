"""Does a decision of a person's say who made it, and why? One that nobody can explain later is not recorded."""

from __future__ import annotations

from bounce_plugin.errors import SettingsError


def require_words(**said: str) -> None:
    """Raise SettingsError for the first argument, by its name, that says nothing."""
    for name, text in said.items():
        if not str(text or "").strip():
            raise SettingsError("must not be empty: the record says who decided, and why", key=name, value=text)
