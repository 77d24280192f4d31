"""Which bounce mailboxes are read, and how are they reached?"""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.errors import SettingsError
from bounce_plugin.settings import (
    ImapSettings,
    MailboxSettings,
    MaildirSettings,
    MboxSettings,
    Pop3Settings,
    parse_settings,
)


def mailbox(*lines: str) -> MailboxSettings:
    text = "\n".join(["[[mailbox]]", 'name = "b"', *lines])
    (only,) = parse_settings(text, folder=Path("/etc")).mailboxes
    return only


def imap(*lines: str) -> ImapSettings:
    found = mailbox('kind = "imap"', 'host = "h"', 'user = "u"', 'password_env = "P"', *lines)
    assert isinstance(found, ImapSettings)
    return found


def test_imap_is_protected_unless_something_else_is_said() -> None:
    found = imap()
    assert (found.security, found.port, found.ca_file) == ("tls", 993, None)
    assert (found.inbox, found.processed, found.review) == ("INBOX", "processed", "review")
    assert (found.dedicated, found.poll_seconds) == (False, 60)


@pytest.mark.parametrize(("security", "port"), [("tls", 993), ("starttls", 143), ("none", 143)])
def test_the_port_follows_the_protection_unless_it_is_given(security: str, port: int) -> None:
    assert imap(f'security = "{security}"').port == port
    assert imap(f'security = "{security}"', "port = 10143").port == 10143


def pop3(*lines: str) -> Pop3Settings:
    found = mailbox('kind = "pop3"', 'host = "h"', 'user = "u"', 'password_env = "P"', *lines)
    assert isinstance(found, Pop3Settings)
    return found


def test_over_pop3_nothing_is_deleted_unless_the_operator_says_so() -> None:
    found = pop3()
    assert (found.security, found.port, found.ca_file) == ("tls", 995, None)
    assert (found.delete, found.dedicated, found.poll_seconds) == (False, False, 300)
    assert pop3("delete = true").delete
    assert pop3('security = "starttls"').port == pop3('security = "none"').port == 110


@pytest.mark.parametrize("line", ['processed = "done"', 'delete = "yes"', "delete = 1"])
def test_over_pop3_there_are_no_folders_and_no_half_answers(line: str) -> None:
    with pytest.raises(SettingsError, match=line.partition(" ")[0]):
        pop3(line)


def test_over_pop3_somebody_must_sign_in() -> None:
    with pytest.raises(SettingsError, match="password_file"):
        mailbox('kind = "pop3"', 'host = "h"', 'user = "u"')


def test_a_maildir_has_folders_of_its_own() -> None:
    found = mailbox('kind = "maildir"', 'path = "Maildir"', "dedicated = true", "poll_seconds = 5")
    assert isinstance(found, MaildirSettings)
    assert (found.path, found.inbox, found.processed, found.review) == (Path("/etc/Maildir"), "", "processed", "review")
    assert (found.dedicated, found.poll_seconds) == (True, 5)


def test_an_mbox_has_files_beside_it() -> None:
    found = mailbox('kind = "mbox"', 'path = "mail/bounces"')
    assert isinstance(found, MboxSettings)
    assert (found.processed, found.review) == (
        Path("/etc/mail/bounces.processed"),
        Path("/etc/mail/bounces.review"),
    )
    other = mailbox('kind = "mbox"', 'path = "bounces"', 'processed = "done"', 'review = "/var/open"')
    assert isinstance(other, MboxSettings)
    assert (other.processed, other.review) == (Path("/etc/done"), Path("/var/open"))


@pytest.mark.parametrize("days", ["0", "-1", "1.5", '"30"', "true", "99999"])
def test_only_whole_days_are_taken(tmp_path: Path, days: str) -> None:
    text = f'[[mailbox]]\nname = "b"\nkind = "maildir"\npath = "M"\nprocessed_keep_days = {days}\n'
    with pytest.raises(SettingsError, match="processed_keep_days"):
        parse_settings(text, folder=tmp_path)


def test_over_pop3_there_is_no_such_setting(tmp_path: Path) -> None:
    text = '[[mailbox]]\nname = "b"\nkind = "pop3"\nhost = "h"\nuser = "u"\npassword = "p"\nprocessed_keep_days = 30\n'
    with pytest.raises(SettingsError, match="processed_keep_days"):
        parse_settings(text, folder=tmp_path)
