"""`bounce-plugin rebuild`: does what is kept for a quick answer follow from the record?"""

from __future__ import annotations

import sys

import click

from bounce_plugin.cli import ATTENTION
from bounce_plugin.cli.terminal import counted
from bounce_plugin.desk.relearn import relearn
from bounce_plugin.ledger.addresses import known
from bounce_plugin.ledger.rebuild import compare
from bounce_plugin.ledger.recount import recount
from bounce_plugin.ledger.stops import Stop
from bounce_plugin.plugin import BouncePlugin


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; only tell the differences.")
@click.pass_obj
def rebuild(config: str, check: bool) -> None:
    """Derive anew who is stopped, and mend what is kept otherwise; one line and exit code 1 for each difference."""
    number = 0
    with BouncePlugin.from_file(config) as plugin:
        ledger = plugin.ledger
        with ledger.reading() if check else ledger.transaction() as tx:
            for difference in compare(tx, mend=not check):
                number += 1
                one = difference.fingerprint
                address = known(tx, [one]).get(one, "(erased)")
                click.echo(f"{address}: {_in_words(difference.stored)} is kept, {_in_words(difference.right)} is right")
            for miscount in recount(tx, mend=not check):
                number += 1
                address = known(tx, [miscount.fingerprint]).get(miscount.fingerprint, "(erased)")
                click.echo(f"{address}: a failure is kept as {miscount.stored}, {miscount.right} is right")
            missing = [
                failures for _, failures in relearn(tx, plugin.settings.policy, plugin.tables.providers, mend=not check)
            ]
            if missing:
                number += 1
                what = f"{counted(sum(missing), 'failure')} of {counted(len(missing), 'address', 'addresses')}"
                click.echo(f"the breaker knows nothing of {what}")
    if not number:
        click.echo("What is kept is what follows from the record.")
        return
    what = "Nothing was changed" if check else "What is right is kept now"
    click.echo(f"{counted(number, 'difference')}. {what}.")
    sys.exit(ATTENTION)


def _in_words(stop: Stop | None) -> str:
    if stop is None:
        return "no stop"
    kind = f"a pause until {stop.until:%Y-%m-%d %H:%M}" if stop.until else "a stop"
    more = " of exempt mail too" if stop.exempt_too else ""
    return f"{kind}{more} since {stop.since:%Y-%m-%d %H:%M} by rule “{stop.rule}”"
