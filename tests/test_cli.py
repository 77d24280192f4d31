"""What does an operator see and do at a terminal? Each command as it is typed, in a process of its own where signals matter."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin.cli import ABSENT, ATTENTION, COMMANDS, DONE, UNREACHABLE, UNUSABLE, main, program
from tests.bounces import PRIVATE, Box, report

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


def call(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(program, list(arguments), input=stdin, prog_name="bounce-plugin")


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
    assert "The destination mailbox does not exist" in output
    assert "reason=address_unknown" in output


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
    assert "The destination mailbox does not exist" in call("review", "show", "1").output
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
    assert UNREACHABLE == 4


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
