"""Which plugins did this ledger tell before, that are not loaded in this process? What is announced waits for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, select, update

from bounce_plugin.ledger.outbox import State
from bounce_plugin.ledger.schema import events, outbox, review_items
from bounce_plugin.ledger.transaction import Transaction

#: A plugin that took nothing for longer is not waited for.
REMEMBERED: Final = timedelta(days=400)
#: For how long what is announced waits for a plugin that no process has loaded.
PATIENCE: Final = timedelta(days=30)

#: The error of an announcement that was given up because its plugin never came.
ABSENT: Final = "the plugin was not loaded by any process that tells"

_OF_TENANT = outbox.c.tenant == bindparam("tenant")
_OF_STATE = outbox.c.state == bindparam("state")
_OF_PLUGIN = outbox.c.plugin == bindparam("plugin")

#: The next plugin of which there are announcements in a state: a few steps through an index, however many rows there are.
NEXT_PLUGIN: Final = select(func.min(outbox.c.plugin)).where(
    _OF_TENANT, _OF_STATE, outbox.c.plugin > bindparam("after")
)

#: When a plugin took the newest announcement that it was told.
LAST_TOLD: Final = select(outbox.c.next_at).where(
    outbox.c.number == select(func.max(outbox.c.number)).where(_OF_TENANT, _OF_STATE, _OF_PLUGIN).scalar_subquery()
)

#: When announcements to a plugin were given up last because it never came.
LAST_GIVEN_UP: Final = select(func.max(outbox.c.next_at)).where(
    _OF_TENANT, _OF_STATE, _OF_PLUGIN, outbox.c.error == ABSENT
)

#: How many announcements wait for a plugin, and since when the oldest does.
WAITING_FOR: Final = select(func.count(), func.min(outbox.c.announced_at)).where(_OF_TENANT, _OF_STATE, _OF_PLUGIN)

#: Nobody waits for a plugin any more.
GIVE_UP: Final = (
    update(outbox)
    .where(
        outbox.c.tenant == bindparam("of_tenant"),
        outbox.c.state == State.WAITING,
        outbox.c.plugin == bindparam("of_plugin"),
    )
    .values(state=State.GIVEN_UP, next_at=bindparam("new_next_at"), error=ABSENT)
)

#: A failure whose contact a plugin knew: no person has looked at its mail.
FOUND_BY_A_PLUGIN: Final = (
    select(events.c.number)
    .where(
        events.c.tenant == bindparam("tenant"),
        events.c.contacts != "[]",
        ~select(review_items.c.id)
        .where(review_items.c.tenant == events.c.tenant, review_items.c.mail_id == events.c.mail_id)
        .exists(),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A plugin that is waited for no more."""

    plugin: str
    announcements: int  # that it was not told
    since: datetime  # when the oldest of them was announced


def absent(tx: Transaction, now: datetime, *, without: Collection[str]) -> tuple[str, ...]:
    """The plugins that are waited for, sorted: told before, or to be told, and not among `without`."""
    return tuple(name for name in _others(tx, without) if _is_waited_for(tx, name, now))


def give_up_absent(tx: Transaction, now: datetime, *, without: Collection[str]) -> tuple[GivenUp, ...]:
    """Wait no more for plugins, not those of `without`, that took nothing while something waited for too long."""
    found = []
    for name in _others(tx, without):
        count, since = tx.connection.execute(WAITING_FOR, _where(tx, name, State.WAITING)).one()
        told = _last_told(tx, name)
        if not count or since > now - PATIENCE or (told is not None and told > now - PATIENCE):
            continue
        if not _was_given_up(tx, name, told):  # else it was said before: a process had not noticed yet
            found.append(GivenUp(plugin=name, announcements=count, since=since))
        tx.connection.execute(GIVE_UP, {"of_tenant": tx.tenant, "of_plugin": name, "new_next_at": now})
    return tuple(found)


def plugin_found_contacts(tx: Transaction) -> bool:
    """Whether a plugin knew the contact of any failure."""
    return tx.connection.scalar(FOUND_BY_A_PLUGIN, {"tenant": tx.tenant}) is not None


def _others(tx: Transaction, without: Collection[str]) -> tuple[str, ...]:
    names = {*_plugins(tx, State.DONE), *_plugins(tx, State.WAITING)}
    return tuple(sorted(names.difference(without)))


def _plugins(tx: Transaction, state: State) -> Iterator[str]:
    name = ""
    while name := tx.connection.scalar(NEXT_PLUGIN, {"tenant": tx.tenant, "state": state, "after": name}) or "":
        yield name


def _is_waited_for(tx: Transaction, name: str, now: datetime) -> bool:
    told = _last_told(tx, name)
    return (told is None or told > now - REMEMBERED) and not _was_given_up(tx, name, told)


def _was_given_up(tx: Transaction, name: str, told: datetime | None) -> bool:
    """Whether it was not told anything since nobody waits for it."""
    given_up: datetime | None = tx.connection.scalar(LAST_GIVEN_UP, _where(tx, name, State.GIVEN_UP))
    return given_up is not None and (told is None or told <= given_up)


def _last_told(tx: Transaction, name: str) -> datetime | None:
    told: datetime | None = tx.connection.scalar(LAST_TOLD, _where(tx, name, State.DONE))
    return told


def _where(tx: Transaction, name: str, state: State) -> dict[str, object]:
    return {"tenant": tx.tenant, "plugin": name, "state": state}
