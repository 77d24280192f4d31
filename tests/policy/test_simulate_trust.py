"""Is a report believed as far in a rehearsal as it was when it came in?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from click.testing import CliRunner

from bounce_plugin import Delivery, Trust
from bounce_plugin.cli import DONE, program
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.policy.presets import build_policy
from bounce_plugin.policy.replay import replay
from bounce_plugin.policy.simulate import simulate
from bounce_plugin.policy.state import derive
from tests.policy.past import event, live
from tests.world import ANNA, START, World, open_world

LOGGED = '[trust]\nrequire = "logged"\n'
ONE_STRIKE = '[[policy.rule]]\nname = "one strike"\nafter = 1\nthen = ["suppress"]\n'


def fail(world: World, number: int) -> None:
    """A newsletter that the host has recorded comes back, three days after the one before."""
    world.clock.now = START + timedelta(days=3 * number)
    sent = Delivery(
        ref=f"d{number}",
        address=ANNA,
        contact="7",
        message=f"News {number}",
        category="newsletter",
        sent_at=world.clock.now,
        message_id=f"m{number}@crm.example",
    )
    world.plugin.record_sent([sent])
    world.bounce(message_id=sent.message_id)


def test_a_report_that_must_be_confirmed_must_be_so_in_a_rehearsal_as_well(tmp_path: Path) -> None:
    world = open_world(tmp_path, LOGGED)
    with world.plugin:
        stopped = []
        for number in range(4):
            fail(world, number)
            with world.plugin.ledger.reading() as tx:
                found = simulate(past_events(tx, ANNA), acts_of(tx, ANNA), world.settings.policy, world.clock())
            assert found.before == found.after, number
            stopped.append(world.plugin.should_suppress(ANNA, "newsletter"))
    assert stopped == [False, False, False, True], "three messages over seven days"


def test_another_policy_is_tried_by_what_is_required_here(tmp_path: Path) -> None:
    world = open_world(tmp_path, LOGGED + ONE_STRIKE)
    with world.plugin:
        fail(world, 0)
    mailbox = '[[mailbox]]\nname = "bounces"\nkind = "maildir"\npath = "Maildir"\n'
    (tmp_path / "bounce.toml").write_text(mailbox + LOGGED + ONE_STRIKE)
    (tmp_path / "new.toml").write_text(ONE_STRIKE)
    arguments = ["-c", str(tmp_path / "bounce.toml"), "policy", "simulate", "--policy", str(tmp_path / "new.toml")]
    done = CliRunner().invoke(program, [*arguments, "--json"])
    assert (done.exit_code, done.stdout) == (DONE, ""), "the same rules, and so nobody's standing changes"


E, H, L, A = Trust.SIGNED_ENVELOPE, Trust.SIGNED_HEADER, Trust.LOGGED, Trust.ADDRESS


@pytest.mark.parametrize(
    ("trusts", "stopped"),
    [
        ((E, E), True),
        ((E, H), True),
        ((E, L), False),  # a pause, for the one that came to the return path
        ((H, H), True),
        ((H, L), False),
        ((L, L), False),
        ((L, L, L), True),
        ((H, L, L), True),
    ],
)
def test_what_confirms_a_report_is_believed_at_least_as_far_in_whichever_order_they_come(trusts, stopped: bool) -> None:
    policy = replace(build_policy(), required=L)
    past = [replace(event(days=5 * number), trust=trust) for number, trust in enumerate(trusts)]
    ends = past[-1].received_at
    for order in permutations(past):
        found = derive(live(order, policy, ends)[1])
        assert (found is not None and found.until is None) == stopped, [one.trust for one in order]
        anew = derive(replay(order, policy, ends))
        assert (anew and (anew.until, anew.exempt_too)) == (found and (found.until, found.exempt_too))


def test_one_that_a_person_has_answered_for_is_decided_in_a_rehearsal_as_it_was() -> None:
    policy = replace(build_policy(), required=L)
    vouched, late = (replace(event(days=days), trust=trust) for days, trust in ((0, A), (8, L)))
    assert derive(replay([vouched], policy, vouched.received_at)) is not None
    assert derive(replay([replace(vouched, counts=False)], policy, vouched.received_at)) is None
    assert derive(replay([late], policy, late.received_at)) is None
