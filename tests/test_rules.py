"""Are the rules for reading reports kept, from the octets of a mail to the verdict? One test for each, by its number."""

from __future__ import annotations

import pytest

from bounce_plugin.classify.classification import Reason
from bounce_plugin.correlate.address import normalise
from bounce_plugin.examination import Examination, examine
from bounce_plugin.message.address import decode_xtext
from bounce_plugin.message.report import Action, Kind
from tests.bounces import PRIVATE, report

HEAD = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: bounces@crm.example\nSubject: Undelivered Mail\n"
FAILED = "Final-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\n"
RETURNED = "From: News <news@crm.example>\nTo: anna@example.com\nMessage-ID: <news@crm.example>\n"


def part(content_type: str, body: str) -> str:
    return f"--b\nContent-Type: {content_type}\n\n{body}\n"


def dsn(
    blocks: str,
    *,
    text: str = "Your mail could not be delivered.",
    head: str = HEAD,
    content_type: str = "multipart/report; report-type=delivery-status; boundary=b",
    returned: str = part("text/rfc822-headers", RETURNED),
) -> Examination:
    """The examination of a delivery status report with these blocks of recipients."""
    status = part("message/delivery-status", f"Reporting-MTA: dns; mx.example.net\n\n{blocks}")
    mail = f"{head}Content-Type: {content_type}\n\n{part('text/plain', text)}{status}{returned}--b--\n"
    return examine(mail.encode())


def the_only(examination: Examination) -> tuple[str, Action, Reason | None]:
    """Recipient, action and reason, where there is but one."""
    ((finding,), (verdict,)) = examination.findings, examination.classifications
    return finding.recipient, finding.action, verdict.reason


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        ("5.1.1", "", Kind.BOUNCE),
        ("2.0.0", "", Kind.DELIVERED),
        ("4.2.2", "We keep trying for four days.", Kind.DELAY),
        ("4.2.2", "We have given up trying to deliver it.", Kind.BOUNCE),
    ],
)
def test_d_03_a_missing_action_follows_from_the_class_of_the_status(status: str, text: str, kind: Kind) -> None:
    assert dsn(f"Final-Recipient: rfc822; anna@example.com\nStatus: {status}\n", text=text).kind is kind


@pytest.mark.parametrize(
    ("fields", "text", "recipient"),
    [
        ("Original-Recipient: rfc822; anna@example.com\n", "", "anna@example.com"),
        ("X-Actual-Recipient: rfc822; anna@example.com\n", "", "anna@example.com"),
        ("", "<anna@example.com>: host mx.example.com said: 550 5.1.1 User unknown", "anna@example.com"),
    ],
)
def test_d_05_without_a_final_recipient_others_are_asked_in_their_order(fields: str, text: str, recipient: str) -> None:
    examination = dsn(f"{fields}Action: failed\nStatus: 5.1.1\n", text=text)
    assert [finding.recipient for finding in examination.findings] == [recipient]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/report; boundary=b",
        'MULTIPART/Report; Report-Type="Delivery-Status"; boundary="b"',
        "multipart/report; report-type=disposition-notification; boundary=b",
    ],
)
def test_d_18_the_second_part_decides_whatever_the_report_type_says(content_type: str) -> None:
    assert dsn(FAILED, content_type=content_type).kind is Kind.BOUNCE


@pytest.mark.parametrize(
    "returned",
    [
        "",
        part("message/rfc822", RETURNED),
        part("message/rfc822", RETURNED[:-20]),
        part("text/rfc822-headers", RETURNED),
    ],
    ids=["absent", "whole", "cut in a header", "headers only"],
)
def test_d_19_the_returned_message_may_be_absent_or_cut(returned: str) -> None:
    examination = dsn(FAILED, returned=returned)
    assert the_only(examination) == ("anna@example.com", Action.FAILED, Reason.ADDRESS_UNKNOWN)
    assert (examination.clues.from_address == "news@crm.example") is bool(returned)


def test_d_20_a_mixed_mail_with_a_delivery_status_is_a_report() -> None:
    assert the_only(dsn(FAILED, content_type="multipart/mixed; boundary=b"))[0] == "anna@example.com"


def test_d_22_an_address_in_either_spelling_of_its_domain_is_the_same() -> None:
    spelt = [
        the_only(dsn(f"Final-Recipient: {field}\nAction: failed\nStatus: 5.1.1\n"))[0]
        for field in ("utf-8; joe@müller.example", "rfc822; joe@xn--mller-kva.example")
    ]
    assert normalise(spelt[0]) == normalise(spelt[1]) != ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("anna+2Bnews@example.com", "anna+news@example.com"),
        ("anna+2bnews@example.com", "anna+news@example.com"),
        ("anna+3Dx@example.com", "anna=x@example.com"),
        ("anna+zz@example.com", "anna+zz@example.com"),
        ("anna+2@example.com", "anna+2@example.com"),
    ],
)
def test_d_23_xtext_is_decoded_and_what_is_malformed_is_left(written: str, meant: str) -> None:
    assert decode_xtext(written) == meant


def test_d_24_an_original_recipient_that_may_still_be_xtext_gives_another_name_for_the_recipient() -> None:
    examination = dsn("Original-Recipient: rfc822; anna+2Bnews@example.com\n" + FAILED)
    (finding,) = examination.findings
    assert finding.recipient == "anna@example.com"
    assert finding.other_recipients == ("anna+2Bnews@example.com", "anna+news@example.com")


def test_d_24_a_recipient_that_is_decoded_already_is_taken_as_it_is() -> None:
    (finding,) = dsn(FAILED.replace("anna@", "anna+news@")).findings
    assert finding.recipient == "anna+news@example.com"


