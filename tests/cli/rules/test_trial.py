"""What would a reply mean, and why? `rules test`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bounce_plugin.cli import DONE, USAGE
from tests.cli.rules.listed import KIOSK, line_of
from tests.cli.terminal import call


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
