"""Is anything lost or counted twice when the network breaks within a session? It is broken, in both directions."""

import random
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from bounce_plugin.errors import MailboxError
from bounce_plugin.mailbox.imap import ImapMailbox
from bounce_plugin.mailbox.incoming import Folder
from tests.cuts import Cuts
from tests.servers.account import Account
from tests.servers.cutting import Cutting
from tests.servers.dovecot import Dovecot

SAMPLES = 12  # of each direction; `make soak` takes every octet


@pytest.mark.parametrize("upwards", [False, True], ids=["from the server", "to the server"])
def test_I_16_cut_at_an_octet_and_run_again_all_is_as_ever(
    dovecot_server: Dovecot, tmp_path: Path, upwards: bool
) -> None:
    cuts = Cuts(server=dovecot_server, folder=tmp_path, upwards=upwards)
    length = cuts.length()
    chosen = random.Random(20261123).sample(range(1, length), SAMPLES)
    assert cuts.cut_at(sorted(chosen)) == SAMPLES


def test_I_17_a_gateway_that_forgets_us_is_noticed_when_an_idle_ends(account: Account) -> None:
    account.append(b"Subject: one\r\n\r\n")
    with Cutting(account.port, 100_000) as whole, connect(replace(account, port=whole.port)) as mailbox:
        mailbox.listing(Folder.INBOX)
        mailbox.wait(0.1, Event())
        passed = whole.passed
    with (
        Cutting(account.port, passed - 20, silent=True) as gateway,
        connect(replace(account, port=gateway.port)) as mailbox,
    ):
        mailbox.listing(Folder.INBOX)
        began = time.monotonic()
        with pytest.raises(MailboxError, match="no answer in time"):
            mailbox.wait(0.3, Event())
        assert time.monotonic() - began < 5


def connect(account: Account) -> ImapMailbox:
    return ImapMailbox(
        name="bounces",
        host="127.0.0.1",
        port=account.port,
        security="none",
        user=account.user,
        password=lambda: account.password,
        timeout=1.0,
    )
