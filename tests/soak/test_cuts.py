"""Is anything lost or counted twice at whatever octet of a session the network breaks?

SOAK_CUTS: every so manieth octet (1), in both directions.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cuts import Cuts
from tests.office import Pop3Cuts
from tests.servers.dovecot import Dovecot

EVERY = int(os.environ.get("SOAK_CUTS", "1"))


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("upwards", [False, True], ids=["from the server", "to the server"])
def test_I_16_cut_at_each_octet_of_a_session(dovecot_server: Dovecot, tmp_path: Path, upwards: bool) -> None:
    cuts = Cuts(server=dovecot_server, folder=tmp_path, upwards=upwards)
    length = cuts.length()
    cut = cuts.cut_at(range(1, length, EVERY))
    print(f"\n{cut} of {length} octets, and each time the same ledger and folders")


@pytest.mark.timeout(3 * 3600)
@pytest.mark.parametrize("upwards", [False, True], ids=["from the server", "to the server"])
def test_I_16_cut_at_each_octet_of_a_session_over_pop3(tmp_path: Path, upwards: bool) -> None:
    cuts = Pop3Cuts(folder=tmp_path, upwards=upwards)
    length = cuts.length()
    cut = cuts.cut_at(range(1, length, EVERY))
    print(f"\n{cut} of {length} octets, and no mail was lost, counted twice or deleted unread")
