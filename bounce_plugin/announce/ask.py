"""What do the host and its plugins answer? Each is asked by itself, and the first answer that is not None holds.

A plugin that raises, or whose answer is of the wrong type, does no harm:

- `find_contact`, `find_delivery`: nobody else is asked, for another answer could be a wrong one. The mail goes to
  review with a sentence that names the plugin, and nothing is counted.
- `should_suppress`, `should_suppress_many`: it is reported, the next plugin is asked, and in the end our own answer
  holds. So a broken plugin neither blocks the host's sending nor sends to those whom we suppress.

An error of our own answer is none of a plugin's: it goes to the caller as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bounce_plugin.announce.plugins import OWN, Plugins
from bounce_plugin.announce.trouble import PluginFailureError, Trouble, log_failure, words_of
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.correlate.fault import find_fault, shorten

log = logging.getLogger(__name__)

#: A plugin that fails so often while one batch is asked address by address is not asked for the rest of it: its
#: database may be down, and a million time-outs would block the sending.
FAILURES_IN_A_BATCH: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the host knows of an address that failed."""

    contacts: tuple[Contact, ...] = ()
    delivery: Delivery | None = None
    trouble: str = ""  # a sentence for people when a plugin could not answer: then nothing may be counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """More classification rules that a plugin brings, as TOML in the form of phrases.toml; not read yet."""

    plugin: str
    toml: str


