"""What should be done about this event, after all that happened to its address before?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from bounce_plugin.message.report import Kind
from bounce_plugin.policy.rules import Decision, PastEvent, Policy, PolicyAction, Rule, Step
from bounce_plugin.policy.state import MOST_NAMED, Act, Verb, standing
from bounce_plugin.policy.success import Sent, Successes, successes
from bounce_plugin.policy.tally import reached_by, rounds, select

#: The actions that leave an act behind; the others are told, and done by the host or by people.
_VERBS = {
    PolicyAction.SUPPRESS: Verb.SUPPRESS,
    PolicyAction.SUPPRESS_ALL: Verb.SUPPRESS_ALL,
    PolicyAction.PAUSE: Verb.PAUSE,
}
_STOPS = frozenset({Verb.SUPPRESS, Verb.SUPPRESS_ALL})

#: One and several.
_WORDS = {
    Kind.BOUNCE: ("bounce", "bounces"),
    Kind.DELAY: ("delay", "delays"),
    Kind.DELIVERED: ("delivery", "deliveries"),
}
_OTHER_WORDS = ("report", "reports")


def decide(
    event: PastEvent,
    history: Sequence[PastEvent],
    policy: Policy,
    now: datetime,
    *,
    done: Iterable[Act] = (),
    sent: Sequence[Sent] = (),
) -> Decision:
    """Decide what an event of an address leads to.

    `history` holds the events of the address since the last lift that nobody undid, in any order, the new one included;
    `done` holds the acts on it, and `sent` what the host recorded as sent to it, as far as it is newer than a soft failure.
    Soft failures from before a success are not counted (`policy.success`). Only news is decided:

    - a stop, once for each rule, until it is lifted or undone;
    - a pause, if it ends later than each one before and has not ended by `now`; none beside a stop;
    - the other actions when the rule is reached first, and again each time that as many failures again reach it.

    The order in which the events came in makes no difference to the stop or the pause that an address ends up under, once
    `policy.late` has seen to what a mail that is read late changes about others.
    """
    done = tuple(done)
    known = {past.id: past for past in (*history, event)}.values()
    return decide_knowing(successes(known, done, sent, policy), event, known, policy, now, done=done)


def decide_knowing(
    found: Successes,
    event: PastEvent,
    history: Iterable[PastEvent],
    policy: Policy,
    now: datetime,
    *,
    done: Iterable[Act],
) -> Decision:
    """The same, where it is known already what got through to the address."""
    acts = standing(done)
    known = {past.id: past for past in (*history, event)}.values()
    # Fewer events than a rule counts cannot reach it, as with nearly every first failure.
    concerned = [rule for rule in policy.rules if rule.after <= len(known) and rule.selects(event)]
    steps = [step for rule in concerned for step in _steps(rule, event, known, acts, found)]
    stopped = any(_VERBS.get(step.action) in _STOPS for step in steps) or any(act.verb in _STOPS for act in acts)
    return Decision(steps=tuple(step for step in steps if not _pointless(step, stopped, acts, now)))


def acts_from(decision: Decision, at: datetime) -> tuple[Act, ...]:
    """What a decision does to its address, for the log that its state is derived from."""
    return tuple(
        Act(
            verb=_VERBS[step.action],
            at=at,
            rule=step.rule,
            because=step.because,
            events=step.events,
            until=step.until,
        )
        for step in decision.steps
        if step.action in _VERBS
    )


def _steps(
    rule: Rule, event: PastEvent, known: Iterable[PastEvent], acts: Sequence[Act], found: Successes
) -> Iterator[Step]:
    """The steps of one rule that selects the event; what was done already is left out, but a pause is judged later."""
    selected = select(rule, known)
    if event not in selected:  # its message has failed already: a replay
        return
    counted = reached_by(rule, selected, event, found)
    if not counted:
        return
    stops = {_VERBS[action] for action in rule.then if _VERBS.get(action) in _STOPS}
    made = {act.verb for act in acts if act.rule == rule.name}
    told = bool(stops - made) or _reaches_again(rule, selected, event, found)
    because, events = _sentence(counted), tuple([past.id for past in _named(counted)])
    for action in rule.then:
        verb = _VERBS.get(action)
        if verb is Verb.PAUSE or (verb not in made if verb else told):
            yield Step(
                action=action,
                rule=rule.name,
                because=because,
                events=events,
                until=counted[-1].received_at + timedelta(days=rule.pause_days) if verb is Verb.PAUSE else None,
            )


def _reaches_again(rule: Rule, selected: Sequence[PastEvent], event: PastEvent, found: Successes) -> bool:
    """Whether as many failures again have reached the rule by this event."""
    others = [past for past in selected if past.id != event.id]
    return rounds(rule, selected, found) > rounds(rule, others, found)


def _named(counted: Sequence[PastEvent]) -> Sequence[PastEvent]:
    """The events that a step names: the first and the newest, so that a flood of failures does not fill the ledger."""
    return counted if len(counted) <= MOST_NAMED else (counted[0], *counted[1 - MOST_NAMED :])


def _pointless(step: Step, stopped: bool, acts: Iterable[Act], now: datetime) -> bool:
    """Whether a pause would change nothing: it is over, shorter than one before, or beside a stop."""
    if step.until is None:
        return False
    pauses = [act.until for act in acts if act.verb is Verb.PAUSE and act.until is not None]
    return stopped or step.until <= now or any(until >= step.until for until in pauses)


def _sentence(counted: Sequence[PastEvent]) -> str:
    """Why, for people: "2 hard bounces (address_unknown) of different messages, 4 days apart; the first on …"."""
    number, first = len(counted), counted[0].received_at.astimezone(UTC).date().isoformat()
    behind = sum(past.halved for past in counted)
    half = f" {behind} of them failed behind a forward, and count half." if behind else ""
    kinds = {past.kind for past in counted}
    words = _WORDS.get(kinds.pop(), _OTHER_WORDS) if len(kinds) == 1 else _OTHER_WORDS
    types = {past.type for past in counted}
    type_ = types.pop() if len(types) == 1 else None
    what = f"{type_} {words[number > 1]}" if type_ else words[number > 1]
    reasons = ", ".join(dict.fromkeys(past.reason.value for past in counted if past.reason))
    named = f" ({reasons})" if reasons else ""
    if number == 1:
        return f"1 {what}{named} on {first}."
    days = (counted[-1].received_at - counted[0].received_at).days
    apart = "within a day" if days < 1 else f"{days} day{'s' if days > 1 else ''} apart"
    return f"{number} {what}{named} of different messages, {apart}; the first on {first}.{half}"
