"""What does an operator see and do at a terminal? Each command as it is typed, in a process of its own where signals matter."""

import json
import os
import pty
import pwd
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result

from bounce_plugin.cli import ABSENT, ATTENTION, COMMANDS, DONE, UNREADABLE, UNUSABLE, USAGE, main, program
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.review import open_item
from bounce_plugin.plugin import BouncePlugin
from tests.bounces import PRIVATE, Box, report
from tests.notices.smtp import start_server

HOOKS = """\
from bounce_plugin import Contact, hookimpl


@hookimpl
def find_contact(address):
    return Contact(id="7", address=address) if address.startswith("anna") else None
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `init` leaves it, with a Maildir."""
    monkeypatch.chdir(tmp_path)
    assert call("init").exit_code == DONE
    Box(tmp_path / "Maildir")
    return tmp_path


def call(*arguments: str, stdin: bytes = b"", locale: str = "C.UTF-8") -> Result:
    return CliRunner(env={"LC_ALL": locale}).invoke(program, list(arguments), input=stdin, prog_name="bounce-plugin")


def box(folder: Path) -> Box:
    made = Box.__new__(Box)
    made.path = folder / "Maildir"
    return made


def test_every_command_has_help() -> None:
    listed = call("--help").output
    for name in COMMANDS:
        assert name in listed
        assert call(name, "--help").exit_code == DONE