class Questions:
    """Asks the plugins of one host. Holds no state, so that any thread may ask."""

    def __init__(self, plugins: Plugins, report: Callable[[Trouble], None]) -> None:
        """`report` is told of a plugin that fails in `should_suppress` or `should_suppress_many`."""
        self._plugins, self._report = plugins, report

    def find(self, address: str, clues: Clues) -> Found:
        """Whose address is it, and which message to it came back? Never raises for a plugin's failure."""
        contacts: tuple[Contact, ...] = ()
        try:
            contacts = _find_contacts(self._plugins, address, clues) if address else ()
            return Found(contacts=contacts, delivery=_find_delivery(self._plugins, clues, address))
        except PluginFailureError as failure:
            return Found(contacts=contacts, trouble=str(failure))

    def should_suppress(self, address: str, category: str) -> bool:
        """Shall mail of this category to this address be withheld?"""
        for name in self._plugins.implementing("should_suppress"):
            try:
                answer = _whether(self._plugins, name, address, category)
            except PluginFailureError as failure:
                self._report(failure.trouble)
            else:
                if answer is not None:
                    return answer
        return False

    def should_suppress_many(self, addresses: Iterable[str], category: str) -> frozenset[str]:
        """Which of these addresses shall get no mail of this category? In the caller's own spelling.

        A plugin that implements only `should_suppress` is asked one by one, in its turn.
        """
        undecided = tuple(dict.fromkeys(addresses))
        withheld: frozenset[str] = frozenset()
        batched = frozenset(self._plugins.implementing("should_suppress_many"))
        for name in _in_turn(self._plugins):
            if name not in batched:
                more, undecided = self._one_by_one(name, undecided, category)
                withheld |= more
                continue
            try:
                answer = _which(self._plugins, name, undecided, category)
            except PluginFailureError as failure:
                self._report(failure.trouble)
            else:
                if answer is not None:
                    return withheld | answer
        return withheld

    def _one_by_one(self, name: str, addresses: Sequence[str], category: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Ask one plugin for each address: which it withholds, and which it leaves undecided."""
        withheld: set[str] = set()
        undecided: list[str] = []
        failures: list[PluginFailureError] = []
        for number, address in enumerate(addresses):
            if len(failures) == FAILURES_IN_A_BATCH:
                undecided.extend(addresses[number:])
                break
            try:
                answer = _whether(self._plugins, name, address, category)
            except PluginFailureError as failure:
                failures.append(failure)
                answer = None
            if answer is None:
                undecided.append(address)
            elif answer:
                withheld.add(address)
        if failures:
            self._report(failures[0].trouble)
        return frozenset(withheld), tuple(undecided)

    def phrases(self) -> tuple[Phrases, ...]:
        """All rules that plugins bring. Raises HookError when one cannot say: at start that is to be mended."""
        found = []
        for name in self._plugins.implementing("phrases"):
            answers = _ask(self._plugins, "phrases", name)  # a list: no plugin's rules keep another's from being asked
            for answer in answers if isinstance(answers, list) else ():
                if not isinstance(answer, str):
                    raise PluginFailureError(name, "phrases", f"it answered {shorten(answer)}, not a text or None")
                if answer:
                    found.append(Phrases(plugin=name, toml=answer))
        return tuple(found)


def _find_contacts(plugins: Plugins, address: str, clues: Clues) -> tuple[Contact, ...]:
    for name in plugins.implementing("find_contact"):
        answer = _ask(plugins, "find_contact", name, address=address, clues=clues)
        if answer is None:
            continue
        contacts = (answer,) if isinstance(answer, Contact) else answer
        if not isinstance(contacts, Sequence) or not all(isinstance(one, Contact) for one in contacts):
            raise PluginFailureError(
                name, "find_contact", f"it answered {shorten(answer)}, not a Contact, several, or None"
            )
        for contact in contacts:
            _refuse_fault(name, "find_contact", contact)
        if contacts:  # an empty list says the same as None
            return tuple(dict.fromkeys(contacts))
    return ()


def _find_delivery(plugins: Plugins, clues: Clues, address: str) -> Delivery | None:
    for name in plugins.implementing("find_delivery"):
        answer = _ask(plugins, "find_delivery", name, clues=clues, address=address)
        if isinstance(answer, Delivery):
            _refuse_fault(name, "find_delivery", answer)
            return answer
        if answer is not None:
            raise PluginFailureError(name, "find_delivery", f"it answered {shorten(answer)}, not a Delivery or None")
    return None


def _refuse_fault(name: str, hook: str, answer: Contact | Delivery) -> None:
    fault = find_fault(answer)
    if fault:
        raise PluginFailureError(name, hook, f"in its answer {fault}")


def _in_turn(plugins: Plugins) -> tuple[str, ...]:
    """All plugins that can say who gets no mail, in the order of `should_suppress`; our own answer last."""
    names = dict.fromkeys((*plugins.implementing("should_suppress"), *plugins.implementing("should_suppress_many")))
    return (*(name for name in names if name != OWN), *(name for name in names if name == OWN))


def _whether(plugins: Plugins, name: str, address: str, category: str) -> bool | None:
    answer = _ask(plugins, "should_suppress", name, address=address, category=category)
    if answer is None or isinstance(answer, bool):
        return answer
    raise PluginFailureError(name, "should_suppress", f"it answered {shorten(answer)}, not True, False or None")


def _which(plugins: Plugins, name: str, addresses: Sequence[str], category: str) -> frozenset[str] | None:
    answer = _ask(plugins, "should_suppress_many", name, addresses=addresses, category=category)
    if answer is None:
        return None
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise PluginFailureError(name, "should_suppress_many", f"it answered {shorten(answer)}, not addresses or None")
    try:
        withheld = frozenset(answer)
    except Exception as error:  # a generator of the host may raise anything, or give what has no hash
        raise PluginFailureError(name, "should_suppress_many", repr(error)) from error
    strangers = withheld - frozenset(addresses)
    if strangers:  # such as another spelling: to leave it out would be to send to it
        raise PluginFailureError(
            name, "should_suppress_many", f"it answered {len(strangers)} that it was not asked for"
        )
    return withheld


def _ask(plugins: Plugins, hook: str, name: str, **arguments: object) -> object:
    """Ask one plugin. What our own answers raise stays what it is."""
    try:
        return plugins.call(hook, name, **arguments)
    except Exception as error:
        if name == OWN:
            raise
        log_failure(log, name, hook, error)
        raise PluginFailureError(name, hook, words_of(error)) from error
