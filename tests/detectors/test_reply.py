"""Which code and which stage does a diagnostic give? The one nearest its beginning, whatever its class."""

import pytest

from bounce_plugin.detectors.finding import Stage
from bounce_plugin.detectors.reply import read_reply, read_stage

REPLIES = {
    "at the beginning": ("550 5.1.1 User unknown", "550", "5.1.1"),
    "the first of two classes": ("450 4.2.2 full\n550 5.1.1 unknown", "450", "4.2.2"),
    "D-16 the certain one before one that stands alone": ("said: 554 no\nsaid: 452 4.2.2 full", "452", "4.2.2"),
    "the first that stands alone": ("error 452 later\nerror: 550 no", "452", ""),
    "the status behind the code": ("4.0.0 said: 550 no 5.7.1", "550", "5.7.1"),
    "D-15 qmail's": ("Remote host said: 550 #5.1.1 no", "550", "5.1.1"),
    "D-14 no code in an address": ("connect to 192.0.2.550 5.5.2657.72", "", ""),
    "D-14 no code in the port of a host": ("connect to relay.example[192.0.2.7]:587: Connection refused", "", ""),
    "D-14 nor where more follows": ("connect to [2001:db8::1]:587 failed", "", ""),
    "D-14 a code behind the name of a host": ("mx.example.org:552: full", "552", ""),
    "a status alone": ("delivery failed (5.4.4)", "", "5.4.4"),
    "a delivery": ("250 2.1.5 ok", "250", "2.1.5"),
    "nothing": ("", "", ""),
}


@pytest.mark.parametrize(("text", "code", "status"), REPLIES.values(), ids=REPLIES.keys())
def test_reply(text: str, code: str, status: str) -> None:
    reply = read_reply(text)
    assert (reply.code, str(reply.status or "")) == (code, status)


STAGES = {
    "Postfix": ("(in reply to rcpt to command)", Stage.RCPT),
    "Exim": ("after end of data:", Stage.DATA),
    "Exim, pipelined": ("after pipelined mail from:<a@b.example>", Stage.MAIL),
    "a bracket": ("550 no (ehlo command)", Stage.EHLO),
    "the first that names a command": ("after a while, in reply to data", Stage.DATA),
    "1&1": ("smtp: after that for text command", Stage.DATA),
    "a session of MDaemon's": ("<-- 250 size\n--> mail from:<a@b.example> size=9\n<-- 552 exceeded", Stage.MAIL),
    "its first refusal": ("--> rcpt to:<a@b.example>\n<-- 550 unknown\n--> quit\n<-- 221 bye", Stage.RCPT),
    "the message in it": ("--> data\n<-- 354 go on\nsending\n<-- 554 spam", Stage.DATA),
    "no command in it": ("<-- 554 go away", Stage.UNKNOWN),
    "no cue": ("mail from data rcpt", Stage.UNKNOWN),
    "for, without another cue": ("for data ", Stage.UNKNOWN),
}


@pytest.mark.parametrize(("lower", "stage"), STAGES.values(), ids=STAGES.keys())
def test_stage(lower: str, stage: Stage) -> None:
    assert read_stage(lower) is stage


def test_the_fragment_of_a_link_is_no_reply_code():
    assert read_reply("Administrative prohibition - https://community.mimecast.com/docs/DOC-1369#550").code == ""


def test_d_14_a_version_in_a_path_is_no_status():
    assert read_reply("Can't locate DBI.pm in @INC (/usr/local/lib/perl/5.36.0)").status is None
