"""Does a canary come back from mail servers as they are? They, the far end and the mailbox are real. Needs root.

SOAK_CANARY_SECONDS: how long to wait for the report (60).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bounce_plugin import Handling
from bounce_plugin.plugin import utc_now
from tests.everyday import everyday_plugin
from tests.servers.fixtures import StartDovecot
from tests.servers.mta import KINDS, Kind, Mta, NoMtaError
from tests.servers.sink import Sink
from tests.soak.test_mtas import Host

SECONDS = float(os.environ.get("SOAK_CANARY_SECONDS", "60"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("dead", ["unknown@dest.test", "overquota@dest.test"], ids=["refused", "delayed at first"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_canary_comes_back(kind: Kind, dead: str, start_dovecot: StartDovecot, tmp_path: Path) -> None:
    dovecot = start_dovecot(lmtp=True)
    account = dovecot.add_account()
    host = Host()
    handled = []
    try:
        with Sink() as sink, Mta(kind, sink=sink.port, lmtp=dovecot.lmtp_port) as mta:
            smtp = f'[canary.smtp]\nhost = "127.0.0.1"\nport = {mta.port}\nsecurity = "none"\n'
            more = f'\n[canary]\naddress = "{dead}"\nfrom = "{account.user}"\n{smtp}'
            with everyday_plugin(tmp_path, account, host=host, clock=utc_now, more=more) as plugin:
                plugin.send_canary()
                deadline = time.monotonic() + SECONDS
                while not any("The report of" in outcome.why for outcome in handled) and time.monotonic() < deadline:
                    time.sleep(0.5)
                    handled += plugin.run_once().outcomes
                waiting = plugin.desk.items()
            output = mta.output
    except NoMtaError as error:
        pytest.skip(str(error))

    print(f"\n{kind.name}, {dead}:", *(outcome.why for outcome in handled), sep="\n  ")
    assert handled, output[-3000:]
    assert handled[-1].why.startswith("The report of the canary sent at"), output[-3000:]
    assert {outcome.handling for outcome in handled} == {Handling.HANDLED}
    assert host.events == []
    assert waiting == ()
