"""Are the phrases that operators and plugins add in order? `rules check`, and all other commands where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bounce_plugin.cli import ABSENT, ATTENTION, DONE, UNUSABLE, main
from bounce_plugin.errors import SettingsError
from tests.announce.test_entry_points import install
from tests.cli.rules.listed import KIOSK, line_of, rows
from tests.cli.terminal import call

PLUGIN = """
from bounce_plugin import hookimpl
@hookimpl
def phrases():
    return '''
[[phrases]]
phrase = "stall shut"
reason = "address_moved"
example = "550 stall shut"
'''
"""


def test_phrases_of_an_installed_plugin_are_listed_tried_and_checked(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "stall-crm", PLUGIN, "test_stall = stall_crm_hooks")
    added = {row["rule"]: row["source"] for row in rows("--added")}
    assert added["phrase:any:stall shut"] == "plugin 'test_stall', line 2"
    assert call("rules", "test", "550 stall shut").output.startswith("address_moved: ")
    assert "ok      plugin 'test_stall': 1 phrase\nok      bounce.toml: 1 phrase\n" in call("rules", "check").output
    (tmp_path / "later").mkdir()
    install(
        tmp_path / "later",
        monkeypatch,
        "worse-crm",
        PLUGIN.replace("reason =", "because ="),
        "test_worse = worse_crm_hooks",
    )
    result = call("rules", "check")
    assert result.exit_code == ATTENTION
    assert "PROBLEM plugin 'test_worse', line 4: because = 'address_moved': is no key of a phrase" in result.output


class TestCheck:
    """`rules check`."""

    def test_all_is_well(self, settings: Path) -> None:
        result = call("rules", "check")
        assert (result.exit_code, result.output) == (DONE, "ok      bounce.toml: 1 phrase\n")

    def test_nothing_is_added(self) -> None:
        call("init")
        assert call("rules", "check").output == "ok      no phrases are added\n"

    def test_one_line_for_each_problem(self, settings: Path) -> None:
        text = KIOSK.replace("shut", "away")
        bad = text.replace("mailbox_disabled", "mailbox") + text.replace("550 kiosk", "550 shop")
        settings.write_text(settings.read_text() + bad)
        result = call("rules", "check")
        assert result.exit_code == ATTENTION
        first, second = result.output.splitlines()
        assert first.startswith(
            f"PROBLEM bounce.toml, line {line_of(settings, bad) + 2}: reason = 'mailbox': is no reason"
        )
        assert second.startswith(f"PROBLEM bounce.toml, line {line_of(settings, bad) + 8}: example = '550 shop away': ")

    def test_the_check_of_everything_tells_of_it_too(self, settings: Path) -> None:
        settings.write_text(settings.read_text().replace("550 kiosk shut", "550 shop shut"))
        result = call("check")
        assert result.exit_code == ATTENTION
        (line,) = (line for line in result.output.splitlines() if "550 shop shut" in line)
        assert line.startswith("PROBLEM bounce.toml, line ")

    def test_it_needs_a_settings_file(self) -> None:
        assert isinstance(call("rules", "check").exception, SettingsError)


@pytest.mark.parametrize("command", [["list"], ["test", "hm"], ["show", "status:5.1.1"]])
def test_additions_that_are_not_in_order_stop_every_other_command(settings: Path, command: list[str]) -> None:
    settings.write_text(settings.read_text() + KIOSK)
    error = call("rules", *command).exception
    assert isinstance(error, SettingsError)
    assert "is there already" in str(error)


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(call("-c", "absent.toml", "rules", "list").exception, SettingsError)
    monkeypatch.setenv("BOUNCE_CONFIG", "absent.toml")
    assert isinstance(call("rules", "list").exception, SettingsError)


@pytest.mark.parametrize(
    ("arguments", "code"), [(["rules", "show", "no such rule"], ABSENT), (["-c", "x.toml", "rules", "check"], UNUSABLE)]
)
def test_errors_have_their_exit_codes(
    arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bounce-plugin", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == code
    assert capsys.readouterr().err.startswith("bounce-plugin: ")