def test_examine_explains_to_people(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    output = call("examine", str(path)).output
    assert "delivery has failed for good" in output
    assert "The address does not exist" in output
    assert "reason=address_unknown" in output


def test_examine_speaks_the_language_of_the_locale_and_that_of_the_option_first(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    german = call("examine", str(path), locale="de_AT.UTF-8").output
    assert "Die Adresse gibt es nicht." in german
    assert call("examine", "--lang", "de", str(path)).output == german
    assert "The address does not exist." in call("examine", "--lang", "en", str(path), locale="de_AT.UTF-8").output
    assert call("examine", "--lang", "fr", str(path)).exit_code == USAGE


def test_examine_shows_each_step_below_the_argument(tmp_path: Path) -> None:
    path = tmp_path / "bounce.eml"
    path.write_bytes(report("anna@example.com"))
    plain, traced = call("examine", str(path)).output, call("examine", "--trace", str(path)).output
    assert traced.startswith(plain)
    assert "Step by step:\n    1. Read: multipart/report, with" in traced


def test_examine_prints_one_json_object_a_line(tmp_path: Path) -> None:
    paths = [tmp_path / "a.eml", tmp_path / "b.eml"]
    paths[0].write_bytes(report("anna@example.com", "552 5.2.2 Mailbox full"))
    paths[1].write_bytes(PRIVATE)
    first, second = map(json.loads, call("examine", "--json", *map(str, paths)).output.splitlines())
    assert first["file"].endswith("a.eml")
    row = first["rows"][0]
    expected = {
        "recipient": "anna@example.com",
        "kind": "bounce",
        "reason": "mailbox_full",
        "type": "soft",
        "fault": "mailbox",
        "counts": True,
        "status": "5.2.2",
        "reply_code": "552",
    }
    assert {key: row[key] for key in expected} == expected
    assert any(step["decided"] and step["span"] for step in row["evidence"])
    assert (second["kind"], second["rows"], second["error"]) == ("other", [], None)


def test_examine_reads_standard_input() -> None:
    assert json.loads(call("examine", "--json", "-", stdin=report("anna@example.com")).output)["kind"] == "bounce"


def test_the_first_day(folder: Path) -> None:
    box(folder).drop(report("anna@example.com"))
    box(folder).drop(PRIVATE)
    assert "no plugin answers find_contact" in call("check").output
    dry = call("run", "--dry-run")
    assert "Dry run, nothing was changed. 2 mails: 1 review, 1 left." in dry.output
    assert not (folder / "bounces.sqlite3").exists()
    assert "2 mails: 1 review, 1 left." in call("run", "--once").output
    assert "No contact is known" in call("review", "list").output
    assert "The address does not exist" in call("review", "show", "1").output
    assert call("review", "assign", "1", "7", "--as", "Erna").exit_code == DONE
    status = call("status", "anna@example.com").output
    assert "newsletter     withheld" in status
    assert "invoice        sent" in status
    assert "address_unknown" in call("events").output
    assert call("lift", "anna@example.com", "--why", "she called", "--as", "Erna").exit_code == DONE
    assert "withheld" not in call("status", "anna@example.com").output
    assert "Nothing waits." in call("review", "list").output
    assert "Erna" in call("review", "list", "--closed").output
    assert "0 mails: nothing new." in call("run", "--once").output


def test_review_show_gives_the_mail_octet_for_octet(folder: Path) -> None:
    raw = report("anna@example.com").replace(b"\n", b"\r\n")
    box(folder).drop(raw)
    call("run", "--once")
    assert call("review", "show", "1", "--raw").stdout_bytes == raw


def test_T_16_a_mail_cannot_steer_the_terminal(folder: Path) -> None:
    box(folder).drop(report("anna@example.com", "550 5.1.1 \x1b]0;owned\x07 unknown \x1b[2J"))
    call("run", "--once")
    assert "\x1b" not in call("review", "show", "1").output
    assert "\x1b" not in call("events").output
    (path,) = box(folder).mails("review")
    assert "\x1b" not in call("examine", str(path)).output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["review", "show", "99"], ABSENT, "there is no review item 99"),
        (["status", "no address"], UNUSABLE, "ADDRESS = 'no address'"),
        (["examine", "/proc/self/mem"], UNREADABLE, "/proc/self/mem: Input/output error"),
        (["-c", "absent.toml", "run", "--once"], UNUSABLE, "absent.toml"),
    ],
)
def test_errors_are_one_line_with_an_exit_code(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["bounce-plugin", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_mailbox_that_is_not_there_is_reported(folder: Path) -> None:
    (folder / "Maildir").rename(folder / "elsewhere")
    done = call("run", "--once")
    assert done.exit_code == ATTENTION
    assert "Maildir" in done.output


def test_I_28_sigterm_ends_a_running_process_cleanly(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bounce_plugin", "run"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    box(folder).drop(report("anna@example.com"))
    limit = time.monotonic() + 30
    while not box(folder).mails("review") and time.monotonic() < limit:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    assert "bounce, review" in out


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


# Names, numbers and widths


def test_a_user_without_a_name_is_recorded_by_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)

    def nobody(number: int) -> NoReturn:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", nobody)  # as in a container that runs with a user of its own number
    box(folder).drop(report("anna@example.com"))
    call("run", "--once")
    assert call("review", "dismiss", "1").exit_code == DONE
    assert str(os.getuid()) in call("review", "list", "--closed").output.split()
    assert call("lift", "anna@example.com", "--why", "she called").exit_code == DONE


def test_numbers_that_no_database_holds_are_refused(folder: Path) -> None:
    assert call("events", "-n", str(1 << 70)).exit_code == USAGE
    done = call("review", "show", str(1 << 70))
    assert isinstance(done.exception, NotFoundError)


def test_review_list_says_how_many_more_wait(folder: Path) -> None:
    with BouncePlugin.from_file("bounce.toml") as plugin, plugin.ledger.transaction() as tx:
        for number in range(103):
            open_item(tx, why=f"{number}", now=plugin.clock())
    assert "… and 3 more." in call("review", "list").output
    assert "manual work: 103 waiting" in call("check").output


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_addresses_are_whole_on_a_terminal_of_any_width(folder: Path, columns: int) -> None:
    address = "anna.maria.von.der.weide@department.example.com"
    box(folder).drop(report(address))
    call("run", "--once")
    call("review", "assign", "1", "7", "--as", "Erna")
    for arguments in (["events"], ["status", address]):
        shown = on_a_terminal(columns, *arguments)
        assert address in shown.replace(f"status {address}", "")
        assert "address_unknown" in shown
        assert "550 5.1.1" in shown


def on_a_terminal(columns: int, *arguments: str) -> str:
    """What the program prints on a terminal so wide."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bounce_plugin", *arguments]
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.STDOUT, env=environment):
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux says so when the other end is closed
            while octets := os.read(ours, 4096):
                shown += octets
    os.close(ours)
    return shown.decode()
