"""What is the sender's fault, the message's or a passing trouble is never held against a recipient."""

import pytest

from tests.classify.judge import judge

NOT_THE_RECIPIENT = [
    "550 5.7.1 Your account has been suspended, contact your provider",
    "550 Sender user x unknown",
    "550 The sender mailbox does not exist",
    "550 5.1.8 sender's domain does not exist",
    "553 5.1.8 <a@example.net>... Domain of sender address a@example.net does not exist",
    "550 Sender verify failed: 550 unknown user",
    "450 4.1.8 <a@example.net>: Sender address rejected: Domain not found",
    "550 Your IP address is not found in our allowed list",
    "550 5.7.1 Client host rejected: host not found, cannot find your hostname",
    "450 4.7.1 <mail.example.net>: Helo command rejected: Host not found",
    "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
    "550-5.7.1 The user or domain that you are sending to (or from) has a policy that prohibited the mail that you sent.",
    "554 5.7.1 Message rejected; user account is sending spam",
    "554 5.7.0 Too many invalid users from your IP",
    "421 4.7.0 Too many unknown users, closing connection",
    "550 5.7.1 Mailbox unavailable. Your IP is blocked",
    "550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.",
    "535 5.7.8 Error: authentication failed: user not found",
    "550 relay not permitted, user unknown",
    "553 sorry, your envelope sender domain must exist (#5.7.1)",
    "550 SPF: invalid recipient domain policy",
    "552 message too large for mailbox, quota would be exceeded: message size exceeds limit",
    "550 5.4.5 user x@example.net has exceeded the maximum number of messages per hour",
    "550 Domain example.net has exceeded the max emails per hour (201/200) allowed. Message discarded.",
    "550 Account a@example.net has exceeded its sending limit",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
    "450 4.1.1 <x@example.org>: Recipient address rejected: unverified address: Address verification in progress",
    "451 4.3.0 <x@example.org>: Temporary lookup failure",
    "450 4.2.0 <x@example.org>: Recipient address rejected: Greylisted",
    "452 4.3.1 Insufficient system storage",
    "451 4.7.1 Service unavailable - try again later",
    "421 4.3.2 System not available: overloaded",
    "550 5.7.1 Unauthenticated email is not accepted: recipient address rejected",
    "550 5.7.1 <x@example.org>: Recipient address rejected: Message blocked due to policy",
    "550 5.7.1 Recipient address rejected: blacklisted domain",
    "550 5.1.1 <x@example.org>: Recipient address rejected: rejected by spam filter",
    "554 5.7.1 <x@example.org>: Recipient address rejected: Sender is not authenticated",
    "550 5.7.1 The recipient's mail server refuses unencrypted connections: TLS required",
    "550 Attachment blocked: the recipient address is protected",
    "554 5.7.1 virus detected, mailbox x not reached",
    "550 5.7.1 Spam detected; recipient mailbox x@example.org",
    "550 5.7.606 Access denied, banned sending IP [192.0.2.1]; recipient address unknown",
    "501 5.1.7 Invalid address of sender",
    "550 Rejected because 192.0.2.1 is in a black list at zen.spamhaus.org; user unknown",
    "550 5.7.1 rejected, dynamic IP addresses are not accepted",
    "550 5.7.26 domain does not exist in SPF",
    "550 Invalid From address: mailbox does not exist",
    "550 Verification failed for <a@example.net>: No such user here: Sender verify failed",
    "550 Return path does not exist",
    "551 5.7.1 mail from your domain is not accepted",
    "554 5.7.1 Sorry, your message was blocked: bad reputation of domain",
    "550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation",
    "550 5.7.1 Dieser Absender ist unbekannt: Absenderadresse existiert nicht",
    "550 5.7.1 Adresse de l'expéditeur inconnue",
    "550 Dirección del remitente desconocida: remitente no existe",
    "550 Mittente inesistente",
    "550 Адрес отправителя не существует",
    "550 5.7.1 Invalid DKIM signature: domain not found",
    "554 5.7.1 You are not allowed to connect: host unknown",
    "450 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]; recipient address rejected",
]


@pytest.mark.parametrize("reply", NOT_THE_RECIPIENT)
def test_it_is_not_held_against_the_recipient(reply):
    verdict = judge(reply)
    assert not verdict.counts, verdict.reason
