"""Does every mail that somebody made to do harm have its outcome, and does it do none? Through the whole pipeline."""

from __future__ import annotations

import base64
import bz2
import gzip
import logging
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import pytest

from bounce_plugin.examination import examine
from bounce_plugin.ledger.history import latest_events
from bounce_plugin.message import limits
from bounce_plugin.message.report import Kind
from bounce_plugin.outcome import Handling
from tests.bounces import PRIVATE, report
from tests.world import ANNA, World

DEDICATED = "dedicated = true\n"
RETURNED = b"Content-Type: text/rfc822-headers\n"


@pytest.fixture
def dedicated(tmp_path: Path) -> Iterator[World]:
    """A mailbox that is there for bounces alone."""
    made = World(tmp_path, DEDICATED)
    with made.plugin:
        yield made


# The caps: what is over one of them is put before a person, recorded and filed.


def large(raw: bytes) -> bytes:
    """With a returned message of 11 MB."""
    line = b"x" * 75 + b"\n"
    return raw.replace(RETURNED, b"Content-Type: message/rfc822\n").replace(
        b"Subject: News\n", b"Subject: News\n\n" + line * (11 * 2**20 // len(line)), 1
    )


def deep(raw: bytes) -> bytes:
    """With another part, of many multiparts within each other."""
    inner = b"".join(b'Content-Type: multipart/mixed; boundary="n%d"\n\n--n%d\n' % (n, n) for n in range(20))
    return _with_part(raw, inner)


def in_many_parts(raw: bytes) -> bytes:
    return _with_part(raw, b"\nx\n", limits.PARTS + 1)


def with_many_fields(raw: bytes) -> bytes:
    return b"X-Flood: 1\n" * (limits.HEADER_FIELDS + 1) + raw


def with_a_long_field(raw: bytes) -> bytes:
    """Behind all others, which are read."""
    return raw.replace(b"\nMessage-ID: <", b"\nX-Flood: " + b"x" * limits.HEADER_BLOCK + b"\nMessage-ID: <", 1)


def _with_part(raw: bytes, part: bytes, times: int = 1) -> bytes:
    boundary = raw.partition(b'boundary="')[2].partition(b'"')[0]
    delimiter = b"\n--" + boundary
    head, _, end = raw.rpartition(delimiter + b"--")
    return head + (delimiter + b"\n" + part) * times + delimiter + b"--" + end


CAPS = {
    "message": large,
    "depth": deep,
    "parts": in_many_parts,
    "header_fields": with_many_fields,
    "header_block": with_a_long_field,
}


@pytest.mark.parametrize("limit", CAPS)
def test_t_06_a_bounce_over_a_cap_is_recorded_filed_and_put_before_a_person(limit: str, world: World) -> None:
    raw = CAPS[limit](report(ANNA))
    examination = examine(raw)
    assert limit in examination.limits
    assert limit in examination.why
    _is_put_before_a_person(world, raw, limit)


@pytest.mark.parametrize("limit", CAPS)
def test_t_06_any_mail_over_a_cap_in_a_mailbox_of_its_own_is_put_before_a_person(limit: str, dedicated: World) -> None:
    shape = CAPS[limit]
    raw = shape(report(ANNA)).replace(b"delivery-status", b"other-status").replace(b"MAILER-DAEMON", b"erna")
    assert limit in examine(raw).limits
    _is_put_before_a_person(dedicated, raw, limit)


@pytest.mark.parametrize("limit", ["header_fields", "header_block"])
def test_t_06_private_mail_over_a_cap_stays_where_it_is_in_a_mailbox_that_people_use(limit: str, world: World) -> None:
    world.box.drop(CAPS[limit](PRIVATE), world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.handling is Handling.LEFT
    assert len(world.box.mails()) == 1


def _is_put_before_a_person(world: World, raw: bytes, limit: str) -> None:
    world.box.drop(raw, world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    assert outcome.handling is Handling.REVIEW
    (item,) = world.plugin.desk.items()
    assert limit in item.why
    assert item.mail_id == outcome.mail_id
    (path,) = world.box.mails("review")
    assert path.read_bytes() == raw  # nothing of it is lost
    assert world.box.mails() == []
    assert world.plugin.run_once().outcomes == ()


# What is packed or encoded is not unpacked, and no name that a mail gives becomes a file.


def attached(name: str, kind: str, octets: bytes) -> bytes:
    part = f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"\n'.encode()
    return _with_part(report(ANNA), part + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(octets))


def bomb() -> bytes:
    """Ten megabytes of zeros within zeros, packed into little."""
    return zlib.compress(zlib.compress(bytes(10 * 2**20), 9), 9)


PACKED = {
    "a zip bomb": ("42.zip", "application/zip", lambda: b"PK\3\4" + bomb()),
    "a gzip bomb": ("42.gz", "application/gzip", lambda: gzip.compress(bytes(2**20))),
    "a TNEF bomb": ("winmail.dat", "application/ms-tnef", lambda: b"\x78\x9f\x3e\x22" + b"\xff" * 100_000),
    "a document with macros": ("a.docm", "application/vnd.ms-word.document.macroEnabled.12", lambda: b"PK\3\4" + b"\0" * 9999),
}  # fmt: skip


@pytest.mark.parametrize("what", PACKED)
def test_t_10_what_is_packed_is_not_unpacked(what: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name, kind, octets = PACKED[what]
    raw = attached(name, kind, octets())

    def never(*_: object, **__: object) -> None:
        pytest.fail("it was unpacked")

    for module, function in (
        (zlib, "decompress"), (zlib, "decompressobj"), (gzip, "decompress"), (bz2, "decompress"), (lzma, "decompress"),
        (zipfile, "ZipFile"), (tarfile, "open"),
    ):  # fmt: skip
        monkeypatch.setattr(module, function, never)
    world.box.drop(raw, world.clock.now)
    (outcome,) = world.plugin.run_once().outcomes
    assert (outcome.kind, outcome.handling) == (Kind.BOUNCE, Handling.HANDLED)
    assert world.counted() == 1


def test_t_10_what_is_packed_takes_no_longer_than_as_much_of_anything_else() -> None:
    packed, plain = (
        attached("x", "application/zip", octets) for octets in (b"PK\3\4" + b"\0" * 500_000, b"a" * 500_004)
    )

    def cost(raw: bytes) -> float:
        times = []
        for _ in range(5):
            start = process_time()
            examine(raw)
            times.append(process_time() - start)
        return min(times)

    assert cost(packed) < 3 * cost(plain) + 0.01


NAMES = {
    "a path": "../../../../tmp/bounce-plugin-was-here",
    "an absolute path": "/tmp/bounce-plugin-was-here",
    "a device": "CON",
    "right to left": "exe.\N{RIGHT-TO-LEFT OVERRIDE}fdp",
    "NUL": "a\0b",
    "a line end": "a\r\nb",
    "long": "x" * 5000,
}


@pytest.mark.parametrize("what", NAMES)
@pytest.mark.parametrize("place", ["attachment", "Message-ID"])
def test_t_11_no_file_is_named_by_a_mail(what: str, place: str, world: World) -> None:
    name = NAMES[what]
    if place == "attachment":
        raw = attached(name, "application/octet-stream", b"x")
    else:
        raw = report(ANNA, report_id=f"{name}@far.example", message_id=f"{name}@crm.example")
    before = {path for path in world.folder.parent.rglob("*") if path.is_file()}
    world.box.drop(raw, world.clock.now)
    assert len(world.plugin.run_once().outcomes) == 1
    after = {path for path in world.folder.parent.rglob("*") if path.is_file()} - before
    ours = {path for path in after if path.name.startswith("bounces.sqlite3") or path.name == "maildirfolder"}
    (mail,) = after - ours
    assert mail.parent.parent.parent == world.box.path
    assert re.fullmatch(r"\d+\.[A-Za-z0-9.]+(:2,[A-Z]*)?", mail.name)
    assert not Path("/tmp/bounce-plugin-was-here").exists()


# What a mail says is one record of a log, one line on a terminal.

HARM = {
    "a forged record": 'x\n{"level":"error","message":"owned"}',
    "carriage return": "x\rERROR owned",
    "escape": "\x1b]0;owned\x07\x1b[2J",
    "C1": "x\x9b2Jx",
    "line separator": "x\u2028ERROR owned",
}


@pytest.mark.parametrize("what", HARM)
@pytest.mark.parametrize("shape", [report, lambda address, reply: report(address).replace(b"far", reply.encode())])
def test_t_16_a_mail_writes_no_record_and_steers_no_terminal(
    what: str, shape: Callable[[str, str], bytes], world: World, caplog: pytest.LogCaptureFixture
) -> None:
    raw = shape(ANNA, f"550 5.1.1 {HARM[what]} User unknown")
    with caplog.at_level(logging.DEBUG, logger="bounce_plugin"):
        world.box.drop(raw, world.clock.now)
        world.plugin.run_once()
    written = [record.getMessage() for record in caplog.records if record.name.startswith("bounce_plugin")]
    assert [text for text in written if any(not char.isprintable() for char in text)] == []
    assert [text for text in written if "owned" in text and record_is_at_info(text, caplog)] == []


def record_is_at_info(text: str, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether words of a mail are written at a level that is on by default."""
    return any(record.getMessage() == text and record.levelno >= logging.INFO for record in caplog.records)


def test_the_ledger_holds_what_a_hostile_reply_said_as_data(world: World) -> None:
    world.bounce(reply="550 5.1.1 {{7*7}} ${jndi:ldap://x} %n User unknown")
    with world.plugin.ledger.reading() as tx:
        (event,) = latest_events(tx, limit=10)
    assert event.address == ANNA
