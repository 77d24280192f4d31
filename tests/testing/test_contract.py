"""The contract accepts hooks that keep their promises, and tells each broken promise."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

HEAD = """
import pytest
from bounce_plugin import Contact, hookimpl
from bounce_plugin.testing.contract import HostContract

class Hooks:
    def __init__(self):
        self.members = {"joe@example.org": "7", "ann@example.org": "8"}
        self.told = []
        self.letters = set()

    @hookimpl
    def find_contact(self, address):
        return Contact(id=self.members[address]) if address in self.members else None

    @hookimpl
    def on_threshold_reached(self, event):
        for contact in event.contacts:
            self.members = {address: id for address, id in self.members.items() if id != contact.id}

class Contract(HostContract):
    known_address = "joe@example.org"

    @pytest.fixture
    def plugin(self):
        return self.make()

    def state(self, plugin):
        return dict(plugin.members), len(plugin.told)

    def fallback_state(self, plugin):
        return set(plugin.letters), len(plugin.told)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> object:
    """Run the contract over hooks with some methods replaced; gives the names of the tests that failed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # a run takes a tenth of the time without them

    def run_(methods: str) -> set[str]:
        body = "\n".join(f"    {line}" for line in methods.strip().splitlines())
        pytester.makepyfile(
            test_it=f"{HEAD}\nclass Mine(Hooks):\n{body or '    pass'}\n\n"
            "class TestMine(Contract):\n    make = staticmethod(Mine)\n"
        )
        result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
        failed = [line for line in result.outlines if line.startswith(("FAILED", "ERROR"))]
        assert result.parseoutcomes().get("passed", 0) + len(failed) >= 1
        return {line.split("::")[-1].split(" ")[0].split("[")[0] for line in failed}

    return run_


def test_hooks_that_keep_their_promises_pass(run: object) -> None:
    assert callable(run)
    assert run("") == set()
    assert run("@hookimpl\ndef on_exempt_failure(self, event): self.letters.add(event.document)") == set()


@pytest.mark.parametrize(
    ("methods", "failing"),
    [
        pytest.param(
            "@hookimpl\ndef find_contact(self, address): return None",
            {"test_find_contact_knows_the_known_address", "test_on_threshold_reached_twice_is_once"},
            id="knows-nobody",
        ),
        pytest.param(
            "@hookimpl\ndef find_contact(self, address): return Contact(id='7')",
            {"test_find_contact_gives_nobody_for_a_stranger"},
            id="knows-everybody",
        ),
        pytest.param(
            "@hookimpl\ndef find_contact(self, address): return Contact(id=7) if address in self.members else None",
            {"test_find_contact_knows_the_known_address", "test_on_threshold_reached_twice_is_once"},
            id="ids-are-numbers",
        ),
        pytest.param(
            "@hookimpl\ndef find_contact(self, address): return Contact(id=self.members[address])",
            {"test_find_contact_gives_nobody_for_a_stranger"},
            id="raises-for-strangers",
        ),
        pytest.param(
            "@hookimpl\ndef on_threshold_reached(self, event): self.told.append(event.id)",
            {"test_on_threshold_reached_twice_is_once", "test_on_threshold_reached_copes_with_an_erased_person"},
            id="does-it-twice",
        ),
        pytest.param(
            "@hookimpl\ndef on_threshold_reached(self, event): pass",
            {"test_on_threshold_reached_twice_is_once"},
            id="does-nothing",
        ),
        pytest.param(
            "@hookimpl\ndef on_threshold_reached(self, event): self.members.pop(event.contacts[0].id, None)",
            {"test_on_threshold_reached_twice_is_once", "test_on_threshold_reached_copes_with_an_erased_person"},
            id="needs-a-contact",
        ),
        pytest.param(
            "@hookimpl\ndef on_exempt_failure(self, event, fallback): self.told.append(event.document)",
            {"test_on_exempt_failure_twice_is_once"},
            id="posts-it-twice",
        ),
        pytest.param(
            "@hookimpl\ndef on_exempt_failure(self, event): self.letters.add(event.contacts[0].id)",
            {"test_on_exempt_failure_copes_with_an_erased_person"},
            id="posts-it-to-nobody",
        ),
        pytest.param(
            "@hookimpl\ndef should_suppress(self, address): return 'yes'",
            {"test_should_suppress_answers_true_false_or_none"},
            id="answers-a-text",
        ),
        pytest.param(
            "@hookimpl\ndef should_suppress_many(self, addresses): return [one.upper() for one in addresses]",
            {"test_should_suppress_many_answers_some_of_the_addresses"},
            id="answers-another-spelling",
        ),
        pytest.param(
            "@hookimpl\ndef find_delivery(self, clues): raise KeyError(clues.message_id)",
            {"test_find_delivery_answers_for_a_stranger", "test_find_contact_knows_the_known_address"},
            id="raises-for-unknown-messages",
        ),
        pytest.param(
            "@hookimpl\ndef on_treshold_reached(self, event): pass",
            {"test_every_hook_is_known_and_can_be_called"},
            id="misspelt",
        ),
    ],
)
def test_a_broken_promise_is_told(run: object, methods: str, failing: set[str]) -> None:
    assert callable(run)
    failed = run(methods)
    assert failing <= failed
