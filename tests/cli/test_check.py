"""Does `check` say what is amiss, and change nothing?"""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from bounce_plugin.cli import ATTENTION
from tests.cli.terminal import call
from tests.notices.smtp import start_server

# check


def configure(folder: Path, more: str) -> None:
    settings = folder / "bounce.toml"
    settings.write_text(f"{settings.read_text()}\n{more}\n")


def test_check_says_what_keeps_mails_from_being_moved_and_makes_nothing(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == folder.stat().st_dev:
            pytest.skip("there is one file system only")
        (folder / "Maildir" / ".processed").symlink_to(elsewhere)
        before = sorted(folder.rglob("*"))
        done = call("check")
        assert done.exit_code == ATTENTION
        assert "PROBLEM mailbox 'bounces':" in done.output
        assert "is on another file system" in done.output
        assert "folders usable" not in done.output
        assert sorted(folder.rglob("*")) == before


def test_check_makes_no_lock_beside_an_mbox_that_another_program_holds(folder: Path) -> None:
    (folder / "mbox").write_bytes(b"From joe@example.org Mon Nov 23 15:00:00 2026\nSubject: x\n\nx\n\n")
    (folder / "mbox.lock").write_text("1\n")
    configure(folder, '[[mailbox]]\nname = "file"\nkind = "mbox"\npath = "mbox"')
    before = sorted(folder.rglob("*"))
    assert "ok      mailbox file: signed in, folders usable" in call("check").output
    assert sorted(folder.rglob("*")) == before


def test_check_tries_to_write_into_a_ledger_that_is_there(folder: Path) -> None:
    call("migrate")
    assert "ok      ledger: usable with this key" in call("check").output
    with sqlite3.connect(folder / "bounces.sqlite3") as database:
        database.execute("DROP TABLE incidents")
    database.close()
    done = call("check")
    assert done.exit_code == ATTENTION
    (line,) = (line for line in done.output.splitlines() if "bounces.sqlite3" in line)
    assert line.startswith("PROBLEM the ledger sqlite:///")
    assert line.endswith("this user must be able to write there, and beside an SQLite file")


def test_check_tries_the_mail_server_of_the_notices(folder: Path) -> None:
    table = '[notices]\nto = ["office@example.org"]\nfrom = "b@example.org"\n[notices.smtp]\nhost = "127.0.0.1"\n'
    with start_server() as server:
        configure(folder, f'{table}port = {server.port}\nsecurity = "none"')
        assert f"ok      notices: 127.0.0.1:{server.port} lets us in" in call("check").output
        assert server.envelopes == []
    done = call("check")
    assert done.exit_code == ATTENTION
    (line,) = (line for line in done.output.splitlines() if "notices: mail server" in line)
    assert line.startswith(f"PROBLEM notices: mail server 127.0.0.1:{server.port} (none): ConnectionRefusedError")
    assert line.endswith("correct [notices.smtp], or start that server")


def test_check_names_a_password_of_the_mail_server_that_cannot_be_read(folder: Path) -> None:
    with start_server() as server:
        configure(
            folder,
            '[notices]\nto = ["office@example.org"]\nfrom = "b@example.org"\n[notices.smtp]\nhost = "127.0.0.1"\n'
            f'port = {server.port}\nsecurity = "none"\nuser = "b"\npassword_file = "absent.txt"',
        )
        output = call("check").output
    assert "PROBLEM notices: " in output
    assert "notices.smtp.password_file" in output
    assert "Traceback" not in output
