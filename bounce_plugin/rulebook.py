"""By which rules are mails classified here? Ours, those of the plugins, and the operator's own in bounce.toml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bounce_plugin.announce import Phrases, Questions, load_plugins
from bounce_plugin.classify.additions import Addition, Extended, extend, read_addition
from bounce_plugin.classify.tables import BUILT_IN, Tables
from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import Settings, load_settings


def make_tables(settings: Settings, of_plugins: Iterable[Phrases]) -> Tables:
    """Everything that the classifier knows. Raises SettingsError for the first addition that is not in order.

    The error names the line in bounce.toml, or the plugin and the line of its text.
    """
    extended = add_all(settings, of_plugins)
    for fault in extended.faults:
        raise fault
    return extended.tables


def add_all(settings: Settings, of_plugins: Iterable[Phrases]) -> Extended:
    """The same with every fault that there is.

    The operator's phrases come last, so that what they share with a plugin's is said of the line that can be mended.
    """
    additions: list[Addition] = []
    faults: list[SettingsError] = []
    for phrases in of_plugins:
        try:
            additions.append(read_addition(phrases.toml, source=f"plugin {phrases.plugin!r}"))
        except SettingsError as error:
            faults.append(error)
    if settings.phrases:
        additions.append(settings.addition)
    if not any(addition.rows for addition in additions):
        return Extended(BUILT_IN, tuple(faults))
    tables, more = extend(BUILT_IN, additions)
    return Extended(tables, (*faults, *more))


def load_rules(path: Path) -> Extended:
    """The rules that hold where this settings file does, without a ledger: its phrases and those of installed plugins.

    Raises SettingsError or HookError where the file or a plugin cannot be used at all.
    """
    settings = load_settings(path)
    # "notices" is a plugin of ours that has no phrases; it is not made here, so it cannot be left out either.
    disabled = settings.hooks.disabled - {"notices"}
    plugins = load_plugins(disabled=disabled, options=settings.plugin)
    try:
        return add_all(settings, Questions(plugins, lambda trouble: None).phrases())
    finally:
        plugins.close()
