"""What decides when a mail says several things at once."""

import pytest

from bounce_plugin.classify.classification import FailureType, Fault, Reason
from bounce_plugin.classify.tables import BUILT_IN
from bounce_plugin.detectors.finding import Stage
from bounce_plugin.message.report import Action, Kind
from tests.classify.judge import judge

UNKNOWN_USER = "550 5.1.1 <x@example.org>: Recipient address rejected: User unknown"


def decided(verdict):
    return next(step for step in verdict.evidence if step.decided)


def test_a_refusal_counts_against_the_recipient():
    verdict = judge(UNKNOWN_USER)
    assert (verdict.kind, verdict.reason, verdict.type, verdict.fault, verdict.counts) == (
        Kind.BOUNCE,
        Reason.ADDRESS_UNKNOWN,
        FailureType.HARD,
        Fault.RECIPIENT,
        True,
    )
    assert verdict.confidence == 0.95
    assert decided(verdict).span == "User unknown"


def test_d_02_a_delay_never_counts_even_with_a_permanent_status():
    verdict = judge(UNKNOWN_USER, action=Action.DELAYED)
    assert (verdict.kind, verdict.reason, verdict.counts) == (Kind.DELAY, Reason.ADDRESS_UNKNOWN, False)


@pytest.mark.parametrize("action", [Action.DELIVERED, Action.RELAYED, Action.EXPANDED])
def test_d_02_a_success_has_no_reason(action):
    verdict = judge("550 5.1.1 User unknown", action=action)
    assert (verdict.kind, verdict.reason, verdict.counts) == (Kind.DELIVERED, None, False)


def test_d_11_a_specific_code_in_the_diagnostic_beats_a_generic_status():
    verdict = judge("550 5.2.2 refused", status="5.0.0")
    assert verdict.reason is Reason.MAILBOX_FULL
    assert decided(verdict).rule == "status:5.2.2"


@pytest.mark.parametrize(("reply", "status"), [("450 User unknown", "5.1.1"), ("550 User unknown", "4.1.1")])
def test_d_12_where_the_classes_differ_the_failure_is_not_for_good(reply, status):
    verdict = judge(reply, status=status)
    assert (verdict.reason, verdict.type) == (Reason.ADDRESS_UNKNOWN, FailureType.SOFT)
    assert {step.span for step in verdict.evidence} >= {reply[:3], status}


def test_d_14_an_address_of_the_internet_protocol_is_no_code():
    assert judge("550 refused by 5.5.2657.72 and 5.1.1.5", status="").reason is Reason.POLICY_REJECTED or (
        judge("550 refused by 5.5.2657.72 and 5.1.1.5").reason is Reason.UNKNOWN
    )


def test_d_15_a_code_with_a_number_sign_is_read():
    assert judge("550 sorry (#5.1.1)").reason is Reason.ADDRESS_UNKNOWN


def test_d_16_the_code_nearest_the_beginning_is_taken():
    verdict = judge("550 5.2.2 see http://example.org/5.7.1/help")
    assert verdict.reason is Reason.MAILBOX_FULL


def test_d_38_the_null_mx_code_of_exchange_online_means_an_unknown_recipient():
    assert judge("550 5.1.10 refused", host="microsoft").reason is Reason.ADDRESS_UNKNOWN
    assert judge("550 5.1.10 refused").reason is Reason.DOMAIN_NO_MAIL


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("550 5.1.1 User unknown; your IP is blocked using zen.example.org", Reason.REPUTATION_BLOCK),
        ("550 5.2.2 Mailbox full. Message rejected as spam", Reason.SPAM_CONTENT),
        ("550 5.1.1 rejected by policy: mailbox unavailable", Reason.POLICY_REJECTED),
        ("550 5.1.1 Blocked", Reason.POLICY_REJECTED),
        ("550 5.1.8 User unknown", Reason.SENDER_INVALID),
    ],
)
def test_what_blames_the_sender_overrules_what_blames_the_recipient(reply, reason):
    verdict = judge(reply)
    assert (verdict.reason, verdict.counts) == (reason, False)


def test_the_overruled_step_says_by_which_principle():
    verdict = judge("550 5.1.1 User unknown; your IP is blocked using zen.example.org")
    assert {step.note for step in verdict.evidence if step.reason is Reason.ADDRESS_UNKNOWN} >= {"asymmetry"}


@pytest.mark.parametrize(
    ("reply", "stage", "reason"),
    [
        ("550 5.1.7 No such domain example.net", Stage.MAIL, Reason.SENDER_INVALID),
        ("551 not our customer", Stage.MAIL, Reason.SENDER_INVALID),
        ("550 5.1.1 User unknown", Stage.MAIL, Reason.SENDER_INVALID),
        ("550 account is disabled", Stage.MAIL, Reason.SENDER_ACCOUNT),
        ("550 5.1.1 User unknown", Stage.RCPT, Reason.ADDRESS_UNKNOWN),
        ("550 5.1.1 User unknown", Stage.DATA, Reason.ADDRESS_UNKNOWN),
        ("421 Connection timed out", Stage.CONNECT, Reason.UNREACHABLE),
    ],
)
def test_a_host_cannot_mean_a_recipient_that_it_was_not_told_yet(reply, stage, reason):
    assert judge(reply, stage=stage).reason is reason


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.EHLO])
@pytest.mark.parametrize("reply", ["550 5.1.1 User unknown", "552 5.2.2 mailbox full", "550 5.2.1 account disabled"])
def test_a_refusal_of_the_connection_never_counts_against_the_recipient(reply, stage):
    assert not judge(reply, stage=stage).counts


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 User unknown. This message has been in the queue too long.",
        "User unknown: retry timeout exceeded",
        "550 4.4.7 QUEUE.Expired; message expired -> 550 5.1.1 User unknown",
    ],
)
def test_an_expired_queue_is_the_last_resort(reply):
    assert judge(reply).reason is Reason.ADDRESS_UNKNOWN


