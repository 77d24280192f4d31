"""Is a bounce over POP3 recorded once, never lost, and deleted only once it is safe? Whole runs, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin import Contact, HookError, NotFoundError, Reason, runner
from bounce_plugin.cli import program
from bounce_plugin.mailbox.incoming import Folder
from bounce_plugin.outcome import Handling
from tests.announce.test_entry_points import GOOD, install
from tests.bounces import PRIVATE
from tests.office import DATED, STRANGER, Office, bounce
from tests.running import running, until
from tests.servers.fake_pop3 import FakePop3, HangUp, Session
from tests.world import START


@contextmanager
def office_at(server: FakePop3, folder: Path, more: str) -> Iterator[Office]:
    with Office(folder, server.settings_text + more) as office:
        yield office


@pytest.fixture
def server() -> Iterator[FakePop3]:
    with FakePop3() as started:
        yield started


@pytest.fixture
def deleting(server: FakePop3, tmp_path: Path) -> Iterator[Office]:
    with office_at(server, tmp_path, "delete = true\n") as office:
        yield office


@pytest.fixture
def keeping(server: FakePop3, tmp_path: Path) -> Iterator[Office]:
    with office_at(server, tmp_path, "") as office:
        yield office


class TestWherePeopleDecide:
    """Mails that are in the ledger alone, and mails that stay on the server."""

    @pytest.fixture(params=["deleting", "keeping"])
    def office(self, request: pytest.FixtureRequest) -> Office:
        found: Office = request.getfixturevalue(request.param)
        return found

    @pytest.mark.parametrize("decision", ["classify", "dismiss", "again"])
    def test_each_decision_settles_the_item(self, server: FakePop3, office: Office, decision: str) -> None:
        server.deliver(bounce(STRANGER))
        office.run()
        left = len(server.mails)
        (number,) = office.waiting()
        office.host.contacts[STRANGER] = Contact(id="8", address=STRANGER)
        desk = office.plugin.desk
        if decision == "classify":
            desk.classify(number, Reason.MAILBOX_FULL, actor="Erna")
        else:
            getattr(desk, decision)(number, actor="Erna")
        assert office.run().ok
        assert office.waiting() == []
        assert office.counted(STRANGER) == (decision != "dismiss")
        assert office.handled() == []
        assert len(server.mails) == left
        with pytest.raises(NotFoundError, match="closed already"):
            desk.again(number, actor="Otto")

    def test_again_keeps_the_item_open_while_nobody_is_known(self, server: FakePop3, office: Office) -> None:
        server.deliver(bounce(STRANGER))
        office.run()
        (number,) = office.waiting()
        office.plugin.desk.again(number, actor="Erna")
        office.run()
        assert len(office.waiting()) == 1
        assert office.counted(STRANGER) == 0

    def test_a_mail_that_others_delete_meanwhile_can_be_decided_from_the_ledger(
        self, server: FakePop3, office: Office
    ) -> None:
        server.deliver(bounce(STRANGER))
        office.run()
        (number,) = office.waiting()
        server.mails.clear()
        office.run()
        assert office.place(number) == Folder.LEDGER
        office.host.contacts[STRANGER] = Contact(id="8", address=STRANGER)
        office.plugin.desk.again(number, actor="Erna")
        assert office.waiting() == []
        assert office.counted(STRANGER) == 1


def test_again_tells_why_a_mail_in_the_ledger_still_waits(
    server: FakePop3, deleting: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(bounce(STRANGER))
    deleting.run()
    (number,) = deleting.waiting()
    item = deleting.plugin.desk.again(number, actor="Erna")
    assert (item.id, item.closed_at) == (number, None)
    assert f"No contact is known for {STRANGER}" in item.why
    again = ["--config", str(deleting.folder / "bounce.toml"), "review", "again", str(number)]
    refused = CliRunner().invoke(program, again)  # the host gives its plugin in code: the command has none
    assert isinstance(refused.exception, HookError)
    assert deleting.waiting() == [number]
    install(tmp_path, monkeypatch, "test-host", GOOD, "test_host = test_host_hooks:Hooks")
    told = CliRunner().invoke(program, again)
    assert f"Item {number} still waits: No contact is known" in told.output
    told = CliRunner().invoke(
        program, ["--config", str(deleting.folder / "bounce.toml"), "review", "dismiss", str(number)]
    )
    assert "is settled: dismissed." in told.output
    assert "moves the mail" not in told.output
    assert deleting.plugin.desk.show(number)[1].startswith(DATED), "it is kept for its time"


def test_i_05_a_uidl_that_comes_again_at_once_is_a_new_mail(server: FakePop3, deleting: Office) -> None:
    server.deliver(bounce(), uid="1")
    assert deleting.handled() == [Handling.HANDLED]
    server.deliver(bounce(), uid="1")
    assert deleting.handled() == [Handling.HANDLED]
    assert (deleting.counted(), server.mails) == (2, [])


def test_i_05_a_uidl_that_comes_again_once_it_was_gone_is_a_new_mail(server: FakePop3, keeping: Office) -> None:
    server.deliver(bounce(), uid="1")
    keeping.run()
    server.mails.clear()
    assert keeping.handled() == []
    server.deliver(bounce(), uid="1")
    assert keeping.handled() == [Handling.HANDLED]
    assert keeping.counted() == 2


def lose_quit(server: FakePop3, *, updates: bool, then: Callable[[], None] = lambda: None) -> None:
    """Have the next answer to QUIT be lost."""

    def vanish(client: Session, command: str) -> None:
        del server.answers["QUIT"]
        if updates:
            server.update(client)
        then()
        raise HangUp

    server.answers["QUIT"] = vanish


@pytest.mark.parametrize("updates", [True, False])
def test_i_02_where_the_answer_to_quit_is_lost_nothing_is_lost_and_nothing_counts_twice(
    server: FakePop3, deleting: Office, updates: bool
) -> None:
    server.deliver(bounce(), bounce(STRANGER))
    lose_quit(server, updates=updates)
    summary = deleting.run()
    assert "QUIT" in summary.errors[0]
    assert len(server.mails) == (0 if updates else 2)
    assert deleting.handled() == []
    assert server.mails == []
    (number,) = deleting.waiting()
    assert deleting.place(number) == Folder.LEDGER
    assert deleting.counted() == 1


def test_i_05_a_new_mail_under_the_uidl_of_one_that_was_taken_unheard_is_read_and_not_lost(
    server: FakePop3, deleting: Office
) -> None:
    server.deliver(bounce(message_id="1@crm.example"), uid="1")
    lose_quit(server, updates=True, then=lambda: server.deliver(bounce(message_id="2@crm.example"), uid="1"))
    assert not deleting.run().ok
    assert deleting.handled() == [Handling.HANDLED]
    assert (deleting.counted(), server.mails) == (2, [])


def test_copies_under_one_uidl_are_each_taken_also_by_a_later_session(server: FakePop3, deleting: Office) -> None:
    mail = bounce()
    server.deliver(mail, mail, uid="same")
    lose_quit(server, updates=False)
    assert not deleting.run().ok
    assert deleting.handled() == []
    assert (deleting.counted(), server.mails) == (1, [])


def test_more_mails_than_a_batch_go_in_several_sessions(server: FakePop3, deleting: Office) -> None:
    server.deliver(*(bounce(f"member{number}@example.com") for number in range(430)))
    assert len(deleting.handled()) == 430
    assert server.mails == []
    assert server.commands.count("QUIT") == 3
    assert deleting.handled() == []
    assert len(deleting.waiting()) == 430


def test_a_mail_that_is_over_the_cap_waits_for_a_person_and_is_not_deleted(server: FakePop3, deleting: Office) -> None:
    large = bounce() + b"x" * 70 + b"\r\n"
    server.deliver(large)
    server.answers["LIST"] = lambda client, command: client.lines(
        f"{number} {12_000_000}" for number, _ in enumerate(client.mails, 1)
    )
    assert deleting.handled() == [Handling.REVIEW]
    (number,) = deleting.waiting()
    deleting.plugin.desk.dismiss(number, actor="Erna")
    assert deleting.handled() == []
    assert len(server.mails) == 1


def test_a_run_that_only_reads_leaves_all_to_others_while_it_waits(server: FakePop3, keeping: Office) -> None:
    server.deliver(bounce(), PRIVATE.replace(b"\n", b"\r\n"))
    assert len(keeping.handled()) == 2
    assert server.commands[-1] == "QUIT"
    assert not any(command.startswith("DELE") for command in server.commands)
    assert keeping.clock.now == START


def test_a_mail_that_the_server_gives_no_more_keeps_no_other_from_being_taken(
    server: FakePop3, deleting: Office
) -> None:
    server.deliver(bounce(), bounce(STRANGER))
    lose_quit(server, updates=False)
    deleting.run()
    server.answers["RETR 1"] = lambda client, command: client.send("-ERR disk")
    assert "disk" in deleting.run().errors[0]
    assert [mail.uid for mail in server.mails] == ["u1"]
    del server.answers["RETR 1"]
    assert deleting.handled() == []
    assert server.mails == []


def test_who_takes_back_that_mails_be_deleted_keeps_those_that_are_there(server: FakePop3, tmp_path: Path) -> None:
    with office_at(server, tmp_path, "delete = true\n") as office:
        server.deliver(bounce(), bounce(STRANGER))
        lose_quit(server, updates=False)
        assert not office.run().ok
    for _ in range(2):
        with office_at(server, tmp_path, "delete = false\n") as office:
            assert office.handled() == []
            assert len(office.waiting()) == 1
    assert len(server.mails) == 2


def test_I_17_a_process_that_runs_finds_what_comes_and_gets_over_a_mailbox_that_is_in_use(
    server: FakePop3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.02)
    server.answers["PASS"] = lambda client, command: client.send("-ERR [IN-USE] by another one")
    with (
        office_at(server, tmp_path, "delete = true\npoll_seconds = 0.1\n") as office,
        running(office.plugin) as outcomes,
    ):
        until(lambda: server.commands.count("PASS secret") > 1)
        server.deliver(bounce())
        del server.answers["PASS"]
        until(lambda: not server.mails)
        server.deliver(bounce(STRANGER))
        until(lambda: not server.mails)
        assert len(outcomes) == 2
    assert server.commands[-1] == "QUIT"
