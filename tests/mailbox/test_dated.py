"""When was a mail taken in whose server does not say?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bounce_plugin.mailbox.dated import received_at

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
OURS = b"Received: from mx.example.net (mx.example.net [192.0.2.1])\r\n\tby pop.example.org; Mon, 23 Nov 2026 10:00:00 +0100"
OTHER = b"Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0000\r\n"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        pytest.param(OURS + b" (CET)\r\n" + OTHER + b"\r\nbody", EARLIER, id="the topmost field, in UTC"),
        pytest.param(b"Subject: x\r\n" + OURS + b"\r\n\r\n", EARLIER, id="below another field"),
        pytest.param(OURS.replace(b"\r\n", b"\n") + b"\n\nbody", EARLIER, id="line feeds alone"),
        pytest.param(OURS.replace(b"2026", b"2027") + b"\r\n" + OTHER + b"\r\n", NOW, id="still to come"),
        pytest.param(OURS.replace(b"+0100", b"") + b"\r\n\r\n", NOW, id="without a zone"),
        pytest.param(OURS.replace(b"Nov", b"Foo") + b"\r\n\r\n", NOW, id="no date"),
        pytest.param(OURS.replace(b"2026 10", b"2026 99") + b"\r\n\r\n", NOW, id="no time"),
        pytest.param(
            OURS.replace(b"2026", b"1999") + b"\r\n\r\n", datetime(1999, 11, 23, 9, tzinfo=UTC), id="long ago"
        ),
        pytest.param(
            OURS.replace(b"23 Nov 2026", b"31 Dec 9999").replace(b"10:00:00 +01", b"23:30:00 -01"),
            NOW,
            id="after all time",
        ),
        pytest.param(OURS.replace(b"+0100", b"+9999") + b"\r\n\r\n", NOW, id="no zone on earth"),
        pytest.param(OURS.partition(b";")[0] + b"\r\n\r\n", NOW, id="without a date"),
        pytest.param(b"Subject: x\r\n\r\n" + OURS + b"\r\n", NOW, id="in the body"),
        pytest.param(b"\r\n" + OURS + b"\r\n\r\n", NOW, id="below no header"),
        pytest.param(b"", NOW, id="nothing"),
        pytest.param(b"\x00\xff;;;Received:;\r\n" * 9, NOW, id="noise"),
    ],
)
def test_the_topmost_received_field_tells_if_it_can_be_right(raw: bytes, found: datetime) -> None:
    assert received_at(raw, NOW) == found
