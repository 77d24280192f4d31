"""`bounce-plugin undo`: failures that were a mistake count no more."""

from __future__ import annotations

from datetime import datetime

import click

from bounce_plugin.classify.classification import Reason
from bounce_plugin.cli.absent import absent, note_absent, told_in_words
from bounce_plugin.cli.actor import ACTOR
from bounce_plugin.cli.given import ADDRESS
from bounce_plugin.cli.moment import moment
from bounce_plugin.cli.records import AS_JSON, in_utc, stop_record, write_record
from bounce_plugin.cli.terminal import counted, printable
from bounce_plugin.desk.undo import Correction
from bounce_plugin.errors import NotFoundError
from bounce_plugin.plugin import BouncePlugin
from bounce_plugin.policy.state import Suppression
from bounce_plugin.policy.undo import Choice


@click.command()
@click.option("--rule", default="", help="Failures that a stop, pause or removal by this rule rests on.")
@click.option("--provider", default="", help="Of addresses at this domain, or of this provider: gmail.com, google.")
@click.option("--address", type=ADDRESS, default="", help="Of this address.")
@click.option(
    "--reason", type=click.Choice([one.value for one in Reason]), metavar="REASON", help="Failures for this reason."
)
@moment("--since", "Received from then on: 2026-12-14, 2026-12-14T09:00; in UTC.")
@moment("--until", "Received before then.")
@click.option("--why", default="", help="For the record: what was wrong with them.")
@ACTOR
@click.option("--yes", is_flag=True, help="Do it; otherwise it is only shown what would be done.")
@AS_JSON
@click.pass_obj
def undo(
    config: str,
    rule: str,
    provider: str,
    address: str,
    reason: str | None,
    since: datetime | None,
    until: datetime | None,
    why: str,
    actor: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Let failures count no more, and take back the stops and pauses that rest on them. Shows first what it would do."""
    choice = Choice(
        rule=rule,
        provider=provider,
        address=address,
        reason=Reason(reason) if reason else None,
        since=since,
        until=until,
    )
    if choice == Choice():
        raise click.UsageError("say which failures: --rule, --provider, --address, --reason, --since or --until")
    if yes and not why:
        raise click.UsageError("--yes needs --why, for the record")
    with BouncePlugin.from_file(config) as plugin:
        work = plugin.mistakes.undoing(choice, actor=actor, why=why)
        found: list[Correction] = []
        for correction in work.do() if yes else work.look():
            found.append(correction)
            if not as_json:
                click.echo(_line(correction))
        if not found and rule and all(rule != one.name for one in plugin.settings.policy.rules):
            raise NotFoundError(f"there is no rule {rule!r}, and no stop, pause or removal by one of that name")
        if yes:
            plugin.tell()
        later = absent(plugin)
    failures, lifted = sum(len(one.undone.events) for one in found), sum(one.undone.lifts for one in found)
    relisted = sum(one.relists for one in found)
    if as_json:
        numbers = {"failures": failures, "addresses": len(found), "lifted": lifted, "relisted": relisted}
        write_record({"done": yes, **numbers, "each": [_record(correction) for correction in found]})
        return
    done = "are" if yes else "would be"
    click.echo(
        f"{counted(failures, 'failure')} of {counted(len(found), 'address', 'addresses')} {done} undone;", nl=False
    )
    click.echo(f" {lifted} of these addresses {'get' if yes else 'would get'} mail again.")
    if relisted:
        told = told_in_words(later, done=yes)
        click.echo(f"Your host {told} that it may put {relisted} of them back onto its lists.")
    if lifted or relisted:
        note_absent(later)
    if failures and not yes:
        click.echo("Nothing was changed: add --yes, and --why for the record. An undo cannot be undone.")


def _record(correction: Correction) -> dict[str, object]:
    undone = correction.undone
    received = [event.received_at for event in undone.events]
    return {
        "address": correction.address,
        "failures": len(received),
        "first_at": in_utc(min(received)),
        "last_at": in_utc(max(received)),
        "before": stop_record(undone.before),
        "after": stop_record(undone.after),
        "relists": correction.relists,
    }


def _line(correction: Correction) -> str:
    """One address, and what becomes of it."""
    undone = correction.undone
    days = sorted({f"{event.received_at:%Y-%m-%d}" for event in undone.events})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    what = f"{correction.address or '(erased)'}: {counted(len(undone.events), 'failure')} ({when})"
    back = "; may go back onto its lists" if correction.relists else ""
    return printable(f"{what}; {in_words(undone.before)} -> {in_words(undone.after)}{back}")


def in_words(stop: Suppression | None) -> str:
    """What an address is under, for people."""
    if stop is None:
        return "free"
    until = f"paused until {stop.until:%Y-%m-%d}" if stop.until else "stopped"
    return f"{until} by rule “{stop.rule}”"
