"""What does an operator see and do at a terminal? Each command as it is typed, in a process of its own where signals and widths matter."""

import os
import pty
import pwd
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from bounce_plugin.cli import ABSENT, ATTENTION, COMMANDS, DONE, UNREADABLE, UNUSABLE, USAGE, main
from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger.review import open_item
from bounce_plugin.plugin import BouncePlugin
from tests.bounces import PRIVATE, report
from tests.cli.terminal import box, call
from tests.programs import start_program


def test_every_command_has_help() -> None:
    listed = call("--help").output
    for name in COMMANDS:
        assert name in listed
        assert call(name, "--help").exit_code == DONE


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
    "arguments",
    [
        ["status", "Anna"],
        ["lift", "Anna", "--why", "she called"],
        ["erase", "Anna"],
        ["export", "Anna"],
        ["undo", "--address", "Anna"],
        ["review", "classify", "1", "mailbox_full", "--address", "Anna"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_no_address_is_a_wrong_command_line(folder: Path, arguments: list[str]) -> None:
    refused = call(*arguments)
    assert refused.exit_code == 2
    assert "'Anna' is no single e-mail address" in refused.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["review", "show", "99"], ABSENT, "there is no review item 99"),
        (["status", "anna@example.com", "--category", "newsletters"], ABSENT, "there is no category 'newsletters'"),
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
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "dumb"}
    settings = Path("bounce.toml").absolute()
    process = start_program("-c", settings, *arguments, streams=(theirs, theirs, theirs), environment=environment)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux says so when the other end is closed
        while octets := os.read(ours, 4096):
            shown += octets
    os.close(ours)
    process.join()
    return shown.decode()
