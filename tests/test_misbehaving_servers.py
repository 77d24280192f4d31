"""Is anything lost, or counted twice, when an IMAP server breaks its word while the main job runs?"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import BouncePlugin
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.ledger.rebuild import rebuild
from bounce_plugin.settings import parse_settings
from tests.bounces import PRIVATE, report
from tests.everyday import EverydayHost
from tests.servers.fake_imap import Conversation, HangUp
from tests.servers.filing_imap import FilingImap
from tests.world import World

Open = Callable[[FilingImap], BouncePlugin]


@pytest.fixture
def open_plugin(tmp_path: Path) -> Iterator[Open]:
    opened: list[BouncePlugin] = []
    (tmp_path / "ledger.key").write_text("07" * 32)
    (tmp_path / "password").write_text("secret")

    def open_it(server: FilingImap) -> BouncePlugin:
        plugins = {"host": EverydayHost()}
        opened.append(
            BouncePlugin(parse_settings(server.settings_text, folder=tmp_path), plugins=plugins, entry_points=False)
        )
        return opened[-1]

    yield open_it
    for plugin in opened:
        plugin.close()


def counted(plugin: BouncePlugin) -> list[str]:
    """The addresses of all failures that count, one for each."""
    with plugin.ledger.reading() as tx:
        return sorted(event.address for event in latest_events(tx, limit=1000) if event.counts)


def member(number: int) -> bytes:
    return report(f"member{number}@example.com", message_id=f"m{number}@crm.example")


def test_I_05_a_server_that_gives_uids_again_has_all_its_mails_read_anew(open_plugin: Open) -> None:
    with FilingImap(member(1), PRIVATE) as server:
        plugin = open_plugin(server)
        assert plugin.run_once().ok
        backup = server.backup()
        server.deliver(PRIVATE + b"2", PRIVATE + b"3", member(2))
        assert plugin.run_once().ok
        server.restore(backup)
        server.deliver(member(3), member(2))  # with the UIDs that other mails had
        assert plugin.run_once().ok
        assert counted(plugin) == [f"member{number}@example.com" for number in (1, 2, 3)]
        assert (server.count("INBOX"), server.count("processed"), server.count("review")) == (1, 3, 0)
        assert plugin.run_once().outcomes == ()


def test_I_05_a_move_that_was_due_under_the_old_uid_takes_no_other_mail_along(open_plugin: Open) -> None:
    with FilingImap(PRIVATE) as server:
        plugin = open_plugin(server)
        backup = server.backup()
        server.deliver(member(1))
        server.answers["UID MOVE"] = lambda client, command: client.send(f"{client.tag} NO [OVERQUOTA] full")
        assert not plugin.run_once().ok
        del server.answers["UID MOVE"]
        server.restore(backup)
        server.deliver(PRIVATE + b"2")  # the UID of what was to be moved
        server.uidnext["INBOX"] = 2  # as a server says that does not know of it yet
        assert plugin.run_once().ok
        server.uidnext["INBOX"] = 3
        assert plugin.run_once().ok
        assert (server.count("INBOX"), server.count("processed")) == (2, 0)


def test_I_05_a_review_folder_that_goes_back_closes_no_item_and_moves_no_other_mail(open_plugin: Open) -> None:
    with FilingImap(report("stranger@example.com")) as server:
        plugin = open_plugin(server)
        backup = server.backup()
        plugin.run_once()
        (item,) = plugin.desk.items()
        server.restore(backup)  # the mail is in the inbox again, and the review folder is empty
        plugin.run_once()
        assert [waiting.why for waiting in plugin.desk.items()].count(item.why) >= 1
        assert server.count("INBOX") == 0
        assert server.count("review") + server.count("processed") == 1


def test_I_04_a_mailbox_rebuilt_with_other_uids_counts_nothing_again(open_plugin: Open) -> None:
    mails = [member(number) for number in range(5)]
    with FilingImap(*mails, PRIVATE) as server:
        plugin = open_plugin(server)
        assert plugin.run_once().ok
        before = counted(plugin)
        server.folders = {"INBOX": {}, "review": {}, "processed": {}}
        server.uidnext = dict.fromkeys(server.folders, 1)
        server.uidvalidity = dict.fromkeys(server.folders, 2)
        server.deliver(PRIVATE, *reversed(mails))
        assert plugin.run_once().ok
        assert counted(plugin) == before == [f"member{number}@example.com" for number in range(5)]
        assert (server.count("INBOX"), server.count("processed")) == (1, 5)


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 UIDPLUS", "IMAP4rev1"])
def test_I_12_a_connection_cut_between_copy_and_store_leaves_one_copy_more_at_most_and_one_event(
    open_plugin: Open, capabilities: str
) -> None:
    def cut(client: Conversation, command: str) -> None:
        raise HangUp

    with FilingImap(member(1), capabilities=capabilities) as server:
        plugin = open_plugin(server)
        server.answers["UID STORE"] = cut
        assert not plugin.run_once().ok
        assert (server.count("INBOX"), server.count("processed")) == (1, 1)
        del server.answers["UID STORE"]
        assert plugin.run_once().ok
        assert plugin.run_once().outcomes == ()
        assert server.count("INBOX") == 0
        assert 1 <= server.count("processed") <= 2
        assert len(set(server.folders["processed"].values())) == 1
        assert counted(plugin) == ["member1@example.com"]


def test_I_14_over_the_quota_other_mails_go_on_and_it_is_not_read_again(open_plugin: Open) -> None:
    with FilingImap(report("stranger@example.com"), member(1)) as server:
        plugin = open_plugin(server)
        server.answers['UID MOVE 1 "review"'] = lambda client, command: client.send(f"{client.tag} NO [OVERQUOTA] full")
        for _ in range(3):
            assert not plugin.run_once().ok
        fetched = [command for command in server.commands if "BODY.PEEK" in command]
        assert len(fetched) == 1, "committed, not moved yet, and not handled again"
        assert (server.count("INBOX"), server.count("processed")) == (1, 1)
        server.answers.clear()
        assert plugin.run_once().ok
        assert server.count("review") == 1


def test_I_16_what_a_broken_session_gave_last_is_forgotten_and_read_again(open_plugin: Open) -> None:
    with FilingImap(*map(member, range(3))) as server:
        plugin = open_plugin(server)

        def half(client: Conversation, command: str) -> None:
            raw = server.folders["INBOX"][1]
            client.send_raw(f"* 1 FETCH (UID 1 BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
            client.send_raw(b"* 2 FETCH (UID 2 BODY[] {5000}\r\nonly a part")
            raise HangUp

        server.answers["UID FETCH 1:3"] = half
        assert not plugin.run_once().ok
        assert counted(plugin) == []
        server.answers.clear()
        assert plugin.run_once().ok
        assert len(counted(plugin)) == server.count("processed") == 3


def test_I_15_a_network_that_breaks_again_and_again_puts_no_mail_aside(open_plugin: Open) -> None:
    def cut(client: Conversation, command: str) -> None:
        raise HangUp

    with FilingImap(member(1)) as server:
        plugin = open_plugin(server)
        server.answers["UID FETCH"] = cut
        for _ in range(5):
            assert not plugin.run_once().ok
        server.answers.clear()
        (outcome,) = plugin.run_once().outcomes
        assert outcome.events


@pytest.mark.parametrize("local", ["'; DROP TABLE events; --", "$(id)", "`touch pwned`", "a|touch pwned", "%s%n{0}"])
def test_T_21_an_address_that_speaks_sql_or_shell_is_text(
    open_plugin: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: str
) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = f'"{local}"' if set(local) & set(" ;|`()'") else local
    with FilingImap(report(f"{quoted}@example.com"), member(1)) as server:
        plugin = open_plugin(server)
        assert plugin.run_once().ok
        assert counted(plugin) == ["member1@example.com"], "the table is there"
        assert server.count("INBOX") == 0
        assert [item.mail_id for item in plugin.desk.items()] == [1]
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("days", [-1, 1])
def test_I_19_a_clock_that_jumps_loses_no_mail_and_fires_no_rule_twice(world: World, days: int) -> None:
    world.bounce(message_id="m@crm.example")
    first = [decision.because for _, decision in world.host.reached]
    world.clock.now += timedelta(days=days)
    world.bounce(message_id="m@crm.example")  # a copy
    world.clock.now -= timedelta(days=days)
    world.plugin.run_once()
    assert world.counted() == len(world.host.classified) == 1
    assert len(world.box.mails("processed")) == 2
    assert [decision.because for _, decision in world.host.reached] == first
    with world.plugin.ledger.transaction() as tx:
        assert rebuild(tx) == ()
