"""With which key is an address looked for? That of the ledger; and a former one, where a fingerprint is still of that.

A process is given several keys when the ledger's key is to be changed, or was. Which of them is in use the ledger itself
tells, at each transaction and each question: so no process looks for anybody with a key that is none any more.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from bounce_plugin.errors import LedgerError
from bounce_plugin.ledger.schema import former_fingerprints, keys
from bounce_plugin.ledger.transaction import Former, fingerprint, keyed

#: By which key the fingerprints were made.
CHECK_VALUE = select(keys.c.check_value)

#: Whose fingerprint is still that of a former key, and of which.
FORMER = select(former_fingerprints.c.fingerprint, former_fingerprints.c.check_value).where(
    former_fingerprints.c.tenant == bindparam("tenant")
)

#: How many fingerprints, of all tenants, are still those of each former key.
USES = select(former_fingerprints.c.check_value, func.count()).group_by(former_fingerprints.c.check_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys that are in use."""

    key: bytes  # that of the ledger
    former: Former = ()

    @property
    def check_value(self) -> str:
        """What the ledger knows its key by."""
        return check_value(self.key)

    def fingerprint(self, address: str) -> str:
        """The fingerprint under which an address is remembered, however it is spelled."""
        return fingerprint(self.key, address, self.former)


def check_value(key: bytes) -> str:
    """What the ledger knows a key by, without knowing the key."""
    return keyed(key, "check", "ledger")


def read_ring(connection: Connection, tenant: int, given: Sequence[bytes]) -> KeyRing | None:
    """Which of the keys that are given are in use; None for a ledger that was not begun.

    `LedgerError` where one that is in use is not among them: somebody who is suppressed would not be found.
    """
    begun_with = connection.scalar(CHECK_VALUE)
    if begun_with is None:
        return None
    known = {check_value(key): key for key in given}
    key = next((key for check, key in known.items() if hmac.compare_digest(check, begun_with)), None)
    if key is None:
        raise LedgerError(
            "this ledger was begun with another key: nobody would be found suppressed. If its key was changed (bounce-plugin "
            "rotate-key), name the new key file as ledger.key_file; else restore the key file that belongs to this database, "
            "or name another database"
        )
    left: defaultdict[str, set[str]] = defaultdict(set)
    for row in connection.execute(FORMER, {"tenant": tenant}):
        left[row.check_value].add(row.fingerprint)
    if missing := sum(len(some) for check, some in left.items() if check not in known):
        raise LedgerError(
            f"the ledger holds {missing} fingerprints of people who were forgotten before its key was changed, and the key "
            "of that time is not given: they would be found suppressed no more. Name its file in ledger.previous_key_files"
        )
    return KeyRing(key=key, former=tuple((known[check], frozenset(some)) for check, some in sorted(left.items())))


def uses(connection: Connection, given: Sequence[bytes]) -> tuple[int, ...]:
    """How many fingerprints are still those of each of these keys, as of a former one; in their order."""
    counted: dict[str, int] = {check: number for check, number in connection.execute(USES)}  # noqa: C416 - its type
    return tuple(counted.get(check_value(key), 0) for key in given)
