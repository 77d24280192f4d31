"""What does a host ask that it cannot mean? It is answered all the same, and the operator is told."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from bounce_plugin.correlate.address import normalise
from bounce_plugin.policy.rules import Policy
from bounce_plugin.suppression.gate import declared


class RaiseIncident(Protocol):
    """Tells the operator of trouble; the same key is told once a day at most."""

    def __call__(self, *, key: str, title: str, detail: str) -> None: ...


class Doubts:
    """Notes what a host asks. May be used by several threads."""

    def __init__(self, policy: Policy, raise_incident: RaiseIncident) -> None:
        self._policy, self._raise_incident = policy, raise_incident
        self._undeclared: set[str] = set()
        self._lock = Lock()

    def note_category(self, category: str) -> None:
        """A typo in a category must not switch suppression off unseen."""
        if declared(self._policy, category):
            return
        with self._lock:
            if category in self._undeclared:
                return
            self._undeclared.add(category)
        known = ", ".join(one.name for one in self._policy.categories)
        self._raise_incident(
            key=f"category:{category}",
            title=f"The message category {category!r} is not declared",
            detail=f"Its mail is sent to suppressed addresses, too. Declared are: {known}.",
        )

    def note_address(self, address: str) -> None:
        """An address that is none, such as one with a name around it, is found on no list: that must not go unseen."""
        try:
            spelt = normalise(address)
        except TypeError:
            raise TypeError(f"address = {address!r}: an address is text") from None
        if not spelt:
            self._raise_incident(
                key="address",
                title="The host asks about something that is no single address",
                detail=f"Its mail is sent. Ask with the bare address; this was: {address[:250]!r}.",
            )