@pytest.mark.parametrize("path", ["Return-Path: <>\n", "", "Return-Path: <bounces@crm.example>\n"])
def test_d_26_a_null_return_path_supports_a_report_but_is_not_required(path: str) -> None:
    assert dsn(FAILED, head=HEAD.replace("Return-Path: <>\n", path)).kind is Kind.BOUNCE


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("421", Reason.UNREACHABLE),
        ("451", Reason.SYSTEM_ERROR),
        ("501", Reason.PROTOCOL_ERROR),
        ("521", Reason.DOMAIN_NO_MAIL),
        ("530", Reason.SENDER_ACCOUNT),
        ("538", Reason.TLS_FAILURE),
        ("552", Reason.MAILBOX_FULL),
        ("556", Reason.DOMAIN_NO_MAIL),
        ("550", Reason.UNKNOWN),
        ("554", Reason.UNKNOWN),
    ],
)
def test_d_27_a_reply_code_alone_is_the_last_resort(reply: str, reason: Reason) -> None:
    (verdict,) = dsn(
        f"Final-Recipient: rfc822; anna@example.com\nAction: failed\nDiagnostic-Code: smtp; {reply} x1y2z3\n"
    ).classifications
    assert reason in {verdict.reason, verdict.suggestion}
    assert verdict.confidence < 0.6


def test_d_28_the_last_line_of_a_reply_may_decide() -> None:
    said = "550-Requested action not taken: mailbox unavailable\n 550-Reject due to policy restrictions.\n 550 Bye"
    assert the_only(dsn(f"{FAILED}Diagnostic-Code: smtp; {said}\n"))[2] is Reason.POLICY_REJECTED


def test_d_30_auto_replied_on_a_report_does_not_make_it_an_auto_reply() -> None:
    assert dsn(FAILED, head=f"{HEAD}Auto-Submitted: auto-replied\n").kind is Kind.BOUNCE
    away = PRIVATE.replace(b"Subject: Sunday", b"Subject: Away\nAuto-Submitted: auto-replied")
    assert examine(away).kind is Kind.AUTO_REPLY


@pytest.mark.parametrize("word", ["displayed", "deleted", "dispatched", "processed"])
def test_d_32_a_receipt_is_no_bounce_also_of_a_mail_that_was_deleted(word: str) -> None:
    fields = f"Final-Recipient: rfc822; anna@example.com\nDisposition: manual-action/MDN-sent-manually; {word}\n"
    mail = (
        f"{HEAD}Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        f"{part('text/plain', 'Not read: News')}{part('message/disposition-notification', fields)}--b--\n"
    )
    examination = examine(mail.encode())
    assert (examination.kind, examination.findings) == (Kind.MDN, ())


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n", Kind.COMPLAINT),
        ("From: bob@firm.example\nSubject: Unsubscribe\nX-Apple-Unsubscribe: true\n", Kind.UNSUBSCRIBE),
    ],
)
def test_d_34_feedback_in_other_forms_is_known(headers: str, kind: Kind) -> None:
    assert examine(f"{headers}\nx\n".encode()).kind is kind


def test_d_35_of_a_required_field_that_is_there_twice_the_first_is_taken() -> None:
    fields = "Feedback-Type: abuse\nFeedback-Type: not-spam\nUser-Agent: one\nUser-Agent: two\nVersion: 1\n"
    mail = (
        f"{HEAD}Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        f"{part('text/plain', 'A complaint.')}{part('message/feedback-report', fields)}--b--\n"
    )
    examination = examine(mail.encode())
    assert examination.report.feedback is not None
    assert (examination.kind, examination.report.feedback.user_agent) == (Kind.COMPLAINT, "one")


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: Report Domain: club.example Submitter: shop.example Report-ID: 1\nContent-Type: application/zip\n",
        "Subject: TLS\nTLS-Report-Domain: club.example\nContent-Type: application/tlsrpt+gzip\n",
    ],
)
def test_d_39_reports_about_a_domain_are_no_bounces_and_are_not_unpacked(headers: str) -> None:
    examination = examine(f"From: noreply@shop.example\nTo: postmaster@crm.example\n{headers}\nPK\n".encode())
    assert (examination.kind, examination.findings) == (Kind.REPORT, ())


def test_case_79_a_success_beside_a_failure_is_that_recipients_alone() -> None:
    sent = "Final-Recipient: rfc822; bob@example.com\nAction: relayed\nStatus: 2.1.5\nDiagnostic-Code: smtp; 250 2.1.5 ok\n"
    for blocks in (f"{FAILED}\n{sent}", f"{sent}\n{FAILED}"):
        examination = dsn(blocks)
        verdicts = zip(examination.findings, examination.classifications, strict=True)
        said = {finding.recipient: (verdict.kind, verdict.counts) for finding, verdict in verdicts}
        assert said == {"anna@example.com": (Kind.BOUNCE, True), "bob@example.com": (Kind.DELIVERED, False)}


def test_case_80_the_page_in_another_language_is_not_read_where_there_is_a_delivery_status() -> None:
    page = "<html><body><h1>Nachricht blockiert</h1>Das Postfach von bob@example.com ist voll</body></html>"
    text = f"--b\nContent-Type: text/html; charset=utf-8\n\n{page}\n"
    raw = report("anna@example.com", "550 5.1.1 User unknown").decode()
    boundary = raw.partition('boundary="')[2].partition('"')[0]
    before, _, after = raw.partition(f"--{boundary}\nContent-Description: Notification")
    after = after[after.index(f"--{boundary}") :]
    examination = examine((before + text.replace("--b", f"--{boundary}") + after).encode())
    assert the_only(examination) == ("anna@example.com", Action.FAILED, Reason.ADDRESS_UNKNOWN)
