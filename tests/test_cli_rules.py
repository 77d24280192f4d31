"""What does an operator see of the rules at a terminal? Each command as it is typed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bounce_plugin.classify.classification import Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.cli import ABSENT, ATTENTION, DONE, UNUSABLE, USAGE, main, program
from bounce_plugin.cli.rule_rows import COLUMNS
from bounce_plugin.errors import NotFoundError, SettingsError
from tests.announce.test_entry_points import install

KIOSK = """
[[phrases]]
phrase = "kiosk shut"
reason = "mailbox_disabled"
example = "550 kiosk shut"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def settings() -> Path:
    """A settings file with a phrase of the operator's."""
    assert call("init").exit_code == DONE
    path = Path("bounce.toml")
    path.write_text(path.read_text() + KIOSK)
    return path


def call(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(program, list(arguments), input=stdin, prog_name="bounce-plugin")


def rows(*arguments: str) -> list[dict[str, object]]:
    result = call("rules", "list", "--json", *arguments)
    assert result.exit_code == DONE
    return [json.loads(line) for line in result.output.splitlines()]


def test_rules_alone_lists_every_table() -> None:
    alone = call("rules")
    assert alone.exit_code == DONE
    assert alone.output == call("rules", "list").output
    for words in ("Reasons", "5.1.1", "exit 67", "phrase:any:{who} & {gone}", "mail.live.com"):
        assert words in alone.output


def test_json_has_every_row_once() -> None:
    listed = rows()
    counts = Counter(row["table"] for row in listed)
    assert list(counts) == list(COLUMNS)
    assert counts["reasons"] == 30
    assert counts["phrases"] == len(BUILT_IN.phrases)
    assert len({row["rule"] for row in listed}) == len(listed)
    assert {row["source"] for row in listed} == {"built in"}


def test_a_phrase_has_its_rule_priority_reason_scope_and_example() -> None:
    (row,) = rows("--word", "5.7.9")[-1:]
    assert row == {
        "table": "phrases",
        "rule": "phrase:yahoo:not accepted for policy reasons",
        "reason": "auth_failure",
        "scope": "yahoo",
        "priority": 18,
        "phrase": "not accepted for policy reasons",
        "words": ["not accepted for policy reasons"],
        "code": "554 5\\.7\\.9",
        "example": "554 5.7.9 Message not accepted for policy reasons.",
        "source": "built in",
    }


def test_phrases_are_listed_in_the_order_in_which_they_come() -> None:
    ranks = [BUILT_IN.phrases[str(row["rule"])].rank for row in rows("--table", "phrases")]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("table", COLUMNS)
def test_one_table_can_be_chosen(table: str) -> None:
    assert {row["table"] for row in rows("--table", table)} == {table}
    assert call("rules", "list", "--table", table).exit_code == DONE


def test_rows_are_filtered_by_reason_scope_and_word() -> None:
    assert {row["reason"] for row in rows("--reason", "mailbox_full")} == {"mailbox_full"}
    assert {row["table"] for row in rows("--reason", "mailbox_full")} == {"reasons", "status", "reply", "phrases"}
    assert {row["scope"] for row in rows("--scope", "google")} == {"google"}
    found = rows("--reason", "mailbox_full", "--scope", "any", "--word", "INBOX")
    assert found
    assert all("inbox" in str(row).lower() for row in found)
    assert call("rules", "list", "--word", "there is no such word").output == "There is no such rule.\n"


def test_what_is_added_is_listed_with_its_place(settings: Path) -> None:
    (row,) = rows("--added")
    assert (row["rule"], row["source"]) == ("phrase:any:kiosk shut", f"bounce.toml, line {line_of(settings, KIOSK)}")
    assert "bounce.toml, line" in call("rules", "list", "--added").output


def line_of(settings: Path, block: str) -> int:
    """The line on which a block begins, which is written with an empty line before it."""
    return settings.read_text().partition(block)[0].count("\n") + 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("status:5.1.1", ["Bad destination mailbox address", "address_unknown"]),
        ("reply:552", ["mailbox_full"]),
        ("reason:mailbox_full", ["over quota", "soft"]),
        ("provider:google", ["gsmtp", "gmail.com"]),
        ("phrase:any:{who} & {gone}", ["example    ", "mailbox | mailboxes", "priority   "]),
        ("Not Accepted For Policy Reasons", ["auth_failure", "554 5.7.9"]),
    ],
)
def test_a_rule_is_shown_by_its_name_or_by_words_of_it(name: str, shown: list[str]) -> None:
    result = call("rules", "show", name)
    assert result.exit_code == DONE, result.output
    assert all(words in result.output for words in shown)


def test_a_rule_is_shown_by_its_name_as_other_commands_shorten_it() -> None:
    line = next(line for line in call("rules", "test", "550 no such user").output.splitlines() if "…" in line)
    assert call("rules", "show", line.split(" (built in")[0].strip()).exit_code == DONE


