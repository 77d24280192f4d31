"""How is an address read that somebody gives on the command line?"""

from __future__ import annotations

from typing import Final

import click

from bounce_plugin.correlate.address import normalise


class _Address(click.ParamType[str]):
    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value and not normalise(value):
            self.fail(f"{value!r} is no single e-mail address", param, ctx)
        return value


#: One bare address, or nothing where an option is left out.
ADDRESS: Final = _Address()
