"""Plugins are found, created and checked at start, and what is wrong names the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import pytest

from bounce_plugin.announce import OwnAnswers, load_plugins
from bounce_plugin.correlate.correlation import Contact
from bounce_plugin.errors import HookError, SettingsError
from bounce_plugin.hookspecs import hookimpl
from bounce_plugin.testing import FakeHost


class Finder:
    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        return Contact(id=f"finder:{address}")


class WithOptions:
    def __init__(self, options: Mapping[str, object]) -> None:
        self.options = options

    @hookimpl
    def find_contact(self, address: str) -> Contact:
        return Contact(id=str(self.options.get("prefix", "none")))


OWN = OwnAnswers(
    find_delivery=lambda clues, address: None,
    should_suppress=lambda address, category: False,
    should_suppress_many=lambda addresses, category: (),
)


def test_nothing_is_loaded_at_import_and_each_host_has_its_own_plugins() -> None:
    one = load_plugins({"a": Finder()}, entry_points=False)
    two = load_plugins({"b": Finder()}, entry_points=False)
    assert (one.names, two.names) == (("a",), ("b",))


def test_plugins_know_which_hooks_they_implement() -> None:
    plugins = load_plugins({"finder": Finder(), "fake": FakeHost()}, own=OWN, entry_points=False)
    assert plugins.names == ("bounce_plugin", "fake", "finder")
    assert plugins.hooks_of("finder") == ("find_contact",)
    assert plugins.hooks_of("bounce_plugin") == ("find_delivery", "should_suppress", "should_suppress_many")
    assert set(plugins.implementing("find_contact")) == {"fake", "finder"}
    assert plugins.implementing("phrases") == ()
    assert plugins.implementing("no_hook_of_ours") == ()


def test_our_own_answer_is_asked_last_though_it_was_registered_last() -> None:
    plugins = load_plugins({"fake": FakeHost()}, own=OWN, entry_points=False)
    assert plugins.implementing("should_suppress") == ("fake", "bounce_plugin")


def test_a_plugin_is_called_by_itself() -> None:
    fake = FakeHost(failing={"find_contact": 9})
    plugins = load_plugins({"fake": fake, "finder": Finder()}, entry_points=False)
    assert plugins.call("find_contact", "finder", address="a@b.example", clues=None) == Contact(id="finder:a@b.example")
    assert fake.asked == []


@pytest.mark.parametrize("given", [{"x": WithOptions}, {"x": WithOptions, "y": Finder()}])
def test_a_class_is_created_with_its_options(given: Mapping[str, object]) -> None:
    plugins = load_plugins(given, options={"x": {"prefix": "p"}}, entry_points=False)
    assert plugins.call("find_contact", "x", address="a@b.example", clues=None) == Contact(id="p")


def test_a_class_without_options_in_the_settings_gets_an_empty_mapping() -> None:
    plugin = load_plugins({"x": WithOptions}, entry_points=False).plugin("x")
    assert isinstance(plugin, WithOptions)
    assert plugin.options == {}


def test_a_module_is_a_plugin() -> None:
    module = ModuleType("some_host_hooks")
    exec("from bounce_plugin.hookspecs import hookimpl\n@hookimpl\ndef phrases(): return 'x'", module.__dict__)
    assert load_plugins({"m": module}, entry_points=False).implementing("phrases") == ("m",)


# What is wrong, and how it is said.


def misspelt() -> object:
    class Plugin:
        @hookimpl
        def on_treshold_reached(self, event: object) -> None: ...

    return Plugin()


def wrong_argument() -> object:
    class Plugin:
        @hookimpl
        def find_contact(self, adress: str) -> None: ...

    return Plugin()


def default_value() -> object:
    class Plugin:
        @hookimpl
        def find_contact(self, address: str, clues: object = None) -> None: ...

    return Plugin()


def asynchronous() -> object:
    class Plugin:
        @hookimpl
        async def on_incident(self, incident: object) -> None: ...

    return Plugin()


def wrapper() -> object:
    class Plugin:
        @hookimpl(wrapper=True)
        def should_suppress(self, address: str):  # type: ignore[no-untyped-def]  # a generator, of pluggy's kind
            return (yield)

    return Plugin()


def unmarked() -> object:
    class Plugin:
        def find_contact(self, address: str) -> None: ...

    return Plugin()


def unhashable() -> object:
    class Plugin:
        __hash__ = None  # type: ignore[assignment]  # as a dataclass with == has it

        @hookimpl
        def find_contact(self, address: str) -> None: ...

    return Plugin()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(misspelt, r"'x', hook 'on_treshold_reached': .*mean 'on_threshold_reached'", id="misspelt"),
        pytest.param(wrong_argument, r"'x': .*adress", id="misspelt-argument"),
        pytest.param(
            default_value, r"'x', hook 'find_contact': the argument 'clues' must have no default", id="default"
        ),
        pytest.param(asynchronous, r"'x', hook 'on_incident': must not be async", id="async"),
        pytest.param(wrapper, r"'x', hook 'should_suppress': a wrapper", id="wrapper"),
        pytest.param(unmarked, r"'x' implements no hook: mark .*hookimpl", id="unmarked"),
        pytest.param(unhashable, r"'x' cannot be registered: unhashable", id="unhashable"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_refused_by_name(make: object, said: str) -> None:
    assert callable(make)
    with pytest.raises(HookError, match=said):
        load_plugins({"x": make()}, entry_points=False)


def test_a_hook_of_a_later_version_may_be_marked_optional() -> None:
    class Plugin(Finder):
        @hookimpl(optionalhook=True)
        def on_something_new(self) -> None: ...

    assert load_plugins({"x": Plugin()}, entry_points=False).hooks_of("x") == ("find_contact",)


def test_one_object_under_two_names_is_refused() -> None:
    finder = Finder()
    with pytest.raises(HookError, match="'b' cannot be registered"):
        load_plugins({"a": finder, "b": finder}, entry_points=False)


def test_a_class_that_fails_is_named() -> None:
    class Broken:
        def __init__(self, options: Mapping[str, object]) -> None:
            raise RuntimeError("no database")

    with pytest.raises(HookError, match=r"'x': .*Broken'> with its options failed: RuntimeError\('no database'\)"):
        load_plugins({"x": Broken}, entry_points=False)


def test_a_class_that_finds_an_option_wrong_says_so_itself() -> None:
    class Picky:
        def __init__(self, options: Mapping[str, object]) -> None:
            raise SettingsError("is missing", key="plugin.x.url")

    with pytest.raises(SettingsError, match=r"plugin\.x\.url: is missing"):
        load_plugins({"x": Picky}, entry_points=False)


def test_a_class_that_takes_no_options_is_refused() -> None:
    class NoOptions(Finder):
        def __init__(self) -> None: ...

    with pytest.raises(HookError, match="'x'"):
        load_plugins({"x": NoOptions}, entry_points=False)


def test_options_for_a_plugin_that_takes_none_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"plugin\.x: this plugin takes no options"):
        load_plugins({"x": Finder()}, options={"x": {"a": 1}}, entry_points=False)


def test_options_for_a_plugin_that_is_not_there_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"plugin\.findr: .*did you mean 'finder'"):
        load_plugins({"finder": WithOptions}, options={"findr": {}}, entry_points=False)


def test_a_disabled_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"hooks.disabled = 'findr': .*did you mean 'finder'"):
        load_plugins({"finder": Finder()}, disabled=["findr"], entry_points=False)


def test_a_disabled_plugin_is_not_there_and_may_keep_its_options() -> None:
    plugins = load_plugins({"a": Finder(), "b": WithOptions}, disabled=["b"], options={"b": {}}, entry_points=False)
    assert plugins.names == ("a",)


def test_our_own_name_is_taken() -> None:
    with pytest.raises(HookError, match="no plugin may be called 'bounce_plugin'"):
        load_plugins({"bounce_plugin": Finder()}, entry_points=False)


def test_what_was_created_here_is_closed_and_what_was_given_is_not() -> None:
    class Closable(WithOptions):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    given = Closable({})
    plugins = load_plugins({"created": Closable, "given": given, "other": WithOptions}, entry_points=False)
    plugins.close()
    assert getattr(plugins.plugin("created"), "closed", None) == 1
    assert given.closed == 0
