"""A question goes to each plugin by itself; one that fails neither loses a mail nor blocks or lets through a send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bounce_plugin.announce import Found, OwnAnswers, Phrases, Questions, Trouble, load_plugins
from bounce_plugin.correlate.clues import Clues
from bounce_plugin.correlate.correlation import Contact, Delivery
from bounce_plugin.errors import HookError
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.testing import FakeHost, sample_clues, sample_delivery

JOE, ANN = Contact(id="1"), Contact(id="2")


def own(*suppressed: str, delivery: Delivery | None = None) -> OwnAnswers:
    return OwnAnswers(
        find_delivery=lambda clues, address: delivery,
        should_suppress=lambda address, category: address in suppressed,
        should_suppress_many=lambda addresses, category: (one for one in addresses if one in suppressed),
    )


def ask(*plugins: object, own: OwnAnswers | None = None, report: Callable[[Trouble], None] | None = None) -> Questions:
    """`plugins` are asked in this order."""

    def fail(trouble: Trouble) -> None:
        pytest.fail(trouble.sentence)

    # pluggy asks what was registered last first.
    named = {f"plugin{number}": plugin for number, plugin in reversed(list(enumerate(plugins, 1)))}
    return Questions(load_plugins(named, own=own, entry_points=False), report or fail)


def answering(hook: str, answer: object) -> object:
    """A plugin whose hook gives this answer, or raises it."""

    def implementation() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    plugin = type("Plugin", (), {hook: staticmethod(hookimpl(implementation))})
    return plugin()


# find_contact


@pytest.mark.parametrize(
    ("answer", "contacts"),
    [
        pytest.param(JOE, (JOE,), id="one"),
        pytest.param([JOE, ANN], (JOE, ANN), id="a-family"),
        pytest.param((JOE, JOE), (JOE,), id="the-same-twice"),
        pytest.param(None, (), id="none"),
        pytest.param([], (), id="an-empty-list-is-none"),
    ],
)
def test_find_contact_gives_a_tuple(answer: object, contacts: tuple[Contact, ...]) -> None:
    found = ask(answering("find_contact", answer), own=own()).find("joe@example.org", sample_clues())
    assert found == Found(contacts=contacts)


def test_find_contact_stops_at_the_first_answer() -> None:
    second = FakeHost(contacts={"joe@example.org": ANN})
    questions = ask(answering("find_contact", JOE), second)
    assert questions.find("joe@example.org", sample_clues()).contacts == (JOE,)
    assert "find_contact" not in second.asked


def test_find_contact_goes_on_after_an_empty_answer() -> None:
    questions = ask(answering("find_contact", []), answering("find_contact", ANN))
    assert questions.find("joe@example.org", sample_clues()).contacts == (ANN,)


def test_find_contact_is_not_asked_about_no_address() -> None:
    host = FakeHost(failing={"find_contact": 1})
    assert ask(host, own=own()).find("", sample_clues()) == Found()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(RuntimeError("no database"), "RuntimeError('no database')", id="raises"),
        pytest.param("7", "it answered '7', not a Contact, several, or None", id="a-text"),
        pytest.param({"id": "7"}, "it answered {'id': '7'}", id="a-dict"),
        pytest.param([JOE, None], "None]", id="a-list-with-none"),
        pytest.param(iter([JOE]), "it answered <", id="an-iterator"),
    ],
)
def test_find_contact_that_fails_sends_the_mail_to_review_and_nobody_else_is_asked(answer: object, said: str) -> None:
    second = FakeHost(contacts={"joe@example.org": ANN})
    found = ask(answering("find_contact", answer), second, own=own()).find("joe@example.org", sample_clues())
    assert found.contacts == ()
    assert found.trouble.startswith("The plugin 'plugin1' failed in find_contact: ")
    assert said in found.trouble
    assert second.asked == []


# find_delivery


def test_find_delivery_comes_from_the_host_or_else_from_us() -> None:
    theirs, ours = sample_delivery(ref="theirs"), sample_delivery(ref="ours")
    host = FakeHost(deliveries=[theirs])
    questions = ask(host, own=own(delivery=ours))
    assert questions.find("joe@example.org", sample_clues()).delivery == theirs
    assert questions.find("joe@example.org", Clues()).delivery == ours


@pytest.mark.parametrize("answer", [KeyError("x"), "ref", {"ref": "x"}], ids=["raises", "text", "dict"])
def test_find_delivery_that_fails_keeps_the_contact_and_says_so(answer: object) -> None:
    host = FakeHost(contacts={"joe@example.org": JOE})
    found = ask(answering("find_delivery", answer), host, own=own()).find("joe@example.org", sample_clues())
    assert (found.contacts, found.delivery) == ((JOE,), None)
    assert found.trouble.startswith("The plugin 'plugin1' failed in find_delivery: ")


# should_suppress


@pytest.mark.parametrize(
    ("host", "ours", "answer"),
    [
        pytest.param(FakeHost(), (), False, id="nobody-withholds"),
        pytest.param(FakeHost(), ("a@b.example",), True, id="no-opinion-so-ours-holds"),
        pytest.param(FakeHost(let_through=["a@b.example"]), ("a@b.example",), False, id="the-host-lets-a-vip-through"),
        pytest.param(FakeHost(withheld=["a@b.example"]), (), True, id="the-host-withholds"),
    ],
)
def test_should_suppress_follows_the_host_and_then_us(host: FakeHost, ours: tuple[str, ...], answer: bool) -> None:
    questions = ask(host, own=own(*ours))
    assert questions.should_suppress("a@b.example", "newsletter") is answer
    many = questions.should_suppress_many(["a@b.example", "c@d.example"], "newsletter")
    assert many == ({"a@b.example"} if answer else frozenset())


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("answer", [RuntimeError("down"), "yes", 1], ids=["raises", "text", "number"])
def test_should_suppress_that_fails_is_reported_and_our_own_answer_holds(answer: object, ours: bool) -> None:
    reported: list[Trouble] = []
    questions = ask(answering("should_suppress", answer), own=own(*["a@b.example"] * ours), report=reported.append)
    assert questions.should_suppress("a@b.example", "newsletter") is ours
    assert [(trouble.plugin, trouble.hook) for trouble in reported] == [("plugin1", "should_suppress")]
    assert reported[0].key == "plugin:plugin1:should_suppress"
    assert "plugin1" in reported[0].sentence


def test_should_suppress_that_fails_does_not_keep_the_next_plugin_from_answering() -> None:
    reported: list[Trouble] = []
    vip = FakeHost(let_through=["a@b.example"])
    questions = ask(answering("should_suppress", OSError()), vip, own=own("a@b.example"), report=reported.append)
    assert questions.should_suppress("a@b.example", "newsletter") is False
    assert len(reported) == 1


def test_an_error_of_our_own_answer_goes_to_the_host() -> None:
    def fail(address: str, category: str) -> bool:
        raise HookError("the ledger is away")

    ours = OwnAnswers(find_delivery=lambda clues, address: None, should_suppress=fail, should_suppress_many=fail)
    with pytest.raises(HookError, match="the ledger is away"):
        ask(own=ours).should_suppress("a@b.example", "newsletter")


# should_suppress_many


def test_should_suppress_many_asks_a_plugin_that_only_knows_the_single_question_one_by_one() -> None:
    host = FakeHost(withheld=["1@x.example"], let_through=["2@x.example"])
    questions = ask(host, own=own("2@x.example", "3@x.example"))
    addresses = [f"{number}@x.example" for number in range(5)]
    assert questions.should_suppress_many(addresses, "newsletter") == {"1@x.example", "3@x.example"}
    assert host.asked == ["should_suppress"] * 5


def test_should_suppress_many_asks_about_each_address_once() -> None:
    host = FakeHost()
    ask(host, own=own()).should_suppress_many(["a@x.example"] * 3, "newsletter")
    assert host.asked == ["should_suppress"]


def test_should_suppress_many_of_a_host_is_final() -> None:
    class Batch:
        @hookimpl
        def should_suppress_many(self, addresses: Sequence[str], category: str) -> Iterable[str]:
            return (one for one in addresses if one.startswith("1"))

    questions = ask(Batch(), own=own("2@x.example"))
    assert questions.should_suppress_many(["1@x.example", "2@x.example"], "newsletter") == {"1@x.example"}


def test_should_suppress_many_without_an_opinion_leaves_it_to_us() -> None:
    questions = ask(answering("should_suppress_many", None), own=own("2@x.example"))
    assert questions.should_suppress_many(["1@x.example", "2@x.example"], "newsletter") == {"2@x.example"}


def failing_generator() -> Iterable[str]:
    yield "1@x.example"
    raise OSError("connection lost")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(RuntimeError("down"), id="raises"),
        pytest.param("1@x.example", id="a-text"),
        pytest.param(True, id="a-bool"),
        pytest.param(["9@x.example"], id="an-address-that-was-not-asked-for"),
        pytest.param([["1@x.example"]], id="lists"),
        pytest.param(failing_generator(), id="a-generator-that-raises"),
    ],
)
def test_should_suppress_many_that_fails_is_reported_and_our_own_answer_holds(answer: object) -> None:
    reported: list[Trouble] = []
    questions = ask(answering("should_suppress_many", answer), own=own("2@x.example"), report=reported.append)
    assert questions.should_suppress_many(["1@x.example", "2@x.example"], "newsletter") == {"2@x.example"}
    assert [trouble.hook for trouble in reported] == ["should_suppress_many"]


def test_a_single_failure_in_a_batch_costs_only_that_address() -> None:
    reported: list[Trouble] = []
    host = FakeHost(withheld=["0@x.example", "1@x.example"], failing={"should_suppress": 1})
    questions = ask(host, own=own(), report=reported.append)
    assert questions.should_suppress_many(["0@x.example", "1@x.example"], "newsletter") == {"1@x.example"}
    assert len(reported) == 1


def test_a_plugin_that_is_down_is_not_asked_a_million_times() -> None:
    reported: list[Trouble] = []
    host = FakeHost(failing={"should_suppress": 10_000})
    addresses = [f"{number}@x.example" for number in range(1000)]
    questions = ask(host, own=own(*addresses), report=reported.append)
    assert questions.should_suppress_many(addresses, "newsletter") == frozenset(addresses)
    assert len(host.asked) == 3
    assert len(reported) == 1


# phrases


def test_phrases_come_with_the_name_of_their_plugin() -> None:
    questions = ask(answering("phrases", "phrases = []"), answering("phrases", None), answering("phrases", ""))
    assert questions.phrases() == (Phrases(plugin="plugin1", toml="phrases = []"),)


@pytest.mark.parametrize("answer", [RuntimeError("x"), {"phrases": []}], ids=["raises", "dict"])
def test_phrases_that_fail_are_an_error_at_start(answer: object) -> None:
    with pytest.raises(HookError, match="The plugin 'plugin1' failed in phrases"):
        ask(answering("phrases", answer)).phrases()


# The fields of an answer


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        pytest.param({"id": 7}, "Contact.id is 7, not a text", id="a-number-for-a-key"),
        pytest.param({"id": None}, "Contact.id is None, not a text", id="no-key"),
        pytest.param({"id": ""}, "Contact.id is '', not a key", id="an-empty-key"),
        pytest.param({"id": "7", "address": None}, "Contact.address is None, not a text", id="no-address"),
        pytest.param({"id": "7", "lists": [1, 2]}, "Contact.lists is [1, 2], not a tuple of texts", id="a-list"),
        pytest.param({"id": "7", "lists": (1,)}, "Contact.lists is (1,), not a tuple of texts", id="numbers"),
    ],
)
def test_a_contact_whose_fields_are_of_wrong_types_is_no_answer(contact: dict[str, Any], said: str) -> None:
    for answer in (Contact(**contact), [JOE, Contact(**contact)]):
        found = ask(answering("find_contact", answer), own=own()).find("joe@example.org", sample_clues())
        assert found == Found(trouble=f"The plugin 'plugin1' failed in find_contact: in its answer {said}")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("ref", 12, "Delivery.ref is 12, not a text"),
        ("ref", "", "Delivery.ref is '', not a key"),
        ("ref", "n1:Joe@Example.org", "Delivery.ref is 'n1:Joe@Example.org', not a key without the address"),
        ("contact", 7, "Delivery.contact is 7, not a text"),
        ("category", None, "Delivery.category is None, not a text"),
        ("sent_at", "2026-11-23", "Delivery.sent_at is '2026-11-23', not a datetime"),
        ("sent_at", datetime(2026, 11, 23), "not an aware datetime (with a time zone)"),  # noqa: DTZ001 - on purpose
    ],
)
def test_a_delivery_whose_fields_are_of_wrong_types_is_no_answer(field: str, value: object, said: str) -> None:
    wrong: dict[str, Any] = {field: value}
    answer = replace(sample_delivery(), **wrong)
    found = ask(answering("find_delivery", answer), own=own()).find("joe@example.org", sample_clues())
    assert found.delivery is None
    assert found.trouble.startswith("The plugin 'plugin1' failed in find_delivery: in its answer ")
    assert said in found.trouble
