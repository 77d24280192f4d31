"""Is a canary a mail that every server reports, and is one that cannot be sent never awaited?"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bounce_plugin import Canary, Handling, NoticeError, RefusedError
from bounce_plugin.plugin import utc_now
from tests.canary.nest import (
    DEAD,
    FROM,
    HOUR,
    about,
    arrive,
    came,
    message_id,
    not_awaited,
    nothing_is_held_against_anybody,
    table,
)
from tests.notices.smtp import Server, start_server
from tests.world import START, World

#: A process that dies when the mail server has taken the mail, before it can write that down.
KILLED = """
import os, signal
from bounce_plugin import BouncePlugin
from bounce_plugin.ledger import canaries

canaries.await_report = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
BouncePlugin.from_file("bounce.toml").send_canary()
"""


def test_it_is_a_polite_mail_that_no_machine_answers_and_every_server_reports(world: World, server: Server) -> None:
    done = world.plugin.send_canary()
    (envelope,), (mail,) = server.envelopes, server.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == (FROM, [DEAD])
    assert (mail["From"], mail["To"]) == (FROM, DEAD)
    assert mail["Message-ID"] == f"<{message_id(done.sent)}>"
    assert re.fullmatch(r"[0-9a-f]{32}", done.sent.token)
    assert mail["Date"].datetime == START
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "Precedence" not in mail
    assert not {"All", "NDR"} & set(mail["X-Auto-Response-Suppress"].split(", ")), "Exchange would report nothing"
    assert mail.get_content_type() == "text/plain"
    assert DEAD in mail.get_content()
    assert FROM in mail.get_content()


def test_no_two_have_the_same_token(world: World) -> None:
    assert len({world.plugin.send_canary().sent.token for _ in range(3)}) == 3


def test_a_server_that_refuses_the_address_at_once_is_an_error_with_a_remedy(world: World, server: Server) -> None:
    server.refused[DEAD] = "550 5.1.1 No such user here"
    with pytest.raises(RefusedError, match=r"550 b'5\.1\.1 No such.*nobody makes a report\. Let \[canary\] address be"):
        world.plugin.send_canary()
    not_awaited(world)


@pytest.mark.parametrize("reply", ["450 4.7.1 Later", "451 4.3.0 Later"])
def test_a_server_that_wants_it_later_says_nothing_about_the_address(world: World, server: Server, reply: str) -> None:
    server.refused[DEAD] = reply
    with pytest.raises(NoticeError, match=reply.replace(" ", ".*")) as failure:
        world.plugin.send_canary()
    assert not isinstance(failure.value, RefusedError)
    not_awaited(world)


def test_a_server_that_refuses_the_mail_is_an_error(world: World, server: Server) -> None:
    server.data_reply = "554 5.6.0 Content rejected"
    with pytest.raises(NoticeError, match=r"554 5\.6\.0 Content rejected"):
        world.plugin.send_canary()
    not_awaited(world)


def test_a_server_that_is_down_is_an_error_and_what_is_missing_is_told_all_the_same(tmp_path: Path) -> None:
    with start_server() as server:
        world = World(tmp_path, table(server))
        world.plugin.send_canary()
    with world.plugin:
        world.clock.now += 5 * HOUR
        with pytest.raises(NoticeError, match=f"mail server 127.0.0.1:{server.port} .*ConnectionRefusedError"):
            world.plugin.send_canary()
        assert len(world.host.incidents) == 1


def test_a_process_that_is_killed_while_it_sends_leaves_nothing_overdue_and_knows_the_report(
    world: World, server: Server
) -> None:
    (world.folder / "bounce.toml").write_text(table(server))
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=world.folder, check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    (mail,) = server.messages
    canary = Canary(token=mail["Message-ID"][8:40], fingerprint="", sent_at=START, due_at=None)
    world.clock.now = utc_now()
    not_awaited(world)
    assert arrive(world, about(canary)).handling is Handling.HANDLED
    assert came(world, canary)
    assert nothing_is_held_against_anybody(world)
