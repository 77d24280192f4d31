"""Is a report believed as far in a rehearsal as it was when it came in?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from bounce_plugin import Delivery
from bounce_plugin.cli import DONE, program
from bounce_plugin.ledger.past import acts_of, past_events
from bounce_plugin.policy.simulate import simulate
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
