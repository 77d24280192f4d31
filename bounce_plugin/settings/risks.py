"""What is allowed in these settings, and yet not wise? Each with its remedy."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from bounce_plugin.settings.load import Settings
from bounce_plugin.settings.mailbox import ImapSettings, Pop3Settings, Security
from bounce_plugin.settings.secret import SecretSection

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def find_risks(settings: Settings) -> Iterator[str]:
    """One sentence for each risk: secrets that others can read, a password for SMTP that travels in the clear, and a
    door to LMTP that is open to others.

    What is unwise about a mailbox's connection is said by the mailbox itself, see `Mailbox.check`.
    """
    if settings.ledger.key_env is None:
        yield from _readable("ledger.key_file", settings.ledger.key_file)
    for number, key in enumerate(settings.trust.keys, start=1):
        if key.file is not None:
            yield from _readable(f"trust.key[{number}].file", key.file)
    for number, mailbox in enumerate(settings.mailboxes, start=1):
        if isinstance(mailbox, ImapSettings | Pop3Settings):
            yield from _of_secrets(f"mailbox[{number}]", mailbox, Path(settings.source))
        if isinstance(mailbox, ImapSettings) and mailbox.oauth is not None:
            yield from _of_secrets(f"mailbox[{number}].oauth", mailbox.oauth, Path(settings.source))
    if settings.lmtp.socket is None and settings.lmtp.host not in _THIS_MACHINE:
        yield (
            f'lmtp.listen = "{settings.lmtp.listen}" lets other computers hand mails in, as nobody signs in: '
            "listen at 127.0.0.1 or at a Unix socket"
        )
    for path, table in (("notices.smtp", settings.notices), ("canary.smtp", settings.canary)):
        if table is not None and table.smtp.user:
            yield from _of_secrets(path, table.smtp, Path(settings.source))
            yield from _in_the_clear(path, table.smtp.host, table.smtp.security)


def _of_secrets(path: str, section: SecretSection, source: Path) -> Iterator[str]:
    for secret in section.secrets:
        if getattr(section, secret, None) is not None:
            yield f"{path}.{secret} stands in {source} itself: put it into a file and name that as {secret}_file"
            yield from _readable(f"{path}.{secret}", source)
        if (file := getattr(section, f"{secret}_file")) is not None:
            yield from _readable(f"{path}.{secret}_file", file)


def _readable(key: str, path: Path) -> Iterator[str]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return  # that it cannot be read is said where it is needed
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield f"{key}: others on this computer can read {path}: chmod 600 {path}"


def _in_the_clear(path: str, host: str, security: Security) -> Iterator[str]:
    if security == "none" and host not in _THIS_MACHINE:
        yield f'{path}.security = "none" sends the password to {host} in the clear: use "tls" or "starttls"'
