"""What do the host and its plugins answer? Each is asked by itself, and the first answer that is not None holds.

A plugin that raises, or whose answer is of the wrong type, does no harm:

- `find_contact`, `find_delivery`: nobody else is asked, for another answer could be a wrong one. The mail goes to
  review with a sentence that names the plugin, and nothing is counted.
- `should_suppress`, `should_suppress_many`: it is reported, the next plugin is asked, and in the end our own answer
  holds. So a broken plugin neither blocks the host's sending nor sends to those whom we suppress.

An error of our own answer is none of a plugin's: it goes to the caller as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bounce_plugin.announce.asked import ask_one, whether
from bounce_plugin.announce.many import Many
from bounce_plugin.announce.plugins import OWN, Plugins
from bounce_plugin.announce.trouble import PluginFailureError, Trouble
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.correlate.fault import find_fault, shorten


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

    @property
    def can_find_contacts(self) -> bool:
        """Whether any plugin answers `find_contact`."""
        return bool(self._plugins.implementing("find_contact"))

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
                answer = whether(self._plugins, name, address, category)
            except PluginFailureError as failure:
                self._report(failure.trouble)
            else:
                if answer is not None:
                    return answer
        return False

    def should_suppress_many(self, addresses: Iterable[str], category: str) -> frozenset[str]:
        """Which of these addresses shall get no mail of this category? In the caller's own spelling."""
        return frozenset(self.about_many(category).withheld(addresses))

    def about_many(self, category: str) -> Many:
        """The same question about more addresses than one wants to hold: to be asked some at a time."""
        return Many(self._plugins, self._report, category)

    def phrases(self) -> tuple[Phrases, ...]:
        """All rules that plugins bring. Raises HookError when one cannot say: at start that is to be mended."""
        found = []
        for name in self._plugins.implementing("phrases"):
            # A list: no plugin's rules keep another's from being asked.
            answers = ask_one(self._plugins, "phrases", name)
            for answer in answers if isinstance(answers, list) else ():
                if not isinstance(answer, str):
                    raise PluginFailureError(name, "phrases", f"it answered {shorten(answer)}, not a text or None")
                if answer:
                    found.append(Phrases(plugin=name, toml=answer))
        return tuple(found)


def _find_contacts(plugins: Plugins, address: str, clues: Clues) -> tuple[Contact, ...]:
    for name in plugins.implementing("find_contact"):
        answer = ask_one(plugins, "find_contact", name, address=address, clues=clues)
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
        answer = ask_one(plugins, "find_delivery", name, clues=clues, address=address)
        if isinstance(answer, Delivery):
            if name != OWN:  # an older ledger may hold a `ref` that nobody may give any more
                _refuse_fault(name, "find_delivery", answer)
            return answer
        if answer is not None:
            raise PluginFailureError(name, "find_delivery", f"it answered {shorten(answer)}, not a Delivery or None")
    return None


def _refuse_fault(name: str, hook: str, answer: Contact | Delivery) -> None:
    fault = find_fault(answer)
    if fault:
        raise PluginFailureError(name, hook, f"in its answer {fault}")
