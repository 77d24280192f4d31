"""What is a plugin told by a hook? Read from the ledger when it is told, by what the announcement refers to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bounce_plugin.errors import NotFoundError
from bounce_plugin.ledger import history, mails, review
from bounce_plugin.ledger.addresses import PLACEHOLDER
from bounce_plugin.ledger.outbox import Payload
from bounce_plugin.ledger.transaction import Transaction

Arguments = Mapping[str, object]


def _of_event(tx: Transaction, payload: Payload) -> Arguments:
    return {"event": history.event_by_id(tx, payload.event)}


def _of_exempt(tx: Transaction, payload: Payload) -> Arguments:
    return {"event": history.event_by_id(tx, payload.event), "fallback": payload.fallback}


def _of_decision(tx: Transaction, payload: Payload) -> Arguments:
    return {"event": history.event_by_id(tx, payload.event), "decision": payload.decision}


def _of_lifted(_tx: Transaction, payload: Payload) -> Arguments:
    if payload.lifted is not None and PLACEHOLDER.fullmatch(payload.lifted.address):
        raise NotFoundError("whose stop was lifted has been forgotten")
    return {"lifted": payload.lifted}


def _of_mail(tx: Transaction, payload: Payload) -> Arguments:
    return {"outcome": mails.outcome_of(tx, payload.mail)}


def _of_item(tx: Transaction, payload: Payload) -> Arguments:
    return {"item": review.item(tx, payload.item)}


#: What each hook is told, from what its announcement refers to.
ARGUMENTS: Final[Mapping[str, Callable[[Transaction, Payload], Arguments]]] = {
    "on_bounce_classified": _of_event,
    "on_threshold_reached": _of_decision,
    "on_exempt_failure": _of_exempt,
    "on_message_handled": _of_mail,
    "on_review_needed": _of_item,
    "on_suppression_lifted": _of_lifted,
    "on_incident": lambda _tx, payload: {"incident": payload.incident},
    "on_run_finished": lambda _tx, payload: {"summary": payload.summary},
}
