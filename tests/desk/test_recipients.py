"""Who of very many is given out to be sent to: in their order, by answers that are not old, and with the host's say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import sleep

import pytest

from bounce_plugin import BouncePlugin, hookimpl
from bounce_plugin.announce import OwnAnswers, Questions, load_plugins
from bounce_plugin.desk import recipients as room
from bounce_plugin.desk.recipients import allowed, withheld_among
from bounce_plugin.policy.state import Verb
from tests.suppression.samples import stop
from tests.world import World

ANNA, BERT, CLEO = "anna@example.com", "bert@example.com", "cleo@example.com"


@dataclass(frozen=True)
class Person:
    name: str
    email: str


def questions(
    withhold: Callable[[str], bool] = lambda address: False, host: object = None, asked: list[int] | None = None
) -> Questions:
    """Our own answers from a function, and perhaps a host."""

    def many(addresses: Iterable[str], category: str) -> list[str]:
        if asked is not None:
            asked.append(len(list(addresses)))
        return [one for one in addresses if withhold(one)]

    own = OwnAnswers(
        find_delivery=lambda clues, address: None, should_suppress=lambda a, c: withhold(a), should_suppress_many=many
    )
    plugins = load_plugins({} if host is None else {"host": host}, own=own, entry_points=False)
    return Questions(plugins, lambda trouble: None)


def crowd(number: int) -> Iterator[str]:
    return (f"a{one}@example.org" for one in range(number))


def test_in_their_order_each_time_they_occur_and_as_they_are_spelt() -> None:
    some = [BERT, "Anna@Example.com", CLEO, BERT, ANNA]
    asked = questions(lambda address: address.lower() == ANNA)
    assert list(allowed(asked, some, "newsletter", key=None)) == [BERT, CLEO, BERT]
    assert withheld_among(asked, some, "newsletter") == {"Anna@Example.com", ANNA}
    assert list(allowed(asked, (), "newsletter", key=None)) == []


def test_recipients_of_any_kind_by_their_addresses() -> None:
    people = [Person("A", ANNA), Person("B", BERT), Person("again", ANNA)]
    asked = questions(lambda address: address == BERT)
    assert list(allowed(asked, people, "newsletter", key=lambda one: one.email)) == [people[0], people[2]]


def test_a_recipient_that_is_no_address_needs_a_key() -> None:
    with pytest.raises(TypeError, match=r"needs `key`.*Person"):
        list(allowed(questions(), [ANNA, Person("A", ANNA)], "newsletter", key=None))  # type: ignore[list-item]


def test_one_text_is_no_list_of_addresses() -> None:
    with pytest.raises(TypeError, match="not one text"):
        list(allowed(questions(), ANNA, "newsletter", key=None))
    with pytest.raises(TypeError, match="not one text"):
        withheld_among(questions(), ANNA, "newsletter")


def test_very_many_are_asked_for_some_at_a_time_and_none_is_lost() -> None:
    sizes: list[int] = []
    asked = questions(lambda address: address.endswith("7@example.org"), asked=sizes)
    right = [one for one in crowd(90_000) if not one.endswith("7@example.org")]
    assert list(allowed(asked, crowd(90_000), "newsletter", key=None)) == right
    assert sizes[0] == 1_000
    assert max(sizes) <= 20_000


def test_no_more_are_taken_from_the_host_than_are_asked_for() -> None:
    taken = 0

    def people() -> Iterator[str]:
        nonlocal taken
        for one in crowd(90_000):
            taken += 1
            yield one

    going = allowed(questions(), people(), "newsletter", key=None)
    assert taken == 0
    next(going)
    assert taken == 1_000
    going.close()  # type: ignore[attr-defined]
    assert taken == 1_000


def test_who_is_stopped_while_others_are_sent_to_is_left_out() -> None:
    stopped: set[str] = set()
    sizes: list[int] = []
    asked = questions(stopped.__contains__, asked=sizes)
    going = allowed(asked, crowd(100), "newsletter", key=None, fresh=0.05)
    assert [next(going), next(going)] == ["a0@example.org", "a1@example.org"]
    stopped.update(crowd(100))
    sleep(0.1)
    assert list(going) == []
    assert (sizes[0], sum(sizes[1:])) == (100, 98)


def test_a_slow_sender_is_given_few_at_a_time() -> None:
    sizes: list[int] = []
    going = allowed(questions(asked=sizes), crowd(2_000), "newsletter", key=None, fresh=0.02)
    for _ in zip(range(60), going, strict=False):
        sleep(0.005)
    assert sizes[0] == 1_000
    assert 0 < sizes[-1] < 100


def test_the_next_number_follows_how_quickly_they_are_taken() -> None:
    assert room._next_size(1_000, asking=1e-6, taking=1e-6, time=0.5) == 4_000
    assert room._next_size(16_000, asking=1e-6, taking=1e-6, time=0.5) == 20_000
    assert room._next_size(1_000, asking=1e-6, taking=0.01, time=0.5) == 50
    assert room._next_size(1, asking=1e-6, taking=5, time=0.5) == 1
    assert room._next_size(20_000, asking=1e-4, taking=1e-6, time=0.5) == 5_000
    assert room._next_size(2_000, asking=0.1, taking=1e-6, time=0.5) == 1_000


class TestTheHostsSay:
    def test_a_host_that_answers_for_many_is_asked_some_at_a_time_and_is_final(self) -> None:
        calls: list[int] = []

        class Host:
            @hookimpl
            def should_suppress_many(self, addresses: tuple[str, ...], category: str) -> set[str] | None:
                calls.append(len(addresses))
                return {BERT} & set(addresses) if category == "newsletter" else None

        asked = questions(lambda address: True, Host())
        some = [ANNA, BERT, *crowd(30_000), ANNA]
        assert list(allowed(asked, some, "newsletter", key=None)) == [one for one in some if one != BERT]
        assert list(allowed(asked, some, "other", key=None)) == []
        assert withheld_among(asked, some, "newsletter") == {BERT}
        assert max(calls) <= 20_000

    def test_a_host_that_knows_the_single_question_only_is_asked_one_by_one(self) -> None:
        class Host:
            @hookimpl
            def should_suppress(self, address: str) -> bool | None:
                return {ANNA: False, CLEO: True}.get(address)

        asked = questions(lambda address: address == ANNA, Host())
        assert list(allowed(asked, [ANNA, BERT, CLEO], "newsletter", key=None)) == [ANNA, BERT]

    @pytest.mark.parametrize("hook", ["should_suppress", "should_suppress_many"])
    def test_a_host_that_is_down_is_not_asked_for_each_part(self, hook: str) -> None:
        calls = 0

        def fail() -> None:
            nonlocal calls
            calls += 1
            raise ConnectionError

        host = type("Host", (), {hook: staticmethod(hookimpl(fail))})()
        asked = questions(lambda address: address == BERT, host)
        assert ANNA in allowed(asked, [*crowd(30_000), BERT, ANNA], "newsletter", key=None)
        assert calls == 3


class TestThePlugin:
    def test_the_same_answer_in_every_way(self, world: World) -> None:
        plugin: BouncePlugin = world.plugin
        stop(plugin.ledger, ANNA)
        stop(plugin.ledger, BERT, verb=Verb.SUPPRESS_ALL)
        for category in ("newsletter", "invoice", "newsleter"):
            going = [one for one in (ANNA, BERT, CLEO) if not plugin.should_suppress(one, category)]
            assert list(plugin.filter([ANNA, BERT, CLEO], category)) == going
            assert {ANNA, BERT, CLEO} - plugin.suppressed_among([ANNA, BERT, CLEO], category) == set(going)
            people = [Person("x", one) for one in (ANNA, BERT, CLEO)]
            assert [one.email for one in plugin.filter(people, category, key=lambda one: one.email)] == going

    def test_a_category_that_is_not_declared_raises_an_incident_at_once(self, world: World) -> None:
        world.plugin.filter([], "newsleter")
        world.plugin.tell()
        assert [one.key for one in world.host.incidents] == ["category:newsleter"]

    def test_an_address_with_a_name_around_it_is_sent_to_and_raises_an_incident(self, world: World) -> None:
        named = f"Anna <{ANNA}>"
        assert list(world.plugin.filter([BERT, named], "newsletter")) == [BERT, named]
        world.plugin.tell()
        assert [one.key for one in world.host.incidents] == ["address"]
