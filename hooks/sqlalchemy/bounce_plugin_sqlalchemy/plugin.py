"""What do the hooks do with the tables? The plugin that the entry point names."""

from __future__ import annotations

from collections.abc import Mapping

from bounce_plugin import BounceEvent, Contact, Decision, PolicyAction, hookimpl
from bounce_plugin_sqlalchemy.options import read_options
from bounce_plugin_sqlalchemy.tables import as_contacts, open_database, open_tables


class SqlAlchemyHooks:
    """Looks contacts up, and takes them off their lists."""

    def __init__(self, options: Mapping[str, object]) -> None:
        """`options` is the table `[plugin.sqlalchemy]`. Raises SettingsError when the database is not as it says."""
        read = read_options(options)
        self._engine = open_database(read)
        try:
            self._contacts, self._memberships = open_tables(self._engine, read)
        except BaseException:
            self._engine.dispose()
            raise

    @hookimpl
    def find_contact(self, address: str) -> tuple[Contact, ...] | None:
        """Everybody who has this address."""
        with self._engine.connect() as connection:
            found = self._contacts.find(connection, _spellings(address))
            if not found:
                return None
            return as_contacts(found, self._memberships.of(connection, found) if self._memberships else {})

    @hookimpl
    def on_threshold_reached(self, event: BounceEvent, decision: Decision) -> None:
        """Take off their lists those who had the address when it failed, and still have it."""
        if self._memberships is None or PolicyAction.REMOVE_FROM_LIST not in decision.actions or not event.address:
            return
        had = {contact.id for contact in event.contacts}
        with self._engine.begin() as connection:
            has = self._contacts.find(connection, _spellings(event.address))
            if leaving := [number for number in has if str(number) in had]:
                self._memberships.remove(connection, leaving, event.received_at)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _spellings(address: str) -> tuple[str, ...]:
    """The address in lower case; an international domain also as people write it, for so it may be stored."""
    local, _, domain = address.lower().rpartition("@")
    try:
        unicode_domain = domain.encode("ascii").decode("idna")
    except UnicodeError:
        unicode_domain = domain
    return tuple(dict.fromkeys((f"{local}@{domain}", f"{local}@{unicode_domain}")))