def test_t_04_codes_repeated_in_a_folded_reply_do_not_hide_the_phrase():
    reply = "550-5.2.1 The user you are trying to contact is receiving mail at a rate that 550-5.2.1 prevents additional messages"
    assert judge(reply).reason is Reason.RECIPIENT_RATE_LIMITED


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("67", Reason.ADDRESS_UNKNOWN),
        ("68", Reason.DOMAIN_UNKNOWN),
        ("75", Reason.SYSTEM_ERROR),
        ("77", Reason.POLICY_REJECTED),
        ("127", Reason.SYSTEM_ERROR),
        ("id: host: no such user", Reason.UNKNOWN),
        ("maildrop: maildir over quota.", Reason.MAILBOX_FULL),
    ],
)
def test_t_05_a_delivery_program_speaks_by_its_exit_code_and_of_quota(reply, reason):
    assert judge(reply, diagnostic_type="x-unix", status="5.0.0").reason is reason


@pytest.mark.parametrize("code", ["550", "552", "554", "421", "5.0.0", "5.1.0", "5.7.0"])
def test_a_generic_code_alone_is_a_suggestion_for_a_person(code):
    verdict = judge(code)
    assert (verdict.reason, verdict.counts) == (Reason.UNKNOWN, False)
    assert verdict.confidence < 0.6


def test_a_suggestion_is_kept():
    assert judge("552").suggestion is Reason.MAILBOX_FULL


@pytest.mark.parametrize("reply", ["554 5.7.1 Relay access denied", "542 Rejected"])
def test_what_nobody_can_be_blamed_for_counts_for_nobody(reply):
    assert not judge(reply).counts


def test_what_passes_or_is_ours_has_no_weight_and_never_counts():
    for row in BUILT_IN.reasons.values():
        if row.fault in (Fault.SENDER, Fault.CONTENT) or row.weight == 0:
            assert not row.counts, row.reason


def test_an_address_is_not_read_as_a_phrase():
    assert judge("550 5.7.1 <mailbox-is-full.user-unknown@example.org>: Access denied").reason is Reason.POLICY_REJECTED


def test_what_a_report_tells_people_is_read_where_the_refusal_says_nothing():
    verdict = judge("", text="Your message was not delivered because the mailbox is full.")
    assert verdict.reason is Reason.MAILBOX_FULL
    assert decided(verdict).field == "text"
    assert verdict.confidence == 0.7


def test_a_long_span_is_quoted_by_its_ends():
    reply = "550 user <" + "a" * 60 + "@" + "b" * 180 + ".example> does not exist"
    assert len(decided(judge(reply)).span) <= 200


def test_a_large_providers_domain_is_not_held_against_its_mailboxes_when_it_is_not_found():
    reply = "Host or domain name not found. Name service error for name={} type=MX: Host not found"
    ours = judge(reply.format("gmail.com"), host="", recipient="anna@gmail.com", status="5.4.4")
    assert (ours.reason, ours.type, ours.counts) == (Reason.UNREACHABLE, FailureType.SOFT, False)
    assert decided(ours).note == "provider scope"
    theirs = judge(reply.format("club.example"), host="", recipient="anna@club.example", status="5.4.4")
    assert (theirs.reason, theirs.type, theirs.counts) == (Reason.DOMAIN_UNKNOWN, FailureType.HARD, True)


def test_a_name_below_a_large_providers_domain_may_well_not_exist():
    reply = "Host or domain name not found. Name service error for name=www.gmail.com type=MX: Host not found"
    verdict = judge(reply, host="", recipient="anna@www.gmail.com", status="5.4.4")
    assert (verdict.reason, verdict.counts) == (Reason.DOMAIN_UNKNOWN, True)


def test_a_large_provider_that_answers_was_reached_and_speaks_of_the_servers_behind_it():
    reply = "450 4.4.316 Connection refused [Message=Socket error code 10061]"
    verdict = judge(reply, host="microsoft", recipient="anna@club.example")
    assert (verdict.reason, verdict.counts) == (Reason.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("recipient", "host", "counts"),
    [
        ("anna@gmail.com", "", False),
        ("anna@club.example", "google", False),
        ("anna@gmx.net", "gmx", False),
        ("anna@club.example", "mx.club.example", True),
        ("anna@club.example", "", True),
    ],
)
def test_that_a_large_provider_cannot_be_reached_is_no_matter_of_one_mailbox(recipient, host, counts):
    verdict = judge("Connection timed out", host=host, recipient=recipient, status="4.4.1")
    assert (verdict.reason, verdict.counts) == (Reason.UNREACHABLE, counts)
