"""A terminal for tests: what a command prints and how it ends, and the Maildir of its folder."""

from pathlib import Path

from click.testing import CliRunner, Result

from bounce_plugin.cli import program
from tests.bounces import Box


def call(*arguments: str, stdin: bytes = b"", locale: str = "C.UTF-8") -> Result:
    return CliRunner(env={"LC_ALL": locale}).invoke(program, list(arguments), input=stdin, prog_name="bounce-plugin")


def box(folder: Path) -> Box:
    made = Box.__new__(Box)
    made.path = folder / "Maildir"
    return made
