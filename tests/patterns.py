"""Which regular expressions does the package have, and what would a hostile mail feed them?"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from re import _parser  # type: ignore[attr-defined]  # the only way to see how a pattern is built
from typing import Any

import bounce_plugin

_CONTAINERS = (tuple, list, set, frozenset)
_REPEATS = {"MAX_REPEAT", "MIN_REPEAT"}  # a possessive one gives nothing back


def all_patterns() -> dict[str, re.Pattern[Any]]:
    """Every compiled expression that a module of the package holds, wherever in its values, by where it is."""
    found: dict[str, re.Pattern[Any]] = {}
    seen: dict[int, object] = {}  # by identity; what is kept here lends its identity to nothing else
    for module in pkgutil.walk_packages(bounce_plugin.__path__, "bounce_plugin."):
        if ".migrations." in module.name or module.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for place, pattern in _within(value, f"{module.name}.{name}", seen):
                if pattern not in found.values():
                    found[place.removeprefix("bounce_plugin.")] = pattern
    return found


def _within(value: object, place: str, seen: dict[int, object]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    if isinstance(value, re.Pattern):
        yield place, value
        return
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, Mapping):
        inside = [(f"{place}[{key!r}]", one) for key, one in value.items()]
    elif isinstance(value, _CONTAINERS):
        inside = [(f"{place}[{number}]", one) for number, one in enumerate(value)]
    elif type(value).__module__.startswith("bounce_plugin") or (
        isinstance(value, type) and value.__module__.startswith("bounce_plugin")
    ):
        names = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
        inside = [(f"{place}.{name}", getattr(value, name, None)) for name in names]
    else:
        return
    for where, one in inside:
        yield from _within(one, where, seen)


def characters_of(pattern: re.Pattern[Any]) -> list[str]:
    """Characters that the parts of a pattern match, a few of each."""
    found: dict[str, None] = {}
    for operation, argument in _walk(_parse(pattern)):
        if operation == "LITERAL":
            found[chr(argument)] = None
        elif operation == "RANGE":
            found[chr(argument[0])] = None
    return list(found)


def words_of(pattern: re.Pattern[Any]) -> list[str]:
    """The literal words in a pattern."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return list(dict.fromkeys(re.findall(r"(?<!\\)[A-Za-z]{3,}[A-Za-z -]*", text)))[:20]


def overlapping_repeats(pattern: re.Pattern[Any]) -> list[str]:
    """Where an unbounded repeat that gives back stands within another, or beside one that matches the same."""
    return [*_nested(_parse(pattern)), *_beside(_parse(pattern))]


def _parse(pattern: re.Pattern[Any]) -> Any:
    return _parser.parse(pattern.pattern, pattern.flags)


def _walk(tree: Any) -> Iterator[tuple[str, Any]]:
    for operation, argument in tree:
        yield str(operation), argument
        for inner in _inner(str(operation), argument):
            yield from _walk(inner)


def _inner(operation: str, argument: Any) -> Sequence[Any]:
    if operation in _REPEATS or operation == "POSSESSIVE_REPEAT":
        return [argument[2]]
    if operation == "SUBPATTERN":
        return [argument[3]]
    if operation == "BRANCH":
        return list(argument[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    if operation == "ATOMIC_GROUP":
        return [argument]
    if operation == "IN":
        return [argument]
    return []


def _is_unbounded(operation: str, argument: Any) -> bool:
    return operation in _REPEATS and argument[1] == _parser.MAXREPEAT


def _nested(tree: Any, within: bool = False) -> Iterator[str]:
    for operation, argument in tree:
        unbounded = _is_unbounded(str(operation), argument)
        if unbounded and within:
            yield f"a repeat within a repeat: {argument[2]}"
        # What a possessive repeat or an atomic group has matched is never tried in another way.
        inner_within = False if str(operation) in ("POSSESSIVE_REPEAT", "ATOMIC_GROUP") else within or unbounded
        for inner in _inner(str(operation), argument):
            yield from _nested(inner, inner_within)


def _beside(tree: Any) -> Iterator[str]:
    """Two unbounded repeats with nothing between them that neither matches: the text can be parted in many ways."""
    open_repeat: Set[int] | None = None
    for operation, argument in tree:
        name = str(operation)
        if _is_unbounded(name, argument):
            matched = _matched(argument[2])
            if open_repeat is not None and open_repeat & matched:
                yield f"a repeat beside one that matches the same: {argument[2]}"
            open_repeat = matched
        elif open_repeat is not None and name not in ("AT", "ASSERT", "ASSERT_NOT"):
            if name in _REPEATS and argument[0] == 0:
                continue  # what may be missing parts nothing
            matched = _matched([(operation, argument)])
            open_repeat = open_repeat if matched <= open_repeat and matched else None
        for inner in _inner(name, argument):
            yield from _beside(inner)


_ALL = frozenset(range(256))


def _matched(tree: Any) -> frozenset[int]:
    """The characters, of the first 256, that some part of a tree matches."""
    found: set[int] = set()
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL":
            found.add(argument)
        elif name == "NOT_LITERAL":
            found |= _ALL - {argument}
        elif name == "ANY":
            found |= _ALL - {10}
        elif name == "IN":
            found |= _in_class(argument)
        else:
            for inner in _inner(name, argument):
                found |= _matched(inner)
    return frozenset(found)


def _in_class(items: Any) -> frozenset[int]:
    found: set[int] = set()
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            found.add(argument)
        elif name == "RANGE":
            found |= set(range(argument[0], min(argument[1], 255) + 1))
        elif name == "CATEGORY":
            kind = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[str(argument).rpartition("_")[2]]
            members = {code for code in _ALL if re.match(kind, chr(code))}
            found |= _ALL - members if "_NOT_" in str(argument) else members
    return _ALL - found if items and str(items[0][0]) == "NEGATE" else frozenset(found)
