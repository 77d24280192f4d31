"""Which of very many recipients may be sent to? Some at a time, in their order, and none by an answer that is old."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import Final, TypeVar, cast

from bounce_plugin.announce import Questions
from bounce_plugin.suppression.bulk import AT_ONCE

Recipient = TypeVar("Recipient")

#: How old an answer may be when its recipient is given out, in seconds. Who has not been given out by then is asked for
#: again: while a newsletter goes out, for an hour perhaps, people go on bouncing and complaining.
FRESH: Final = 1.0
_FIRST = 1_000  # recipients, until it shows how quickly they are taken


def allowed(
    questions: Questions,
    recipients: Iterable[Recipient],
    category: str,
    *,
    key: Callable[[Recipient], str] | None,
    fresh: float = FRESH,
) -> Iterator[Recipient]:
    """Those of the recipients who may be sent mail of a category, as they are and in their order.

    Nothing is held between two of them: no transaction, and no more of them than are taken in half a second.
    """
    _refuse_text(recipients)
    many = questions.about_many(category)
    remaining = iter(recipients)
    ahead: list[Recipient] = []  # taken from the host, and not given out yet
    size = _FIRST
    while True:
        ahead.extend(islice(remaining, max(size - len(ahead), 0)))
        if not ahead:
            return
        batch = ahead[:size]
        begun = monotonic()
        addresses = _as_they_are(batch) if key is None else list(map(key, batch))
        withheld = many.withheld(addresses)
        answered = monotonic()
        done, too_late = len(batch), answered + fresh
        for place in [place for place, address in enumerate(addresses) if address not in withheld]:
            if monotonic() > too_late and place:
                done = place
                break
            yield batch[place]
        del ahead[:done]
        asking, taking = (answered - begun) / len(batch), (monotonic() - answered) / done
        size = _next_size(size, asking=asking, taking=taking, time=fresh / 2)


def withheld_among(questions: Questions, addresses: Iterable[str], category: str) -> set[str]:
    """Those of the addresses, as they are spelt, to which mail of a category must not be sent."""
    _refuse_text(addresses)
    many = questions.about_many(category)
    remaining = iter(addresses)
    found: set[str] = set()
    while batch := list(islice(remaining, AT_ONCE)):
        found.update(many.withheld(batch))
    return found


def _refuse_text(recipients: object) -> None:
    """One address is no list of them: its letters would be, and each of them nobody's address, so never withheld."""
    if isinstance(recipients, str):
        raise TypeError(f"several addresses are wanted, not one text: [{recipients!r}] is a list of one")


def _as_they_are(recipients: list[Recipient]) -> list[str]:
    for kind in set(map(type, recipients)):
        if not issubclass(kind, str):
            raise TypeError(f"a recipient that is no address needs `key`, which tells its address: {kind!r}")
    return cast("list[str]", recipients)


def _next_size(size: int, *, asking: float, taking: float, time: float) -> int:
    """As many as are taken in that time, so that of a slow sender's few are asked for twice; and asked for in that time, if
    a host's hooks are slow: but then not few, for what each question costs by itself would only come more often.
    """
    taken = min(time / max(taking, 1e-9), size * 4)
    answered = max(time / max(asking, 1e-9), _FIRST)
    return max(int(min(taken, answered, AT_ONCE)), 1)