def test_a_rule_is_shown_as_json() -> None:
    assert json.loads(call("rules", "show", "status:5.1.1", "--json").output)["code"] == "5.1.1"


def test_a_name_that_several_rules_have_is_refused_with_their_names() -> None:
    result = call("rules", "show", "quota")
    assert result.exit_code == USAGE
    assert "phrase:google:email quota exceeded|over quota|overquotatemp" in result.output
    assert "more" in result.output


def test_a_rule_that_does_not_exist() -> None:
    assert isinstance(call("rules", "show", "no such rule at all").exception, NotFoundError)


class TestTrial:
    """`rules test`."""

    def test_it_tells_what_decided_and_what_agreed(self) -> None:
        output = call("rules", "test", "550 5.1.1 <anna@example.org>: User unknown").output
        first, *others = output.splitlines()
        assert first.startswith("address_unknown: The destination mailbox does not exist")
        assert "  decided   “User unknown” means address_unknown" in others
        assert "  agrees    “5.1.1” means address_unknown" in others
        assert "reply code 550, status 5.1.1" in output

    def test_it_tells_what_was_overruled_and_by_which_principle(self) -> None:
        output = call("rules", "test", "550 5.1.1 User unknown; your IP is blocked using zen.example.org").output
        assert output.startswith("reputation_block: ")
        assert "“5.1.1” means address_unknown; overruled by asymmetry: what blames the sender" in output

    def test_it_tells_which_phrases_had_no_say_and_why(self) -> None:
        output = call("rules", "test", "421 4.7.28 unusual rate, Message not accepted for policy reasons").output
        assert "would mean rate_limited; holds only for replies of google" in output
        output = call("rules", "test", "--provider", "yahoo", "550 not accepted for policy reasons").output
        assert "holds only where the code begins with 554 5\\.7\\.9" in output
        output = call("rules", "test", "550 user unknown").output
        assert "not heard phrase:any:{who} & {gone} (built in)" in output
        assert "would mean address_unknown; a phrase that comes first says the same" in output

    def test_words_need_no_quotes(self) -> None:
        assert call("rules", "test", "550", "user", "unknown").output.startswith("address_unknown")

    def test_standard_input_is_read(self) -> None:
        result = call("rules", "test", "-", stdin="550 Das Postfach\n ist überfüllt\xff".encode("latin-1"))
        assert result.exit_code == DONE

    def test_codes_provider_and_stage_can_be_given(self) -> None:
        assert call("rules", "test", "--code", "552 5.2.2", "hm").output.startswith("mailbox_full")
        assert call("rules", "test", "--code", "5.2.2", "hm").output.startswith("mailbox_full")
        assert "reply code 451" in call("rules", "test", "--code", "451", "550 hm").output
        at_mail = call("rules", "test", "--stage", "mail", "550 5.1.1 User unknown").output
        assert at_mail.startswith("sender_invalid")
        assert "said of the sender at this stage" in at_mail
        early = call("rules", "test", "--stage", "connect", "550 5.1.1 User unknown").output
        assert "overruled by stage: who refuses at this stage cannot mean the recipient" in early
        google = call("rules", "test", "--provider", "google", "421 4.7.28 unusual rate").output
        assert "means rate_limited\n            phrase:google:unusual rate (built in)" in google

    def test_what_is_not_sure_is_a_suggestion(self) -> None:
        output = call("rules", "test", "551 hm").output
        assert output.startswith("unknown: ")
        assert "The best guess is address_moved." in output
        assert "No phrase is found in it." in output

    @pytest.mark.parametrize("code", ["55", "600", "5.1", "550 5.1.1.1", "x"])
    def test_a_code_that_is_none_is_refused(self, code: str) -> None:
        result = call("rules", "test", "--code", code, "hm")
        assert result.exit_code == USAGE
        assert 'must be like "550", "5.1.1" or "550 5.1.1"' in result.output

    def test_json_has_the_whole_argument(self, settings: Path) -> None:
        record = json.loads(call("rules", "test", "--json", "550 5.2.2 kiosk shut").output)
        assert (record["reason"], record["reply_code"], record["status"]) == ("mailbox_disabled", "550", "5.2.2")
        (decided,) = (step for step in record["evidence"] if step["decided"])
        assert decided["rule"] == "phrase:any:kiosk shut"
        assert decided["source"] == f"bounce.toml, line {line_of(settings, KIOSK)}"
        assert record["unheard"] == []

    def test_it_cannot_steer_the_terminal(self) -> None:
        assert "\x1b" not in call("rules", "test", "550 \x1b[2J mailbox full \x1b]0;x\x07").output

    def test_it_never_fails_for_a_text(self) -> None:
        for text in ("", " ", "\0", "a" * 100_000, "🙂", "--"):
            assert call("rules", "test", "--", text).exit_code == DONE


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


def test_every_reason_can_be_asked_for() -> None:
    assert {row["reason"] for row in rows("--table", "reasons")} == {reason.value for reason in Reason}
