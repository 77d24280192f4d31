"""What can an operator do at a terminal? One module for each group of commands; each is loaded when it is called.

Exit codes: 0 done; 1 done, but something needs attention (a mail or a mailbox could not be handled, `check` or
`rules check` found a problem, `rebuild` found a difference, no `canary` comes back); 2 the command line is wrong; 3 the settings, the ledger, a plugin
or the mail server of `canary` are unusable; 4 a file or a folder given to `examine` cannot be read; 5 what the command
names does not exist. `ingest` alone has others: see `deferral.py`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Final

import click

from bounce_plugin.errors import BounceError, MailboxError, NotFoundError

DONE, ATTENTION, USAGE, UNUSABLE, UNREADABLE, ABSENT = range(6)

#: The commands, in the order of a first day with them, and the modules that hold them.
COMMANDS: Final = {
    "init": "setup",
    "check": "setup",
    "migrate": "setup",
    "rotate-key": "rotate",
    "examine": "examine",
    "rules": "rules",
    "policy": "policy",
    "run": "run",
    "ingest": "ingest",
    "lmtp": "lmtp",
    "canary": "canary",
    "review": "review",
    "status": "address",
    "lift": "address",
    "undo": "undo",
    "breaker": "breaker",
    "rebuild": "rebuild",
    "events": "address",
    "export": "erase",
    "erase": "erase",
    "health": "health",
    "metrics": "health",
}


class Lazy(click.Group):
    """A group that imports a command's module only when that command is named: `examine` needs no database."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bounce_plugin.cli.{COMMANDS[cmd_name]}")
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bounce-plugin")
@click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False),
    default="bounce.toml",
    envvar="BOUNCE_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The settings file.",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice: everything.")
@click.pass_context
def program(ctx: click.Context, config: str, verbose: int) -> None:
    """Read a bounce mailbox, explain each failure, and stop only mail that should stop."""
    ctx.obj = config
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def main() -> None:
    """Run the command line; the operator's errors are one line each, never a traceback."""
    if "ingest" in sys.argv[1:]:  # before anything is understood of the command line: that can be wrong as well
        from bounce_plugin.cli.deferral import answer_mail_server

        answer_mail_server(_run)
    try:
        _run()
    except NotFoundError as error:
        _fail(error, ABSENT)
    except MailboxError as error:
        _fail(error, UNREADABLE)
    except BounceError as error:
        _fail(error, UNUSABLE)


def _run() -> None:
    program(prog_name="bounce-plugin")


def _fail(error: BounceError, code: int) -> None:
    click.echo(f"bounce-plugin: {error}", err=True)
    sys.exit(code)
