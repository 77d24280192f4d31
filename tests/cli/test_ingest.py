"""What is a mail server told that pipes a mail to `bounce-plugin ingest`? Real processes, a real standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.bounces import PRIVATE, Box, report
from tests.mails import ROOT
from tests.programs import run_program

TAKEN, TRY_AGAIN = 0, 75
MAIL = report("anna@example.com", message_id="news@crm.example")
SETTINGS = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A Maildir with settings beside it."""
    (tmp_path / "ledger.key").write_text("07" * 32)
    (tmp_path / "ledger.key").chmod(0o600)
    (tmp_path / "bounce.toml").write_text(SETTINGS)
    return Box(tmp_path / "Maildir")


def command(box: Box) -> list[str]:
    return [sys.executable, "-m", "bounce_plugin", "-c", str(box.path.parent / "bounce.toml"), "ingest"]


def ingest(box: Box, *arguments: str, mail: bytes = MAIL, **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = box.path.parent / "bounce.toml"
    return run_program("-c", settings, "ingest", *arguments, stdin=mail, environment={**os.environ, **environment})


def kept(box: Box) -> dict[str, list[bytes]]:
    return {folder: [path.read_bytes() for path in box.mails(folder)] for folder in ("", "processed", "review")}


def test_a_mail_is_taken_and_a_line_for_the_log_says_what_it_is(box: Box) -> None:
    done = ingest(box, "--recipient", "bounces@crm.example", "--sender", "MAILER-DAEMON")
    assert done.returncode == TAKEN, done.stderr
    assert done.stdout.startswith(b"mail 1 in bounces: bounce, review: No contact is known for anna@example.com")
    assert done.stdout.count(b"\n") == 1
    # Return-Path stands in it already
    assert kept(box) == {"": [], "processed": [], "review": [b"Delivered-To: bounces@crm.example\n" + MAIL]}
    again = ingest(box, "--recipient", "bounces@crm.example", "--sender", "MAILER-DAEMON")
    assert (again.returncode, again.stdout) == (TAKEN, b"mail in bounces: taken before\n")
    assert len(kept(box)["review"]) == 1


@pytest.mark.parametrize("sender", ["", "<>", "MAILER-DAEMON"])
def test_the_null_sender_however_it_is_spelt(box: Box, sender: str) -> None:
    assert ingest(box, f"--sender={sender}", mail=PRIVATE).returncode == TAKEN
    assert kept(box)[""] == [b"Return-Path: <>\n" + PRIVATE]


def test_several_recipients_as_postfix_writes_them(box: Box) -> None:
    done = ingest(box, "--sender", "erna@family.example", "--recipient", "a@b.example", "c@d.example", mail=PRIVATE)
    assert done.returncode == TAKEN
    assert kept(box)[""] == [b"Return-Path: <erna@family.example>\nDelivered-To: a@b.example\n" + PRIVATE]


def test_the_envelope_in_the_environment_as_exim_tells_it(box: Box) -> None:
    assert ingest(box, mail=PRIVATE, RECIPIENT="a@b.example", SENDER="").returncode == TAKEN
    assert kept(box)[""] == [b"Return-Path: <>\nDelivered-To: a@b.example\n" + PRIVATE]


def broken_settings(box: Box) -> None:
    (box.path.parent / "bounce.toml").write_text("[mailbox")


def absent_key(box: Box) -> None:
    (box.path.parent / "ledger.key").unlink()


def other_key(box: Box) -> None:
    assert ingest(box, mail=PRIVATE).returncode == TAKEN
    (box.path.parent / "ledger.key").write_text("08" * 32)


def no_maildir(box: Box) -> None:
    (box.path / "new").rename(box.path / "old")


def no_database(box: Box) -> None:
    with (box.path.parent / "bounce.toml").open("a") as file:
        file.write('[ledger]\nurl = "postgresql://nobody@127.0.0.1:1/none"\n')


def no_option(_box: Box) -> None:
    pass


@pytest.mark.parametrize(
    ("breaks", "arguments", "says"),
    [
        (broken_settings, [], b"is not TOML"),
        (absent_key, [], b"ledger.key_file"),
        (other_key, [], b"begun with another key"),
        (no_maildir, [], b"is no Maildir"),
        (no_database, [], b"bounce-plugin: the ledger postgresql"),
        (no_option, ["--no-such-option"], b"No such option"),
        (no_option, ["--mailbox", "other"], b"--mailbox = 'other': mails can be handed to a Maildir only"),
    ],
)
def test_I_03_whatever_is_wrong_the_mail_server_keeps_the_mail(
    box: Box, breaks: object, arguments: list[str], says: bytes
) -> None:
    assert callable(breaks)
    breaks(box)
    before = sorted(box.path.rglob("*"))
    # More than a pipe holds: a mail server that cannot write all of it may take that for the answer.
    done = ingest(box, *arguments, mail=MAIL + b"x" * 1_000_000)
    assert done.returncode == TRY_AGAIN
    assert says in done.stderr
    assert done.stderr.endswith(b"the mail was not taken; the mail server should try again\n")
    assert done.stderr[:1] not in b"245", "Postfix would take it for a status"
    assert sorted(box.path.rglob("*")) == before


def test_an_empty_standard_input_is_no_mail(box: Box) -> None:
    assert ingest(box, mail=b"").returncode == TRY_AGAIN


def test_nobody_listens_to_what_is_said(box: Box) -> None:
    process = subprocess.Popen(
        command(box), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    process.stderr.close()
    process.stdin.write(MAIL)
    process.stdin.close()
    assert process.wait(60) == TAKEN
    assert len(kept(box)["review"]) == 1


@contextmanager
def half_a_mail(box: Box, *shell: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has read half of the mail, and waits for the rest."""
    with subprocess.Popen(
        [*shell, *command(box)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        try:
            assert process.stdin
            process.stdin.write(MAIL[:500])
            process.stdin.flush()
            limit = time.monotonic() + 60
            while not list((box.path / "tmp").iterdir()):
                assert time.monotonic() < limit
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_I_28_a_signal_ends_it_and_the_mail_server_keeps_the_mail(box: Box, number: signal.Signals) -> None:
    with half_a_mail(box) as process:
        process.send_signal(number)
        assert process.wait(10) == TRY_AGAIN
        assert process.stderr
        assert f"stopped by {number.name}".encode() in process.stderr.read()
    assert [*(box.path / "tmp").iterdir(), *(box.path / "new").iterdir()] == []


#: A signal that comes just before the reading begins does not interrupt it. The kernel gives one to another thread with the
#: same effect, as often as one likes: Python has noted it, and the thread that would act on it reads.
STRUCK = """
import pathlib, signal, sys, threading, time
from bounce_plugin.cli import main

arrives = pathlib.Path(sys.argv.pop(1))

def strike():
    while not list(arrives.iterdir()):
        time.sleep(0.02)
    time.sleep(0.5)
    signal.pthread_kill(threading.get_ident(), signal.SIGHUP)

threading.Thread(target=strike, daemon=True).start()
main()
"""


def test_I_28_a_signal_just_before_the_reading_ends_it_as_well(box: Box) -> None:
    _, *rest = command(box)[2:]
    with subprocess.Popen(
        [sys.executable, "-c", STRUCK, box.path / "tmp", *rest], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        try:
            assert process.stdin
            process.stdin.write(MAIL[:500])
            process.stdin.flush()
            assert process.wait(60) == TRY_AGAIN
            assert process.stderr
            assert b"stopped by SIGHUP" in process.stderr.read()
        finally:
            process.kill()
    assert [*(box.path / "tmp").iterdir(), *(box.path / "new").iterdir()] == []


def test_I_08_half_a_mail_of_a_mail_server_that_was_killed_is_not_taken(box: Box) -> None:
    """The kernel ends the pipe as if the mail ended there."""
    script = "import os, subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdin=0).returncode)"
    reader, writer = os.pipe()
    with subprocess.Popen([sys.executable, "-c", script, *command(box)], stdin=reader, cwd=ROOT) as server:
        os.close(reader)
        os.write(writer, MAIL[:500])
        limit = time.monotonic() + 60
        while not list((box.path / "tmp").iterdir()):
            assert time.monotonic() < limit
            time.sleep(0.02)
        server.kill()
        server.wait(10)
    os.close(writer)
    while list((box.path / "tmp").iterdir()):
        assert time.monotonic() < limit
        time.sleep(0.02)
    with suppress(FileNotFoundError):
        assert box.mails() == []
    assert kept(box) == {"": [], "processed": [], "review": []}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"nobody but root can mount a file system: {mounted.stderr.decode()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_I_14_a_full_disk_takes_no_mail_and_later_takes_it(small: Path) -> None:
    (small / "ledger.key").write_text("07" * 32)
    (small / "bounce.toml").write_text(SETTINGS)
    box = Box(small / "Maildir")
    assert ingest(box, mail=PRIVATE).returncode == TAKEN
    with (small / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while ballast.write(b"x" * 4096):
            pass
    done = ingest(box)
    assert done.returncode == TRY_AGAIN
    assert b"No space left" in done.stderr or b"full" in done.stderr or b"disk I/O error" in done.stderr
    assert list((box.path / "tmp").iterdir()) == []
    (small / "ballast").unlink()
    assert ingest(box).returncode == TAKEN
    assert [len(mails) for mails in kept(box).values()] == [1, 0, 1]


def test_I_03_a_ledger_that_can_only_be_read_takes_no_mail_and_later_takes_it(box: Box, small: Path) -> None:
    with (box.path.parent / "bounce.toml").open("a") as file:
        file.write(f'[ledger]\nurl = "sqlite:///{small}/bounces.sqlite3"\n')
    assert ingest(box, mail=PRIVATE).returncode == TAKEN
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    try:
        done = ingest(box)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small], check=True)
    assert done.returncode == TRY_AGAIN
    assert b"bounce-plugin: the ledger sqlite" in done.stderr
    assert ingest(box).returncode == TAKEN
    assert [len(mails) for mails in kept(box).values()] == [1, 0, 1]
