"""Are the fields of a delivery status read as RFC 3464 means them, and as generators write them?"""

import pytest

from bounce_plugin.message import limits
from bounce_plugin.message.dsn import find_fields, read_delivery_status
from bounce_plugin.message.report import Action
from bounce_plugin.message.status import EnhancedStatus

HEAD = (
    "Reporting-MTA: dns; mx.far.example\nOriginal-Envelope-Id: env-1\nX-Postfix-Sender: rfc822; news@club.example\n\n"
)
ANN = "Final-Recipient: rfc822; ann@gone.example\nAction: failed\nStatus: 5.1.1\n"
BOB = "Final-Recipient: rfc822; bob@gone.example\nAction: delayed\nStatus: 4.2.2\n"


def recipients(text: str) -> list[tuple[str, Action | None, str]]:
    found = read_delivery_status(text).recipients
    return [(one.final_recipient, one.action, str(one.status)) for one in found]


def test_the_fields_of_the_message() -> None:
    status = read_delivery_status(HEAD + ANN)
    assert status.reporting_mta == "mx.far.example"
    assert status.original_envelope_id == "env-1"
    assert status.original_sender == "news@club.example"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + ANN + "\n" + BOB, id="D-01 a blank line between"),
        pytest.param(HEAD.rstrip("\n") + "\n" + ANN + BOB, id="D-08 no blank line at all"),
        pytest.param(HEAD + "\n\n" + ANN.replace("\n", "\n\n") + "\n\n" + BOB, id="D-08 blank lines within"),
        pytest.param("\n\n" + HEAD + ANN + " \n" + BOB, id="D-08 a line of blanks between"),
        pytest.param(HEAD + ANN.upper() + "\n" + BOB, id="D-04 upper case names"),
    ],
)
def test_d01_each_recipient_has_a_block(text: str) -> None:
    found = [(address.lower(), action, status) for address, action, status in recipients(text)]
    assert found == [("ann@gone.example", Action.FAILED, "5.1.1"), ("bob@gone.example", Action.DELAYED, "4.2.2")]


@pytest.mark.parametrize(
    "first", ["Action: failed\n", "Original-Recipient: rfc822; ann@gone.example\n", "Status: 5.1.1\n"]
)
def test_d08_the_final_recipient_need_not_come_first(first: str) -> None:
    block = first + "".join(line for line in ANN.splitlines(keepends=True) if not line.startswith(first[:6]))
    second = block.replace("ann@", "bob@")
    assert [one[0] for one in recipients(HEAD + block + "\n" + second)] == ["ann@gone.example", "bob@gone.example"]


def test_d04_folded_fields_comments_and_unknown_fields() -> None:
    text = (
        "Final-Recipient: RFC822; <ann@gone.example>   (Unknown user ann)\nX-Foo: bar\nAction: Failed (for good)\n"
        "Status: 5.1.1 (permanent\n failure)\nRemote-MTA: dns; mx.gone.example (192.0.2.1, the server)\n"
        "Diagnostic-Code: smtp; 550-5.1.1 first\n\t550 5.1.1 second\n"
    )
    (one,) = read_delivery_status(HEAD + text).recipients
    assert one.final_recipient == "ann@gone.example"
    assert (one.action, one.status, one.remote_mta) == (Action.FAILED, EnhancedStatus(5, 1, 1), "mx.gone.example")
    assert (one.diagnostic_type, one.diagnostic_code) == ("smtp", "550-5.1.1 first 550 5.1.1 second")


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ("rfc822; ann@gone.example", "ann@gone.example"),
        ("ann@gone.example", "ann@gone.example"),
        ("<ann@gone.example>", "ann@gone.example"),
        ("rfc822;@a.example,@b.example:ann@gone.example", "ann@gone.example"),
        (r"utf-8; b\x{FC}ro@gone.example", "büro@gone.example"),
        ("utf-8; büro@gone.example", "büro@gone.example"),
        ("x400; /S=ann/C=de/", ""),
        ("unknown; ann", "ann"),
        ("local; ann", "ann"),
        ("x-unix; |/usr/bin/procmail -a ann", ""),
        ("rfc822; @gone.example", ""),
        ("rfc822;", ""),
        (";", ""),
    ],
)
def test_d06_d07_d21_forms_of_a_recipient(field: str, address: str) -> None:
    (one,) = read_delivery_status(HEAD + f"Final-Recipient: {field}\nAction: failed\n").recipients
    assert one.final_recipient == address


def test_d10_a_diagnostic_without_a_type() -> None:
    (one,) = read_delivery_status(HEAD + ANN + "Diagnostic-Code: 550 5.1.1 no; really\n").recipients
    assert (one.diagnostic_type, one.diagnostic_code) == ("", "550 5.1.1 no; really")


def test_lines_that_lost_their_indentation_continue_the_field_above() -> None:
    (one,) = read_delivery_status(
        HEAD + ANN + "Diagnostic-Code: smtp; 550 see\nhttps://gone.example/why for more\n"
    ).recipients
    assert one.diagnostic_code == "550 see https://gone.example/why for more"


@pytest.mark.parametrize(
    ("word", "action"),
    [("relayed (to non-DSN-aware mailer)", Action.RELAYED), ("EXPANDED", Action.EXPANDED), ("perhaps", None)],
)
def test_actions(word: str, action: Action | None) -> None:
    (one,) = read_delivery_status(HEAD + f"Final-Recipient: rfc822; ann@gone.example\nAction: {word}\n").recipients
    assert one.action is action


def test_t_06_one_recipient_more_than_the_cap_is_read_so_that_it_is_seen() -> None:
    blocks = "\n".join(ANN.replace("ann@", f"ann{number}@") for number in range(300))
    assert len(read_delivery_status(HEAD + blocks).recipients) == limits.RECIPIENTS + 1


def test_d09_fields_within_a_text() -> None:
    text = f"An error occurred.\n\nTechnical report:\n\nReporting-MTA: dns; x\n\n{ANN}\n"
    where = find_fields(text, text.lower())
    assert where is not None
    assert [one[0] for one in recipients(text[slice(*where)])] == ["ann@gone.example"]
    assert find_fields("> Final-Recipient: rfc822; a@b.example\n> Action: failed", "") is None
