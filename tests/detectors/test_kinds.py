"""Is only a failure taken for one? People, newsletters, auto-replies, receipts and reports about domains are none."""

from time import process_time

import pytest

from bounce_plugin.examination import examine

DAEMON = "Return-Path: <>\nFrom: MAILER-DAEMON@far.example (Mail Delivery System)\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n"
FIELDS = "Reporting-MTA: dns; far.example\n\nFinal-Recipient: rfc822; bob@gone.example\nAction: failed\nStatus: 5.1.1\n"
REPORT = (
    DAEMON + "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=in\n\n--in\n\n"
    "<bob@gone.example>: 550 5.1.1 User unknown\n--in\nContent-Type: message/delivery-status\n\n"
    + FIELDS
    + "\n--in\nContent-Type: message/rfc822\n\nTo: bob@gone.example\nSubject: hello\n\nhi\n--in--\n"
)
ANNA = "Return-Path: <anna@home.example>\nFrom: Anna <anna@home.example>\nTo: news@club.example\n"
BOB = "Return-Path: <>\nFrom: Bob <bob@firm.example>\nTo: news@club.example\n"
SHOP = "Return-Path: <b+1@shop.example>\nFrom: Shop <news@shop.example>\nTo: news@club.example\n"
POSTMASTER = "Return-Path: <postmaster@firm.example>\nFrom: Hans <postmaster@firm.example>\nTo: news@club.example\n"


def attached(own: str) -> str:
    return (
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: text/plain\n\n"
        f"{own}\n--out\nContent-Type: message/rfc822\n\n{REPORT.format(to='anna@home.example')}\n--out--\n"
    )


def typed(kind: str, machine_part: str) -> str:
    return (
        f"MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary=b\n\n--b\n\nSee below.\n"
        f"--b\nContent-Type: message/{kind}\n\n{machine_part}\n--b--\n"
    )


ORDINARY = {
    "a person asks about a bounce": (ANNA + "Subject: my mail came back\n\nMy mail to bob@gone.example came back: 550 5.1.1 user unknown. Why?\n", "other"),
    "a person pastes a report": (ANNA + "Subject: Trouble\n\nDear club,\n\nI got this:\n\n" + REPORT.format(to="anna@home.example"), "other"),
    "a person attaches a report": (ANNA + "Subject: Fwd: Undelivered\n" + attached("Hello, what did I do wrong when I wrote to Bob?"), "other"),
    "a person attaches a report, tersely": (ANNA + "Subject: Mail\n" + attached("Meine Mail kam zurueck."), "other"),
    "a person quotes a report": (
        ANNA + "Subject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: <1@club.example>\n\nHi, what now?\n\n"
        "> This is the mail system at host far.example.\n> <bob@gone.example>: 550 5.1.1 User unknown\n",
        "other",
    ),
    "a postmaster writes himself": (
        POSTMASTER + "Subject: Re: Undeliverable: News\nIn-Reply-To: <1@club.example>\n\nHi,\n\n"
        "mail could not be delivered because her mailbox is full.\n\n> <carol@firm.example>: 552 5.2.2 full\n",
        "other",
    ),
    "a newsletter about bounces": (
        SHOP + "Subject: Delivery failure: why mail bounces\nList-Unsubscribe: <https://shop.example/u>\n\n"
        "550 5.1.1 User unknown means: could not be delivered to bob@gone.example.\n",
        "other",
    ),
    "a parcel": (SHOP + "Subject: Delivery failed\nAuto-Submitted: auto-generated\n\nWe were unable to deliver your parcel. help@shop.example\n", "other"),
    "a quota warning": (
        ("Return-Path: <>\nFrom: postmaster@club.example\nTo: news@club.example\nSubject: Your mailbox is almost full\n\n"
        "Your mailbox news@club.example is 95 % full. Then mail will be returned.\n"),
        "other",
    ),
    "D-30 out of office": (BOB + "Subject: Automatic reply: News\nAuto-Submitted: auto-replied\n\nI am away; carol@firm.example reads undeliverable mail.\n", "auto_reply"),
    "D-30 somebody who left": (
        BOB + "Subject: Bob has left\nAuto-Submitted: auto-replied\n\nThe mailbox bob@firm.example does not exist any more, "
        "your message was not delivered.\n",
        "auto_reply",
    ),
    "D-30 a localised subject": (BOB + "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_News?=\n\nJe suis absent.\n", "auto_reply"),
    "D-32 a receipt": (
        BOB + "Subject: Not read: News\n" + typed("disposition-notification", "Final-Recipient: rfc822; bob@firm.example\nDisposition: x/y; deleted\n"),
        "mdn",
    ),
    "D-33 a complaint": (BOB + "Subject: FW: News\n" + typed("feedback-report", "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: bob@firm.example\n"), "complaint"),
    "D-33 not spam after all": (BOB + "Subject: FW: News\n" + typed("feedback-report", "Feedback-Type: not-spam\nVersion: 1\n"), "report"),
    "D-34 Microsoft's feedback loop": ("From: staff@hotmail.com\nTo: news@club.example\nSubject: complaint about message from 192.0.2.1\n\nx\n", "complaint"),
    "D-34 Apple's unsubscribe": (BOB + "Subject: Unsubscribe\nX-Apple-Unsubscribe: true\n\n\n", "unsubscribe"),
    "D-39 a DMARC report": (SHOP + "Subject: Report Domain: club.example Submitter: shop.example Report-ID: 1\nContent-Type: application/zip\n\nPK\n", "report"),
    "D-39 a TLS report": (SHOP + "Subject: TLS\nTLS-Report-Domain: club.example\nContent-Type: application/tlsrpt+gzip\n\nx\n", "report"),
    "Postfix to its postmaster": (
        ("Return-Path: <>\nFrom: MAILER-DAEMON@club.example (Mail Delivery System)\nTo: postmaster@club.example\n"
        "Subject: Postfix SMTP server: errors from unknown[192.0.2.3]\n\nTranscript of session follows.\n\n"
        " In:  RCPT TO:<x@club.example>\n Out: 550 5.1.1 <x@club.example>: User unknown\n"),
        "report",
    ),
    "a challenge": (
        BOB + "Subject: Please verify your message\n\nYour message to bob@firm.example has not been delivered yet. "
        "To have your message delivered, click https://x.example/\n",
        "challenge",
    ),
    "a challenge in French": (
        BOB + "Subject: Confirmez votre envoi\nAuto-Submitted: auto-replied\n\nVous n'êtes pas parmi les expéditeurs autorisés : "
        "cliquez ici pour que votre message soit remis à bob@firm.example : https://x.example/\n",
        "challenge",
    ),
    "an answer that says in its text alone that it is automatic": (
        BOB.replace("<>", "<bob@firm.example>") + "Subject: Re: News\n\nIch bin im Urlaub. Dies ist eine automatische Antwort.\n",
        "auto_reply",
    ),
    "a lure that says that our own mailbox failed": (
        DAEMON.format(to="news@club.example") + "\nThis is the mail system at host club.example.\n\n<news@club.example>: 552 5.2.2 "
        "mailbox outdated, confirm it at https://x.example/\n",
        "other",
    ),
    "a report in our name from elsewhere": (
        ("Return-Path: <postmaster@loans.example>\nFrom: Mail Delivery System <mailer-daemon@club.example>\nTo: news@club.example\n"
        "Subject: Mail delivery failed: returning message to sender\n\nThe following address(es) failed:\n\n  bob@gone.example\n    550 No such user\n"),
        "other",
    ),
    "mail to us that a filter took": (
        ("Return-Path: <>\nFrom: postmaster@club.example\nTo: news@club.example\nSubject: Eine an Sie gerichtete E-Mail wurde blockiert\n\n"
        "Absender: bob@firm.example\nRegel: Anhang (554 5.7.1), wurde nicht zugestellt.\n"),
        "other",
    ),
    "D-13 a stranger passes on what he got when he wrote to us": (
        ANNA + "Subject: Fwd: Undelivered Mail Returned to Sender\n" + attached("").replace("bob@gone.example", "bob@club.example"),
        "other",
    ),
    "the bounces of somebody else's list": (
        SHOP + "Subject: CATS: Daily error monitoring report\n\nThe following subscriber was DELETED:\n\n  bob@gone.example (5.4.4 Host not found)\n",
        "report",
    ),
    "nothing at all": ("", "other"),
}  # fmt: skip


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(("mail", "kind"), ORDINARY.values(), ids=ORDINARY.keys())
def test_mail_that_reports_no_failure(mail: str, kind: str, ends: str) -> None:
    examination = examine(mail.replace("\n", ends).encode())
    assert (examination.kind, examination.findings) == (kind, ())


