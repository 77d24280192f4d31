"""Who works on a mailbox, and what may the one before still write?"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bounce_plugin.errors import BusyError
from bounce_plugin.ledger import lease as leases
from bounce_plugin.ledger.attempts import begin_attempts, end_attempts, take_back_attempts, tried
from bounce_plugin.ledger.lease import LASTS, hold
from bounce_plugin.ledger.open import Ledger
from bounce_plugin.ledger.owner import is_gone, new_owner
from tests.ledger.samples import NOW
from tests.processes import PROCESSES


def clock(shift: timedelta = timedelta(0)) -> Callable[[], datetime]:
    return lambda: NOW + shift


def test_I_10_one_owner_at_a_time_for_each_mailbox(ledger: Ledger) -> None:
    with hold(ledger, "a", clock()) as first:
        with pytest.raises(BusyError, match="'a': another process works on it"), hold(ledger, "a", clock()):
            pass
        with hold(ledger, "b", clock()):
            pass
        with first.transaction() as tx:
            begin_attempts(tx, "a", "1", ["7"], NOW)
    with hold(ledger, "a", clock()) as second:
        assert second.number > first.number


def test_I_10_who_lost_the_lease_writes_nothing_more(ledger: Ledger) -> None:
    late = clock(LASTS + timedelta(seconds=1))
    with hold(ledger, "a", clock()) as silent:
        with hold(ledger, "a", late) as next_one:
            with pytest.raises(BusyError, match="took it over"), silent.transaction() as tx:
                begin_attempts(tx, "a", "1", ["7"], NOW)
            with next_one.transaction() as tx:
                assert tried(tx, "a", "1") == {}
        with pytest.raises(BusyError), silent.transaction() as tx:  # also when the next one is done
            begin_attempts(tx, "a", "1", ["7"], NOW)
    with ledger.reading() as tx:
        assert tried(tx, "a", "1") == {}


def test_I_10_each_write_makes_the_lease_last_anew(ledger: Ledger) -> None:
    at = [NOW]
    with hold(ledger, "a", lambda: at[0]) as owner:
        for _ in range(3):
            at[0] += LASTS * 0.9
            with owner.transaction():
                pass
        with pytest.raises(BusyError), hold(ledger, "a", lambda: at[0]):
            pass


@pytest.mark.parametrize("days", [-1, 1])
def test_I_19_a_clock_that_jumps_brings_no_lease_back_and_nobody_waits_for_it(ledger: Ledger, days: int) -> None:
    at = [NOW]
    with hold(ledger, "a", lambda: at[0]) as first:
        at[0] += timedelta(days=days)
        with hold(ledger, "a", lambda: at[0]) as second:  # it cannot know whose clock is right, and need not
            at[0] -= timedelta(days=days)
            with pytest.raises(BusyError), first.transaction():
                pass
            with second.transaction():
                pass


def test_I_10_the_owner_of_a_process_that_was_killed_is_followed_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = PROCESSES.Queue()
    process = PROCESSES.Process(target=_tell_owner, args=(queue,))
    process.start()
    owner = queue.get(timeout=60)
    assert not is_gone(owner)
    monkeypatch.setattr(leases, "new_owner", lambda: owner)
    abandoned = hold(ledger, "a", clock())
    lost = abandoned.__enter__()
    monkeypatch.undo()
    with pytest.raises(BusyError), hold(ledger, "a", clock()):
        pass
    process.kill()
    process.join(30)
    assert is_gone(owner)
    with hold(ledger, "a", clock()):
        pass
    with pytest.raises(BusyError), lost.transaction():
        pass


def _tell_owner(queue: object) -> None:
    queue.put(new_owner())  # type: ignore[attr-defined]
    time.sleep(60)


@pytest.mark.parametrize("owner", ["", "nonsense", "elsewhere/x/y/1/2/3", "a/b/c/99999999999999999999/1/1"])
def test_of_what_is_no_process_of_this_machine_nothing_is_known(owner: str) -> None:
    assert not is_gone(owner)


def test_a_number_that_another_process_has_now_is_no_life() -> None:
    machine, number, _, serial = new_owner().rsplit("/", 3)
    assert is_gone(f"{machine}/{number}/1/{serial}")


def test_I_10_an_owner_that_could_not_say_that_it_ended_is_followed_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases.Lease, "release", lambda lease: None)  # as while the database is restarted
    with hold(ledger, "bounces", clock()) as first:
        pass
    with hold(ledger, "bounces", clock()) as second:
        assert second.number == first.number + 1


def test_I_15_tries_are_counted_taken_back_and_ended(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        begin_attempts(tx, "a", "1", ["7", "8", "9"], NOW)
        begin_attempts(tx, "a", "1", ["7"], NOW)
        begin_attempts(tx, "a", "2", ["7"], NOW)
        begin_attempts(tx, "b", "1", ["7"], NOW)
        take_back_attempts(tx, "a", "1", ["7", "8", "5"])
        end_attempts(tx, "a", "1", ["9", "5"])
        assert tried(tx, "a", "1") == {"7": 1}
        assert tried(tx, "a", "2") == tried(tx, "b", "1") == {"7": 1}
