"""Whose address is that? One table knows; everything else holds fingerprints, and texts hold placeholders.

A placeholder is `{@` + fingerprint + `}`, or `{@"` + fingerprint + `}` where the local part is quoted. It stands for one
exact spelling, so that a text comes back as it was; each spelling's row names the fingerprint of its normal spelling, so
that a person is forgotten in all of them at once. A spelling may hold somebody else's address (`to=ann@…`, VERP): it is
forgotten with that person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import bindparam, delete, select, update

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.within import addresses_within
from bounce_plugin.ledger.columns import storable
from bounce_plugin.ledger.schema import addresses
from bounce_plugin.ledger.transaction import IfAbsent, InPlace, Transaction, keyed

_LOCAL = r"[\w!#$%&'*+/=?^`|~.-]{1,128}"
_DOMAIN = r"@(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,16}|\[[\w:.]{3,64}\])"  # or an address of IP (RFC 5321, section 4.1.3)
_QUOTED = r"[\w !#$%&'()*+,/:;<=>?^`|~.\[\]-]{1,128}"  # what stands between quotes alone, too (section 4.1.2)
#: No address begins with what only surrounds one, but that of an X.400 gateway (`/G=ann/S=…`).
_BEGINS = r"(?:(?!['`*=|/])|(?=/[A-Za-z]{1,5}=))"
#: An address in a text, or what would look like the beginning of a placeholder. The repeats cannot overlap: each is over
#: characters that cannot follow it.
_ADDRESS = re.compile(rf"(?P<address>{_BEGINS}{_LOCAL}{_DOMAIN})|\"(?P<quoted>{_QUOTED})\"(?P<domain>{_DOMAIN})|\{{@")
#: A placeholder. Of an address whose local part is quoted it says so, with the escape that a quote has in JSON.
PLACEHOLDER = re.compile(r"\{@(?P<quote>\\?\")?(?P<fingerprint>[0-9a-f]{32})\}")
#: One, or that beginning, which is then followed by a brace to tell it from one.
_HIDDEN = re.compile(rf"{PLACEHOLDER.pattern}|\{{@\}}")
_CHUNK = 500  # SQLite allows 999 variables in old builds

#: Add addresses that are not known yet; one that was forgotten stays so.
ADD_ADDRESSES = IfAbsent(addresses)

#: The same, and have those stay that would go with the deliveries to them.
ADD_LASTING = InPlace(addresses, change=lambda new: {"passing": new.passing}, only=addresses.c.passing.is_not(None))

#: The addresses behind some fingerprints, as far as they are known still.
ADDRESSES_OF = select(addresses.c.fingerprint, addresses.c.address).where(
    addresses.c.tenant == bindparam("tenant"),
    addresses.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    addresses.c.address.is_not(None),
)


#: Those of some addresses that were forgotten.
FORGOTTEN_OF = select(addresses.c.fingerprint).where(
    addresses.c.tenant == bindparam("tenant"),
    addresses.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    addresses.c.address.is_(None),
)

#: One that was forgotten is known again, and so may its other spellings be: nothing refers to these but texts.
KNOW_AGAIN = (
    update(addresses)
    .where(
        addresses.c.tenant == bindparam("of_tenant"),
        addresses.c.fingerprint == bindparam("of_address"),
        addresses.c.address.is_(None),
    )
    .values(address=bindparam("new_address"))
)
LET_SPELLINGS_COME = delete(addresses).where(
    addresses.c.tenant == bindparam("of_tenant"),
    addresses.c.same_as == bindparam("of_address"),
    addresses.c.fingerprint != bindparam("of_address"),
    addresses.c.address.is_(None),
)


def remember(tx: Transaction, address: str) -> str:
    """See that an address has its row, in its normal spelling; returns its fingerprint."""
    fingerprint = tx.fingerprint(address)
    if fingerprint not in tx.remembered:
        _add(tx, {fingerprint: _row(tx, fingerprint, normalise(address) or address.strip(), fingerprint)})
    return fingerprint


def know_again(tx: Transaction, address: str) -> None:
    """Write down an address that was forgotten: a person has typed it, because its owner is there again.

    Its other spellings follow as mails bring them.
    """
    fingerprint = remember(tx, address)
    which = {"of_tenant": tx.tenant, "of_address": fingerprint}
    tx.connection.execute(KNOW_AGAIN, {**which, "new_address": normalise(address)})
    tx.connection.execute(LET_SPELLINGS_COME, which)


def remember_all(tx: Transaction, spellings: Sequence[str]) -> list[str]:
    """The same for many addresses, for as long as there are deliveries to them; returns their fingerprints in order."""
    texts = [normalise(spelling) or spelling.strip() for spelling in spellings]
    fingerprints = [tx.fingerprint(text) for text in texts]
    named = zip(fingerprints, texts, strict=True)
    rows = [_row(tx, fingerprint, text, fingerprint, passing=True) for fingerprint, text in named]
    if rows:
        _leave_forgotten(tx, rows)
        tx.connection.execute(ADD_ADDRESSES.on(tx.connection), rows)
    return fingerprints


def _row(
    tx: Transaction, fingerprint: str, address: str, same_as: str, *, passing: bool | None = None
) -> dict[str, object]:
    row = {"tenant": tx.tenant, "fingerprint": fingerprint, "address": address, "same_as": same_as}
    return {**row, "passing": passing}


def _add(tx: Transaction, rows: dict[str, dict[str, object]]) -> None:
    """Add the rows with these fingerprints, without asking the database twice in a transaction."""
    new = [row for fingerprint, row in rows.items() if fingerprint not in tx.remembered]
    if new:
        _leave_forgotten(tx, new)
        for row in new:
            if row["passing"]:
                tx.put_spelt(ADD_ADDRESSES, row)
            else:
                tx.put_spelt(ADD_LASTING, row)
                tx.remembered.add(str(row["fingerprint"]))


def _leave_forgotten(tx: Transaction, rows: Sequence[dict[str, object]]) -> None:
    """Write nothing that holds an address that was forgotten. Of a normal spelling the row that is there sees to it."""
    held: dict[
        str, list[dict[str, object]]
    ] = {}  # rows, by the fingerprints of what they hold beside their own spelling
    for row in rows:
        text = str(row["address"])
        for one in {str(row["same_as"]), *map(tx.fingerprint, addresses_within(text))} - {row["fingerprint"]}:
            held.setdefault(one, []).append(row)
    wanted = sorted(held)
    for start in range(0, len(wanted), _CHUNK):
        chunk = {"tenant": tx.tenant, "fingerprints": wanted[start : start + _CHUNK]}
        for fingerprint in tx.connection.scalars(FORGOTTEN_OF, chunk):
            for row in held[fingerprint]:
                row["address"] = None


def known(tx: Transaction, fingerprints: Collection[str]) -> dict[str, str]:
    """The addresses behind these fingerprints, by fingerprint; forgotten and unknown ones are left out."""
    wanted, found = sorted(set(fingerprints)), {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = {"tenant": tx.tenant, "fingerprints": wanted[start : start + _CHUNK]}
        found.update({row.fingerprint: row.address for row in tx.connection.execute(ADDRESSES_OF, chunk)})
    return found


def hide(tx: Transaction, text: str) -> str:
    """Put a placeholder in the place of every address in a text, and see that the address has its row."""
    return hide_all(tx, [text])[0] if "@" in text else storable(text)


def hide_all(tx: Transaction, texts: Iterable[str], *, passing: bool = False) -> list[str]:
    """The same for several texts at once. With `passing` they are of deliveries to the very addresses that they name."""
    rows: dict[str, dict[str, object]] = {}

    def replace(match: re.Match[str]) -> str:
        quoted = match["quoted"]
        spelling = match["address"] if quoted is None else f"{quoted}{match['domain']}"
        if spelling is None:
            return "{@}"
        bare = quoted is None or normalise(spelling)
        same_as = tx.fingerprint(spelling if bare else f'"{quoted}"{match["domain"]}')
        fingerprint = same_as if spelling == normalise(spelling) else keyed(tx.key, "address", spelling)
        rows[fingerprint] = _row(tx, fingerprint, spelling, same_as, passing=passing or None)
        quote = "" if quoted is None else '"'
        return f"{{@{quote}{fingerprint}}}"

    hidden = [_ADDRESS.sub(replace, storable(text)) if "@" in text else storable(text) for text in texts]
    _add(tx, rows)
    return hidden


def reveal(tx: Transaction, text: str) -> str:
    """Put the addresses that are still known back into a text; a forgotten one stays a placeholder."""
    return reveal_all(tx, [text])[0]


def reveal_all(tx: Transaction, texts: Sequence[str]) -> list[str]:
    """The same for several texts, with one look at the table."""
    wanted = {match["fingerprint"] for text in texts for match in _HIDDEN.finditer(text)} - {None}
    found = known(tx, wanted) if wanted else {}

    def replace(match: re.Match[str]) -> str:
        fingerprint, quote = match["fingerprint"], match["quote"]
        if fingerprint is None:
            return "{@"
        spelling = found.get(fingerprint, match[0])
        if quote is None or fingerprint not in found:
            return spelling
        local, _, domain = spelling.rpartition("@")
        return f"{quote}{local}{quote}@{domain}"

    return [_HIDDEN.sub(replace, text) if "{@" in text else text for text in texts]
