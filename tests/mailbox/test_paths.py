"""What `bounce-plugin examine PATH...` reads: files, folders, Maildirs, mboxes and stdin."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from bounce_plugin.errors import MailboxError, NotFoundError
from bounce_plugin.mailbox.paths import raw_mails
from bounce_plugin.message import limits

FROM = b"From MAILER-DAEMON  Mon Nov 23 10:00:00 2026\n"


def read(*paths: Path | str) -> dict[str, bytes]:
    mails = list(raw_mails(paths))
    assert len({mail.name for mail in mails}) == len(mails)
    return {mail.name: mail.raw for mail in mails}


def test_a_file_is_one_mail_octet_for_octet(tmp_path: Path) -> None:
    path = tmp_path / "bounce"
    path.write_bytes(b"Subject: x\r\n\r\n\xff\x00\rFrom here on\r\n\r\nFrom there\r\n")
    assert read(path) == {str(path): path.read_bytes()}


def test_an_mbox_is_its_mails_unquoted(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(FROM + b"Subject: 1\n\n>From the start\n>>From\n>>From x\n\n" + FROM + b"Subject: 2\n\nend\n\n")
    assert read(path) == {
        f"{path}#1": b"Subject: 1\n\nFrom the start\n>>From\n>From x\n",
        f"{path}#2": b"Subject: 2\n\nend\n",
    }


@pytest.mark.parametrize(
    "from_line",
    [
        b"From bounces@example.test Mon Nov  2 10:00:00 2026",
        b"From - Mon Nov 23 10:00:00 2026",
        b"From bounces@example.test Mon Nov 23 10:00 2026",
        b"From bounces@example.test Mon Nov 23 10:00:00 +0100 2026",
        b"From bounces@example.test Mon Nov 23 10:00:00 CET 2026",
        b"From bounces@example.test Mon, 23 Nov 2026 10:00:00 +0100",
        b"From with space@example.test Mon Nov 23 10:00:00 2026 remote from uucp",
        b"From bounces@example.test Mon Nov 23 10:00:00 2026\r",
    ],
)
def test_from_lines_of_many_shapes_begin_a_mail(tmp_path: Path, from_line: bytes) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(from_line + b"\nSubject: 1\n\nx\n\n" + from_line + b"\nSubject: 2\n\ny\n")
    assert list(read(path).values()) == [b"Subject: 1\n\nx\n", b"Subject: 2\n\ny\n"]


def test_one_mail_saved_with_a_from_line_stays_one_mail(tmp_path: Path) -> None:
    text = (
        b"Subject: Undelivered\n\nFrom what we know, the address is wrong.\n\nFrom us\nFrom a Mon Nov 23 10:00 2026\n"
    )
    path = tmp_path / "saved"
    path.write_bytes(FROM + text)
    assert read(path) == {str(path): text}


def test_an_eml_file_is_one_mail_though_the_returned_message_has_a_from_line(tmp_path: Path) -> None:
    path = tmp_path / "bounce.EML"
    path.write_bytes(FROM + b"Subject: Undelivered\n\nYour mail was:\n\n" + FROM + b"Subject: News\n\n")
    assert read(path) == {str(path): path.read_bytes()}


def test_a_folder_is_read_with_all_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b.eml", "a/2.eml", "a/1.eml", ".hidden", ".git/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "c.mbox").write_bytes(FROM + b"1\n\n" + FROM + b"2\n")
    assert [name.removeprefix(f"{tmp_path}/") for name in read(tmp_path)] == [
        "a/1.eml", "a/2.eml", "b.eml", "c.mbox#1", "c.mbox#2",
    ]  # fmt: skip


def test_a_maildir_is_its_new_and_seen_mails(tmp_path: Path) -> None:
    for name in ("new/2", "cur/1:2,S", "tmp/3", ".processed/new/4", ".processed/cur/5", "dovecot-uidlist"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert list(read(tmp_path).values()) == [b"cur/1:2,S", b"new/2"]


@pytest.mark.parametrize("octets", [b"", b"From", FROM, b"Subject: x\n\nFrom: y"])
def test_stdin_is_read_whatever_it_holds(monkeypatch: pytest.MonkeyPatch, octets: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    assert read("-") == {"-": octets if octets != FROM else b""}


def test_a_huge_mail_is_cut_just_over_the_cap_T_20(tmp_path: Path) -> None:
    one, several = tmp_path / "one", tmp_path / "several"
    one.write_bytes(b"x" * (limits.MESSAGE + 9))
    several.write_bytes(FROM + b"x" * (limits.MESSAGE + 9) + b"\n\n" + FROM + b"Subject: 2\n")
    assert [len(raw) for raw in read(one, several).values()] == [limits.MESSAGE + 1, limits.MESSAGE + 1, 11]


def test_mails_are_read_one_at_a_time(tmp_path: Path) -> None:
    mails = raw_mails([tmp_path / "a", tmp_path / "missing"])
    (tmp_path / "a").write_text("x")
    assert next(mails).raw == b"x"
    with pytest.raises(NotFoundError, match="missing: no such file or folder"):
        next(mails)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    with pytest.raises((MailboxError, NotFoundError), match="round"):
        list(raw_mails([tmp_path / "round"]))
