"""Is a report believed that bears our mark, wherever it stands?"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import Contact, SettingsError, Trust
from bounce_plugin.outcome import Handling
from bounce_plugin.settings import parse_settings
from tests.bounces import report
from tests.trust.marked import DOMAIN, handle, make_world, returned, sign, signing, stopped, trust_of
from tests.world import ANNA, World


class TestWhatIsSigned:
    """A mark of ours has a report believed, wherever it stands."""

    @pytest.mark.parametrize(
        "wrapping",
        ["{}", "prvs=0123abcdef={}", "SRS0=HHH=TT=" + DOMAIN + "={local}@forward.example", "{upper}", "<{}>"],
    )
    def test_a_report_to_the_return_path_counts(self, world: World, wrapping: str) -> None:
        path = sign(world).address
        to = wrapping.format(path, local=path.partition("@")[0], upper=path.upper())
        assert handle(world, returned(to)) is Handling.HANDLED
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert world.counted() == 1
        assert stopped(world)

    def test_it_is_known_which_message_failed(self, world: World) -> None:
        path = sign(world)
        handle(world, returned(path.address))
        (event,) = world.host.classified
        assert (event.message, event.category, event.delivery_ref) == ("N-11", "newsletter", path.ref)
        assert [contact.id for contact in event.contacts] == ["7"]

    @pytest.mark.parametrize("field", ["Delivered-To: {}", "X-Original-To: {}", "Envelope-To: <{}>",
                                       "Received: from mx by mail.crm.example with ESMTP id 7 for <{}>; now"])  # fmt: skip
    def test_our_own_server_says_where_the_report_was_sent(self, world: World, field: str) -> None:
        raw = field.format(sign(world).address).encode() + b"\n" + report(ANNA)
        handle(world, raw)
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]

    @pytest.mark.parametrize("field", ["Original-Envelope-Id: {eid}", "X-Postfix-Sender: rfc822; {env}"])
    def test_d_25_the_envelope_id_and_the_sender_that_a_report_names_prove_it(self, world: World, field: str) -> None:
        path = sign(world)
        line = field.format(eid=path.envelope_id, env=path.address)
        raw = report(ANNA).replace(b"Reporting-MTA:", line.encode() + b"\nReporting-MTA:")
        handle(world, raw)
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]
        assert path.mail_options == ("RET=HDRS", f"ENVID={path.envelope_id}")
        assert path.rcpt_options == ("NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{ANNA}")

    def test_d_25_an_address_goes_into_orcpt_as_xtext(self, world: World) -> None:
        path = world.plugin.return_path("7", "N-11", "newsletter", address="a+b=c@example.com")
        assert path.rcpt_options[1] == "ORCPT=rfc822;a+2Bb+3Dc@example.com"

    def test_d_05_a_report_that_names_nobody_is_about_the_address_that_the_mail_went_to(self, world: World) -> None:
        raw = returned(sign(world).address).replace(f"Final-Recipient: rfc822; {ANNA}\n".encode(), b"")
        handle(world, raw.replace(f"<{ANNA}>: host".encode(), b"host"))
        assert trust_of(world) == [Trust.SIGNED_ENVELOPE]

    @pytest.mark.parametrize("where", ["Message-ID", "X-Bounce-Ref"])
    def test_a_header_that_all_readers_see_needs_a_second_message(self, world: World, where: str) -> None:
        for number in range(2):
            path = sign(world)
            mark = (
                {"message_id": path.message_id} if where == "Message-ID" else {"more": f"X-Bounce-Ref: {path.header}\n"}
            )
            handle(world, returned("bounces@crm.example", **mark))
            assert stopped(world) is bool(number)
            world.clock.now += timedelta(days=4)
        assert trust_of(world) == [Trust.SIGNED_HEADER] * 2
        assert world.counted() == 2

    def test_a_message_id_of_the_hosts_own_is_kept(self, world: World) -> None:
        path = world.plugin.return_path("7", "N-11", "newsletter", address=ANNA, message_id="<mine@crm.example>")
        assert path.message_id == "mine@crm.example"

    def test_c_03_after_a_change_of_keys_both_are_accepted(self, tmp_path: Path) -> None:
        world = make_world(tmp_path, signing())
        with world.plugin:
            old = sign(world)
        world = replace_settings(world, signing("signed", 1, 2))
        with world.plugin:
            new = sign(world)
            assert [handle(world, returned(path.address)) for path in (old, new)] == [Handling.HANDLED] * 2
            assert trust_of(world) == [Trust.SIGNED_ENVELOPE] * 2
        world = replace_settings(world, signing("signed", 2))
        with world.plugin:
            late = sign(world)
            assert handle(world, returned(late.address)) is Handling.HANDLED
            assert handle(world, returned(old.address, message_id="x@y")) is Handling.REVIEW, (
                "kept for a person, not lost"
            )

    def test_without_a_key_nothing_can_be_signed(self, tmp_path: Path) -> None:
        with make_world(tmp_path, "").plugin as plugin, pytest.raises(SettingsError, match="nothing can be signed"):
            plugin.return_paths([], "N-11", "newsletter")


def replace_settings(world: World, settings: str) -> World:
    """The same host after its operator has changed bounce.toml."""
    text = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n' + settings
    world.settings = parse_settings(text, folder=world.folder)
    world.plugin = world.open()
    return world


class TestManyAtOnce:
    """The return paths of a newsletter."""

    def test_each_recipient_has_a_path_of_his_own_that_is_recorded(self, world: World) -> None:
        people = [Contact(id=str(number), address=f"p{number}@example.org") for number in range(2500)]
        paths = list(world.plugin.return_paths(iter(people), "N-12", "newsletter"))
        assert [path.recipient for path in paths] == [person.address for person in people]
        assert len({path.address for path in paths}) == len({path.ref for path in paths}) == 2500
        assert all(re.fullmatch(rf"b\+[a-z2-7]{{36}}@{DOMAIN}", path.address) for path in paths)
        world.host.contacts["p2400@example.org"] = people[2400]
        handle(world, returned(paths[2400].address, "p2400@example.org"))
        assert trust_of(world, "p2400@example.org") == [Trust.SIGNED_ENVELOPE]

    def test_no_more_are_recorded_than_are_asked_for(self, world: World) -> None:
        people = (Contact(id=str(number), address=f"p{number}@example.org") for number in range(5000))
        next(world.plugin.return_paths(people, "N-12", "newsletter"))
        with world.plugin.ledger.reading() as tx:
            assert tx.connection.exec_driver_sql("SELECT count(*) FROM deliveries").scalar() == 1000

    def test_no_personal_data_stands_in_a_path(self, world: World) -> None:
        path = sign(world)
        for text in (path.address, path.envelope_id, path.message_id, path.header, path.unsubscribe, path.ref):
            assert "anna" not in text
            assert "N-11" not in text
