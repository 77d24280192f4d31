"""Is a bounce over POP3 handled once, and deleted only if the operator said so? Whole runs, on a real Dovecot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin.cli import program
from bounce_plugin.outcome import Handling
from tests.bounces import PRIVATE
from tests.office import STRANGER, Office, bounce
from tests.servers.account import Account


class TestOnDovecot:
    """The real thing."""

    @pytest.fixture(params=[False, True], ids=["stays", "deleted"])
    def delete(self, request: pytest.FixtureRequest) -> bool:
        return bool(request.param)

    @pytest.fixture
    def office(self, pop3_account: Account, tmp_path: Path, delete: bool) -> Iterator[Office]:
        text = f"""
            [[mailbox]]
            name = "b"
            kind = "pop3"
            host = "localhost"
            port = {pop3_account.pop3s_port}
            ca_file = "{pop3_account.certificates.ca}"
            user = "{pop3_account.user}"
            password_env = "POP3_PASSWORD"
            delete = {json.dumps(delete)}
        """
        with Office(tmp_path, text) as office:
            yield office

    @pytest.fixture(autouse=True)
    def password(self, pop3_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("POP3_PASSWORD", pop3_account.password)

    def test_a_mail_is_handled_once_and_goes_if_the_operator_said_so(
        self, office: Office, pop3_account: Account, delete: bool
    ) -> None:
        pop3_account.append(bounce(message_id="m@crm.example"), bounce(message_id="m@crm.example"), PRIVATE)
        assert office.handled() == [Handling.HANDLED, Handling.DUPLICATE, Handling.LEFT]
        assert len(pop3_account.contents()) == (1 if delete else 3)
        assert office.handled() == []
        assert office.counted() == 1
        assert office.host.classified[0].received_at.hour == 8

    def test_i_25_a_dry_run_changes_nothing(self, office: Office, pop3_account: Account) -> None:
        pop3_account.append(bounce(), PRIVATE)
        assert len(office.plugin.run_once(dry_run=True).outcomes) == 2
        assert [flags.replace(r"\Recent", "") for flags in pop3_account.contents().values()] == ["", ""]
        assert len(office.handled()) == 2

    def test_what_waits_for_a_person_is_decided_afterwards(
        self, office: Office, pop3_account: Account, delete: bool
    ) -> None:
        pop3_account.append(bounce(STRANGER))
        assert office.handled() == [Handling.REVIEW]
        assert len(pop3_account.contents()) == (0 if delete else 1)
        (number,) = office.waiting()
        office.plugin.desk.assign(number, "7", actor="Erna")
        assert office.counted(STRANGER) == 1
        assert office.handled() == []
        assert office.waiting() == []

    def test_check_says_what_becomes_of_mails(self, office: Office, delete: bool) -> None:
        with office.plugin:
            said = CliRunner().invoke(program, ["--config", str(office.folder / "bounce.toml"), "check"]).output
        assert ("deleted on the server" if delete else "mails stay on the server") in said
