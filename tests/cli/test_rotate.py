"""Can an operator change the ledger's key, step by step, and does each command tell him the next step?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin import BouncePlugin, Contact, hookimpl
from bounce_plugin.cli import DONE, USAGE, program
from bounce_plugin.errors import LedgerError, SettingsError
from bounce_plugin.settings import load_settings
from tests.bounces import Box, report

MAILBOX = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
BOTH = MAILBOX + '[ledger]\nkey_file = "new.key"\nprevious_key_files = ["ledger.key"]\n'
ANNA, BERT = "anna@example.com", "bert@example.com"
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


class Club:
    """Knows everybody, and notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def find_contact(self, address: str) -> Contact | None:
        return Contact(id=address, address=address)

    @hookimpl
    def on_bounce_classified(self, event) -> None:
        self.told.append(event.id)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a host to whose mails two people's servers said twice that nobody is there; Bert was forgotten."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bounce.toml").write_text(MAILBOX)
    (tmp_path / "ledger.key").write_text("07" * 32)
    box = Box(tmp_path / "Maildir")
    for person in (ANNA, BERT):
        box.drop(report(person, message_id=f"1.{person}"), datetime(2026, 11, 1, tzinfo=UTC))
        box.drop(report(person, message_id=f"2.{person}"), datetime(2026, 11, 20, tzinfo=UTC))
    with club(Club()) as plugin:
        plugin.run_once()
        plugin.erase(BERT)
    return tmp_path


def club(host: Club) -> BouncePlugin:
    settings = load_settings(Path("bounce.toml"))
    return BouncePlugin(settings, plugins={"club": host}, clock=lambda: NOW, entry_points=False)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(program, list(arguments), prog_name="bounce-plugin")


def test_the_whole_way_from_one_key_to_another(folder: Path) -> None:
    made = call("rotate-key", "--new", "new.key")
    assert made.exit_code == DONE
    assert 'key_file = "new.key"\n    previous_key_files = ["ledger.key"]' in made.output
    assert (folder / "new.key").stat().st_mode & 0o777 == 0o600
    assert "nothing is to be done" in call("rotate-key", "--yes").output  # the settings do not name it yet
    (folder / "bounce.toml").write_text(BOTH)
    with club(Club()) as running:
        assert running.should_suppress(ANNA, "newsletter")
        assert "PROBLEM ledger: it still has a former key; `bounce-plugin rotate-key --yes`" in call("check").output
        before = (folder / "bounces.sqlite3").read_bytes()
        shown = call("rotate-key")
        assert (
            "nothing was changed; --yes does it): 1 address with a fingerprint of the new key; 1 fing" in shown.output
        )
        assert (folder / "bounces.sqlite3").read_bytes() == before
        done = call("rotate-key", "--yes")
        assert done.exit_code == DONE
        assert done.output.startswith("Done: 1 address with a fingerprint of the new key, and ")
        assert "ledger.key is needed for 1 person who was forgotten in its time: keep it" in done.output
        assert "keep it" in call("check").output
        assert running.should_suppress(ANNA, "newsletter")
        assert running.should_suppress("Bert@Example.COM", "newsletter")
    assert "nothing is to be done" in call("rotate-key", "--yes").output


def test_bounces_that_come_once_more_are_known_and_tell_nobody_anything(folder: Path) -> None:
    call("rotate-key", "--new", "new.key")
    (folder / "bounce.toml").write_text(BOTH)
    call("rotate-key", "--yes")
    host = Club()
    box = Box.__new__(Box)
    box.path = folder / "Maildir"
    for person in (ANNA, BERT):
        box.drop(report(person, "550 5.1.1 said otherwise", message_id=f"2.{person}"), NOW)
    with club(host) as plugin:
        summary = plugin.run_once()
        assert [outcome.handling for outcome in summary.outcomes] == ["duplicate", "duplicate"]
        assert host.told == []
        box.drop(report(ANNA, message_id="3"), NOW)
        plugin.run_once()
        assert len(host.told) == 1


def test_a_key_file_is_never_overwritten_and_no_key_is_ever_shown(folder: Path) -> None:
    refused = call("rotate-key", "--new", "ledger.key")
    assert isinstance(refused.exception, SettingsError)
    assert "exists already" in str(refused.exception)
    assert (folder / "ledger.key").read_text() == "07" * 32
    made = call("rotate-key", "--new", "new.key")
    assert (folder / "new.key").read_text().strip() not in made.output
    assert call("rotate-key", "--new", "other.key", "--yes").exit_code == USAGE
    assert not (folder / "other.key").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"ledger\.previous_key_files = .*old\.key.: there is no such file; restore it"),
        ("07" * 31, r"ledger\.previous_key_files = .*old\.key.: the key has 31 octets; it must have 32"),
        ("no key at all", r"ledger\.previous_key_files = .*old\.key.: the key must be written in hexadecimal digits"),
        ("07" * 32, r"ledger\.previous_key_files = .*old\.key.: holds a key that is given already"),
        ("08" * 32, r""),
    ],
)
def test_what_is_wrong_with_a_former_key_is_said_with_its_file(folder: Path, text: str | None, said: str) -> None:
    (folder / "bounce.toml").write_text(MAILBOX + '[ledger]\nprevious_key_files = ["old.key"]\n')
    if text is not None:
        (folder / "old.key").write_text(text)
    settings = load_settings(Path("bounce.toml")).ledger
    if not said:
        assert settings.read_previous_keys() == (bytes.fromhex(text or ""),)
        assert "old.key is needed no more" in call("check").output
        return
    with pytest.raises(SettingsError, match=said) as caught:
        settings.read_previous_keys()
    assert "0707" not in str(caught.value)
    assert "PROBLEM" in call("check").output


def test_a_file_that_is_named_twice_is_refused(folder: Path) -> None:
    (folder / "bounce.toml").write_text(MAILBOX + '[ledger]\nprevious_key_files = ["ledger.key"]\n')
    with pytest.raises(SettingsError, match=r"ledger\.previous_key_files = .*named twice"):
        load_settings(Path("bounce.toml"))


def test_a_wrong_new_key_and_a_former_one_that_is_left_out_are_refused(folder: Path) -> None:
    (folder / "new.key").write_text("08" * 32)
    (folder / "bounce.toml").write_text(MAILBOX + '[ledger]\nkey_file = "new.key"\n')
    refused = call("rotate-key")
    assert isinstance(refused.exception, LedgerError)
    assert "begun with another key" in str(refused.exception)
    (folder / "bounce.toml").write_text(BOTH)
    assert call("rotate-key", "--yes").exit_code == DONE
    (folder / "bounce.toml").write_text(MAILBOX + '[ledger]\nkey_file = "new.key"\n')
    assert "previous_key_files" in str(call("rotate-key").exception)
