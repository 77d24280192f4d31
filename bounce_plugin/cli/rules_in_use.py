"""Which rules hold for a command that needs no settings? Those of the settings file where there is one."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from bounce_plugin.classify.tables import BUILT_IN, Tables


def tables_in_use(ctx: click.Context) -> Tables:
    """The rules with what bounce.toml and the installed plugins add; ours alone where nobody names a file and none is here.

    Raises SettingsError or HookError for an addition that is not in order.
    """
    root = ctx.find_root()
    if root.get_parameter_source("config") is ParameterSource.DEFAULT and not Path(root.obj).exists():
        return BUILT_IN
    from bounce_plugin.rulebook import load_rules  # here: settings take as long to load as all else together

    extended = load_rules(Path(root.obj))
    for fault in extended.faults:
        raise fault
    return extended.tables
