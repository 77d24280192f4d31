"""Which of very many shall get no mail? Each plugin that has a say is asked in its turn, some addresses at a time.

A plugin that implements `should_suppress_many` is asked for them together, one that implements only `should_suppress` one
by one: a hook is called for each recipient only where a host really wants that. Our own answer comes last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from bounce_plugin.announce.asked import ask_one, whether
from bounce_plugin.announce.plugins import OWN, Plugins
from bounce_plugin.announce.trouble import PluginFailureError, Trouble
from bounce_plugin.correlate.fault import shorten

#: A plugin that fails so often while one question is asked about many is not asked for the rest of them: its database
#: may be down, and a million time-outs would block the sending.
FAILURES: Final = 3


class Many:
    """One question about many addresses, for as long as it is being asked."""

    def __init__(self, plugins: Plugins, report: Callable[[Trouble], None], category: str) -> None:
        """`report` is told of a plugin that fails."""
        self._plugins, self._report, self._category = plugins, report, category
        self._together = frozenset(plugins.implementing("should_suppress_many"))
        self._names = _in_turn(plugins)
        self._failures: Counter[str] = Counter()

    def withheld(self, addresses: Iterable[str]) -> Collection[str]:
        """Those of the addresses that shall get nothing, in the caller's own spelling."""
        # Each once, where a plugin is asked; our own answer does not mind.
        undecided = tuple(addresses if self._names == (OWN,) else dict.fromkeys(addresses))
        withheld: set[str] = set()
        for name in self._names:
            if self._failures[name] >= FAILURES:
                continue
            if name not in self._together:
                more, undecided = self._one_by_one(name, undecided)
                withheld |= more
                continue
            try:
                answer = self._which(name, undecided)
            except PluginFailureError as failure:
                self._failures[name] += 1
                self._report(failure.trouble)
            else:
                if answer is not None:
                    return withheld.union(answer)
        return withheld

    def _one_by_one(self, name: str, addresses: Sequence[str]) -> tuple[set[str], tuple[str, ...]]:
        """Ask one plugin for each address: which it withholds, and which it leaves undecided."""
        withheld: set[str] = set()
        undecided: list[str] = []
        first: PluginFailureError | None = None
        for number, address in enumerate(addresses):
            if self._failures[name] >= FAILURES:
                undecided.extend(addresses[number:])
                break
            try:
                answer = whether(self._plugins, name, address, self._category)
            except PluginFailureError as failure:
                self._failures[name] += 1
                first = first or failure
                answer = None
            if answer is None:
                undecided.append(address)
            elif answer:
                withheld.add(address)
        if first is not None:
            self._report(first.trouble)
        return withheld, tuple(undecided)

    def _which(self, name: str, addresses: Sequence[str]) -> frozenset[str] | None:
        hook = "should_suppress_many"
        answer = ask_one(self._plugins, hook, name, addresses=addresses, category=self._category)
        if answer is None:
            return None
        if isinstance(answer, str) or not isinstance(answer, Iterable):
            raise PluginFailureError(name, hook, f"it answered {shorten(answer)}, not addresses or None")
        if name == OWN:  # what it raises is none of a plugin's failures, and it names nobody else
            return frozenset(answer)
        try:
            withheld = frozenset(answer)
        except Exception as error:  # a generator of the host may raise anything, or give what has no hash
            raise PluginFailureError(name, hook, repr(error)) from error
        strangers = withheld - frozenset(addresses)
        if strangers:  # such as another spelling: to leave it out would be to send to it
            raise PluginFailureError(name, hook, f"it answered {len(strangers)} that it was not asked for")
        return withheld


def _in_turn(plugins: Plugins) -> tuple[str, ...]:
    """All plugins that can say who gets no mail, in the order of `should_suppress`; our own answer last."""
    names = dict.fromkeys((*plugins.implementing("should_suppress"), *plugins.implementing("should_suppress_many")))
    return (*(name for name in names if name != OWN), *(name for name in names if name == OWN))
