"""What `rules` lists, and the line of `bounce.toml` where an operator's phrase stands."""

from __future__ import annotations

import json
from pathlib import Path

from bounce_plugin.cli import DONE
from tests.cli.terminal import call

KIOSK = """
[[phrases]]
phrase = "kiosk shut"
reason = "mailbox_disabled"
example = "550 kiosk shut"
"""


def rows(*arguments: str) -> list[dict[str, object]]:
    result = call("rules", "list", "--json", *arguments)
    assert result.exit_code == DONE
    return [json.loads(line) for line in result.output.splitlines()]


def line_of(settings: Path, block: str) -> int:
    """The line on which a block begins, which is written with an empty line before it."""
    return settings.read_text().partition(block)[0].count("\n") + 2
