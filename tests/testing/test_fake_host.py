"""The fake host answers what it was given, and remembers what it was told."""

from __future__ import annotations

import pytest

from bounce_plugin import hookspecs
from bounce_plugin.announce import Found, Questions, load_plugins
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.testing import (
    Call,
    FakeHost,
    sample_clues,
    sample_decision,
    sample_delivery,
    sample_event,
    sample_incident,
)

JOE = Contact(id="7")


def ask(host: FakeHost) -> Questions:
    return Questions(load_plugins({"fake": host}, entry_points=False), lambda trouble: pytest.fail(trouble.sentence))


def test_it_implements_every_announcement() -> None:
    hooks = load_plugins({"fake": FakeHost()}, entry_points=False).hooks_of("fake")
    assert [name for name in vars(hookspecs) if name.startswith("on_") and name not in hooks] == []


def test_it_answers_what_it_was_given() -> None:
    delivery = sample_delivery()
    host = FakeHost(contacts={"joe@example.org": JOE}, deliveries=[delivery], withheld=["a@b.example"])
    questions = ask(host)
    assert questions.find("joe@example.org", sample_clues()) == Found(contacts=(JOE,), delivery=delivery)
    assert questions.find("ann@example.org", sample_clues()) == Found()
    assert questions.should_suppress("a@b.example", "newsletter") is True
    assert host.asked == ["find_contact", "find_delivery"] * 2 + ["should_suppress"]


def test_a_delivery_without_any_id_is_not_found_by_clues_without_any() -> None:
    host = FakeHost(deliveries=[sample_delivery()])
    assert host.find_delivery(clues=sample_clues(message_id=""), address="joe@example.org") is None


def test_it_remembers_what_it_was_told_in_order() -> None:
    host, event, incident, decision = FakeHost(), sample_event(), sample_incident(), sample_decision()
    host.on_incident(incident=incident)
    host.on_threshold_reached(event=event, decision=decision)
    assert host.calls == [
        Call(hook="on_incident", about=incident),
        Call(hook="on_threshold_reached", about=event, decision=decision),
    ]
    assert host.told("on_threshold_reached") == (event,)


def test_it_fails_as_often_as_it_was_told_to() -> None:
    host = FakeHost(failing={"on_incident": 2})
    for _ in range(2):
        with pytest.raises(RuntimeError, match="fails as it was told to"):
            host.on_incident(incident=sample_incident())
    host.on_incident(incident=sample_incident())
    assert len(host.calls) == 1