CARRIED = {
    "D-13 a gateway wraps the report": "Return-Path: <>\nFrom: MAILER-DAEMON@gateway.example\nTo: news@club.example\nSubject: Notice\n" + attached("See the attachment."),
    "D-13 somebody forwards it bare": ANNA + "Subject: Fwd: Undelivered Mail Returned to Sender\n" + attached(""),
    "D-13 somebody forwards it with a word": ANNA + "Subject: WG: Undelivered\n" + attached("zur Kenntnis"),
    "D-13 a gateway sends it on to whom it was addressed": (
        "Return-Path: <gate@home.example>\nFrom: Gateway <gate@home.example>\nTo: anna@home.example\nSubject: Nachricht\n"
        + attached("Die Nachricht wurde vom Gateway geprüft. Wer nicht der richtige Empfänger ist, möge sie löschen.")
    ),
    "D-13 quoted by the mail program": ANNA + "Subject: Fwd: Undelivered\n\nBegin forwarded message:\n\n"
    + "".join(f"> {line}\n" for line in (DAEMON.format(to="anna@home.example") + "\n<bob@gone.example>: 550 5.1.1 User unknown\n").split("\n")),
}  # fmt: skip


@pytest.mark.parametrize("mail", CARRIED.values(), ids=CARRIED.keys())
def test_a_report_that_another_mail_only_carries(mail: str) -> None:
    examination = examine(mail.encode())
    assert examination.kind == "bounce"
    assert [finding.recipient for finding in examination.findings] == ["bob@gone.example"]


def test_d13_the_outermost_report_counts() -> None:
    outer = REPORT.format(to="news@club.example").replace("bob@gone.example", "list@club.example")
    raw = outer.replace(
        "To: list@club.example\nSubject: hello\n\nhi\n",
        REPORT.format(to="x@y.example").replace("=in", "=zz").replace("--in", "--zz"),
    )
    assert [finding.recipient for finding in examine(raw.encode()).findings] == ["list@club.example"]


@pytest.mark.parametrize("flood", ["-" * 60_000 + "x", " " * 60_000 + "...", "- " * 30_000])
def test_t_08_a_session_of_one_endless_line_is_read_at_once(flood: str) -> None:
    session = f"\n   ----- Transcript of session follows -----\n{flood}\n550 <bob@gone.example>... User unknown\n"
    raw = (DAEMON.format(to="news@club.example") + session).encode()
    start = process_time()
    assert [finding.recipient for finding in examine(raw).findings] == ["bob@gone.example"]
    assert process_time() - start < 2  # it took minutes
