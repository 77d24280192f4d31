"""T-04 in full: 50,000 bounces without proof and 10 of ours, on a real IMAP server and in a Maildir.

SOAK_FLOOD: how many are without proof (50000).
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bounce_plugin import MailOutcome
from bounce_plugin.steps.flood import IN_AN_HOUR
from bounce_plugin.steps.unseen import BATCH
from tests.bounces import Box
from tests.deluge import open_plugin, signed, unsigned
from tests.servers.dovecot import Dovecot
from tests.world import START, Clock, Host

NUMBER = int(os.environ.get("SOAK_FLOOD", "50000"))
MEGABYTE = 1024 * 1024


def resident() -> float:
    """Megabytes of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["imap", "maildir"])
def test_t_04_of_50000_unsigned_bounces_and_10_signed_ones_ours_are_done_in_the_first_batch(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    host, clock = Host(), Clock()
    if kind == "imap":
        server: Dovecot = request.getfixturevalue("dovecot_server")
        account = server.add_account()
        account.append(b"Subject: first\n\n")  # so that its folders are there, with their owner
        (tmp_path / "password").write_text(account.password)
        maildir, owner = account.maildir, account.maildir.stat()
        place = (
            f'kind = "imap"\nhost = "127.0.0.1"\nport = {account.port}\nsecurity = "none"\n'
            f'user = "{account.user}"\npassword_file = "password"\n'
        )
    else:
        maildir = Box(tmp_path / "Maildir").path
        place, owner = 'kind = "maildir"\npath = "Maildir"\n', maildir.stat()
    with open_plugin(tmp_path, place, host, clock) as plugin:
        marks, since = list(signed(plugin)), (START - timedelta(hours=1)).timestamp()
        for number in range(NUMBER + len(marks)):
            raw = unsigned(number) if number < NUMBER else marks[number - NUMBER]
            path = maildir / "new" / f"{number:07}.M1P1.host"
            path.write_bytes(raw)
            os.chown(path, owner.st_uid, owner.st_gid)
            os.utime(path, (since + number / 100,) * 2)
        seen, first, memory = 0, 0, list[float]()
        began = time.monotonic()

        def note(outcome: MailOutcome) -> None:
            nonlocal seen, first
            seen += 1
            first += seen <= BATCH and outcome.handling == "handled" and bool(outcome.events)
            if seen == BATCH:
                print(f"\n{kind}: the first batch after {time.monotonic() - began:.1f} s")
            if seen % 1000 == 0:
                memory.append(resident())

        summary = plugin.run_once(on_outcome=note)
        took = time.monotonic() - began
        assert summary.ok
        assert first == 10
        assert summary.swamped == NUMBER - IN_AN_HOUR
        assert len(plugin.desk.items(limit=NUMBER)) == IN_AN_HOUR
        assert [one.key for one in host.incidents if one.key == "flood"] == ["flood"]
    early, late = max(memory[:10]), max(memory)
    print(
        f"{kind}: {seen} mails in {took:.0f} s, {seen / took:.0f}/s; {early:.0f} MB after 10,000, {late:.0f} MB at most"
    )
    assert late - early < 40
