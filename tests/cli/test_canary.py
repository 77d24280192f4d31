"""What does `bounce-plugin canary` tell an operator, or a timer? Real processes, a real mail server."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin
from bounce_plugin.cli import ATTENTION, DONE, UNUSABLE
from bounce_plugin.settings import load_settings
from tests.bounces import Box, report
from tests.notices.smtp import Server, start_server
from tests.programs import run_program

MAILBOX = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
DEAD = "nobody@dead.example"
HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with start_server() as started:
        yield started


@pytest.fixture
def box(tmp_path: Path, server: Server) -> Box:
    """A Maildir with settings beside it."""
    (tmp_path / "ledger.key").write_text("07" * 32)
    (tmp_path / "ledger.key").chmod(0o600)
    smtp = f'smtp = {{ host = "127.0.0.1", port = {server.port}, security = "none" }}\n'
    table = f'[canary]\naddress = "{DEAD}"\nfrom = "bounces@crm.example"\n{smtp}'
    (tmp_path / "bounce.toml").write_text(MAILBOX + table)
    return Box(tmp_path / "Maildir")


def call(box: Box, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = run_program("-c", box.path.parent / "bounce.toml", *arguments)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def sent_before(box: Box, *hours: float) -> None:
    """Canaries that were sent so many hours ago."""
    settings = load_settings(box.path.parent / "bounce.toml")
    for number in hours:
        with BouncePlugin(
            settings, clock=lambda ago=number: datetime.now(UTC) - ago * HOUR, entry_points=False
        ) as plugin:  # type: ignore[misc]
            plugin.send_canary()


def test_it_is_sent_comes_back_and_the_next_call_says_how_long_it_took(box: Box, server: Server) -> None:
    first = call(box, "canary")
    assert (first.returncode, first.stderr) == (DONE, "")
    line, none_yet = first.stdout.splitlines()
    assert re.fullmatch(rf"Sent a canary to {DEAD}; its report is awaited until 20\d\d-\d\d-\d\d \d\d:\d\d UTC\.", line)
    assert none_yet == "No report has come yet."

    (mail,) = server.messages
    box.drop(report(DEAD, message_id=mail["Message-ID"].strip("<>")))
    run = call(box, "run", "--once")
    assert run.returncode == DONE
    assert re.match(
        r"mail 1 in bounces: bounce, handled: The report of the canary sent at .*, after \d+ seconds\.", run.stdout
    )
    assert len(box.mails("processed")) == 1
    assert "Nothing happened yet." in call(box, "events").stdout
    assert "Nothing waits." in call(box, "review", "list").stdout

    second = call(box, "canary")
    assert second.returncode == DONE
    assert re.search(r"The last report was of the one sent at .* UTC, after \d+ seconds\.$", second.stdout.strip())


def test_as_long_as_none_comes_back_its_exit_code_is_1(box: Box, server: Server) -> None:
    sent_before(box, 5)
    done = call(box, "canary")
    assert done.returncode == ATTENTION
    assert re.match(r"PROBLEM: no report came back for the canary sent at .* UTC\.\n", done.stdout)
    assert len(server.envelopes) == 2, "the next one is sent all the same"
    assert call(box, "canary").returncode == ATTENTION, "told or not"

    box.drop(report(DEAD, message_id=server.messages[-1]["Message-ID"].strip("<>")))
    assert call(box, "run", "--once").returncode == DONE
    assert call(box, "canary").returncode == DONE, "they come again"


def test_several_that_are_missing_are_one_line(box: Box) -> None:
    sent_before(box, 30, 20, 5)
    done = call(box, "canary")
    assert done.returncode == ATTENTION
    assert re.match(r"PROBLEM: no report came back for 3 canaries, sent from .* UTC to .* UTC\.\n", done.stdout)


def test_what_keeps_it_from_being_sent_is_one_line(box: Box, server: Server) -> None:
    server.refused[DEAD] = "550 5.1.1 User unknown"
    done = call(box, "canary")
    assert (done.returncode, done.stdout) == (UNUSABLE, "")
    assert done.stderr.startswith(f"bounce-plugin: mail server 127.0.0.1:{server.port} (none): {DEAD}: 550 ")
    assert "Let [canary] address be one of another server" in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_table_it_names_it(box: Box) -> None:
    (box.path.parent / "bounce.toml").write_text(MAILBOX)
    done = call(box, "canary")
    assert done.returncode == UNUSABLE
    assert re.fullmatch(
        r"bounce-plugin: .*bounce\.toml: \[canary\]: no table says where a canary is sent\n", done.stderr
    )


def test_check_tries_its_mail_server_and_sends_nothing(box: Box, server: Server) -> None:
    assert f"ok      canary: 127.0.0.1:{server.port} lets us in\n" in call(box, "check").stdout
    assert server.envelopes == []


def test_check_says_when_its_mail_server_does_not_answer(box: Box, server: Server) -> None:
    path = box.path.parent / "bounce.toml"
    path.write_text(path.read_text().replace(f"port = {server.port}", "port = 1"))
    (line,) = (line for line in call(box, "check").stdout.splitlines() if "canary" in line)
    assert line.startswith("PROBLEM canary: mail server 127.0.0.1:1 (none): ConnectionRefusedError")
    assert line.endswith("correct [canary.smtp], or start that server")
