"""`bounce-plugin lmtp`: take mails from mail servers over LMTP."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from bounce_plugin.errors import SettingsError
from bounce_plugin.intake import Intake, choose_mailbox
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.settings import load_settings


@click.command()
@click.pass_obj
def lmtp(config: str) -> None:
    """Take mails over LMTP, until SIGTERM or Ctrl-C; where to listen is in [lmtp] of the settings."""
    settings = load_settings(Path(config))
    where = choose_mailbox(settings, settings.lmtp.mailbox, key="lmtp.mailbox")
    try:
        from bounce_plugin.lmtp.server import LmtpServer
    except ModuleNotFoundError as error:
        raise SettingsError("LMTP needs the extra: pip install 'bounce-plugin[lmtp]'", key="lmtp") from error
    with BouncePlugin(settings) as plugin:
        server = LmtpServer(Intake(plugin=plugin, settings=where), settings.lmtp)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        asyncio.run(server.run(lambda place: click.echo(f"LMTP: listening at {place} for {where.name}")))
