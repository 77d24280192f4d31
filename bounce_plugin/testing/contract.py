"""Do a host's hooks keep their promises? Tests to inherit; they need pytest.

    class TestMyHooks(HostContract):
        known_address = "joe@example.org"

        @pytest.fixture
        def plugin(self, database):
            return MyHooks(database)

        def state(self, plugin):
            return memberships(plugin.database)

A hook that the plugin does not implement is skipped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from bounce_plugin.announce import Questions, Trouble
from bounce_plugin.announce.plugins import Plugins, load_plugins
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.event import BounceEvent
from bounce_plugin.policy.rules import PolicyAction
from bounce_plugin.testing.samples import sample_clues, sample_decision, sample_event

#: What a bounce may name as an address: a look-up gives nobody, and does no harm.
HOSTILE: tuple[str, ...] = (
    "nobody@unknown.invalid",
    "o'brien'; DROP TABLE contacts; --@example.org",
    '"a b"@example.org',
    "%@%",
    "_@_",
    "*@*",
    "$(id)@example.org",
    "jürgen@bücher.example",
    f"{'a' * 200}@example.org",
)


class HostContract:
    """Inherit from it under a name that begins with `Test`, and say what is said of each member."""

    #: An address of a contact that the host has in its test data, in lower case.
    known_address: ClassVar[str]
    #: A message category of the host's.
    category: ClassVar[str] = "newsletter"
    #: An exempt category of the host's, and the `fallback` that its settings name for it.
    exempt_category: ClassVar[str] = "invoice"
    fallback: ClassVar[str] = ""

    @pytest.fixture
    def plugin(self) -> object:
        """To be overridden: the plugin, with test data behind it."""
        pytest.fail(f"{type(self).__name__} must override the fixture `plugin`")

    def state(self, plugin: object) -> object:
        """To be overridden: what `on_threshold_reached` changes (such as list memberships), comparable with ==."""
        pytest.fail(f"{type(self).__name__} must override `state`, for on_threshold_reached is implemented")

    def fallback_state(self, plugin: object) -> object:
        """To be overridden: what `on_exempt_failure` changes (such as the letters to be posted), comparable with ==."""
        pytest.fail(f"{type(self).__name__} must override `fallback_state`, for on_exempt_failure is implemented")

    @pytest.fixture
    def plugins(self, plugin: object) -> Plugins:
        """The plugin, checked as it is at start."""
        return load_plugins({"host": plugin}, entry_points=False)

    @pytest.fixture
    def questions(self, plugins: Plugins) -> Questions:
        """Asks the plugin, and fails at what would become an incident."""

        def fail(trouble: Trouble) -> None:
            pytest.fail(trouble.sentence)

        return Questions(plugins, fail)

    def test_every_hook_is_known_and_can_be_called(self, plugins: Plugins) -> None:
        """Names, arguments and defaults are right."""
        assert plugins.hooks_of("host"), "the plugin implements no hook"

    def test_find_contact_knows_the_known_address(self, plugins: Plugins, questions: Questions) -> None:
        """The answer is a contact, or several, each with an id that is text."""
        contacts = self._contacts(plugins, questions, self.known_address)
        assert contacts, f"nobody is found for {self.known_address}"
        for contact in contacts:
            assert isinstance(contact.id, str), f"Contact.id must be text, not {contact.id!r}"
            assert contact.id, "Contact.id is empty"
            assert isinstance(contact.lists, tuple), f"Contact.lists must be a tuple, not {contact.lists!r}"

    def test_find_contact_gives_the_same_answer_again(self, plugins: Plugins, questions: Questions) -> None:
        """A report may be read twice."""
        first = self._contacts(plugins, questions, self.known_address)
        assert self._contacts(plugins, questions, self.known_address) == first

    @pytest.mark.parametrize("address", HOSTILE)
    def test_find_contact_gives_nobody_for_a_stranger(
        self, plugins: Plugins, questions: Questions, address: str
    ) -> None:
        """None, no error, and no other contact: what a mail names is data."""
        assert self._contacts(plugins, questions, address) == ()

    def test_find_delivery_answers_for_a_stranger(self, plugins: Plugins, questions: Questions) -> None:
        """None, for a message that the host never sent."""
        self._needs(plugins, "find_delivery")
        found = questions.find("nobody@unknown.invalid", sample_clues(message_id="never-sent@unknown.invalid"))
        assert not found.trouble, found.trouble
        assert found.delivery is None, f"{found.delivery} was never sent to nobody@unknown.invalid"

    def test_on_threshold_reached_twice_is_once(self, plugin: object, plugins: Plugins) -> None:
        """It is told at least once: the second time changes nothing."""
        self._needs(plugins, "on_threshold_reached")
        event = self._event(plugins)
        before = self.state(plugin)
        self._reach(plugins, event)
        once = self.state(plugin)
        assert once != before, "on_threshold_reached changed nothing that `state` shows"
        self._reach(plugins, event)
        assert self.state(plugin) == once, "on_threshold_reached did something the second time"

    def test_on_threshold_reached_copes_with_an_erased_person(self, plugin: object, plugins: Plugins) -> None:
        """A person may be erased before it is told: no address, no contact, nothing to do."""
        self._needs(plugins, "on_threshold_reached")
        before = self.state(plugin)
        self._reach(plugins, sample_event(address="", contacts=()))
        assert self.state(plugin) == before, "on_threshold_reached changed somebody else"

    def test_on_exempt_failure_twice_is_once(self, plugin: object, plugins: Plugins) -> None:
        """It is told at least once: nobody gets two letters."""
        self._needs(plugins, "on_exempt_failure")
        before = self.fallback_state(plugin)
        self._fail_exempt(plugins, self._event(plugins))
        once = self.fallback_state(plugin)
        assert once != before, "on_exempt_failure changed nothing that `fallback_state` shows"
        self._fail_exempt(plugins, self._event(plugins))
        assert self.fallback_state(plugin) == once, "on_exempt_failure did something the second time"

    def test_on_exempt_failure_copes_with_an_erased_person(self, plugins: Plugins) -> None:
        """The document may have to be sent all the same; what is not known must be no error."""
        self._needs(plugins, "on_exempt_failure")
        self._fail_exempt(plugins, sample_event(address="", contacts=()))

    def test_should_suppress_answers_true_false_or_none(self, plugins: Plugins, questions: Questions) -> None:
        """For the known address and for strangers."""
        self._needs(plugins, "should_suppress")
        for address in (self.known_address, *HOSTILE):
            questions.should_suppress(address, self.category)

    def test_should_suppress_many_answers_some_of_the_addresses(self, plugins: Plugins, questions: Questions) -> None:
        """As they were spelt in the question; none for none."""
        self._needs(plugins, "should_suppress_many")
        addresses = (self.known_address, *HOSTILE)
        assert questions.should_suppress_many(addresses, self.category) <= frozenset(addresses)
        assert questions.should_suppress_many((), self.category) == frozenset()

    def _needs(self, plugins: Plugins, hook: str) -> None:
        if not plugins.implementing(hook):
            pytest.skip(f"the plugin does not implement {hook}")

    def _contacts(self, plugins: Plugins, questions: Questions, address: str) -> tuple[Contact, ...]:
        self._needs(plugins, "find_contact")
        found = questions.find(address, sample_clues())
        assert not found.trouble, found.trouble
        return found.contacts

    def _event(self, plugins: Plugins) -> BounceEvent:
        """A failure of the known address, with the contacts that the host itself finds."""
        contacts = Questions(plugins, lambda _trouble: None).find(self.known_address, sample_clues()).contacts
        return sample_event(address=self.known_address, contacts=contacts or (Contact(id="1"),))

    def _fail_exempt(self, plugins: Plugins, event: BounceEvent) -> None:
        event = replace(event, category=self.exempt_category, message="sample", document="2026-0815")
        plugins.call("on_exempt_failure", "host", event=event, fallback=self.fallback)

    def _reach(self, plugins: Plugins, event: BounceEvent) -> None:
        decision = sample_decision(actions=(PolicyAction.SUPPRESS, PolicyAction.REMOVE_FROM_LIST))
        plugins.call("on_threshold_reached", "host", event=event, decision=decision)
