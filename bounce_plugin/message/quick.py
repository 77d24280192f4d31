"""How does a mail's reading make its values without waiting for them? A dozen frozen ones each, and the rest when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, Final, Generic, Self, TypeVar, overload

_Owner = TypeVar("_Owner")
_Value = TypeVar("_Value")
_set_class: Final = vars(object)["__class__"].__set__


def quick(cls: type[_Value]) -> type[_Value]:
    """Have a dataclass made quickly that is frozen, has slots and is given its fields by their names.

    Python sets each field of a frozen dataclass by a call, which takes three times as long in all as this: a value is of
    an unfrozen class with the same slots while it is made. Nothing else changes: it is as frozen, compares and can be
    copied, pickled and replaced as before.
    """
    twin = type(cls.__name__, (), {"__slots__": vars(cls)["__slots__"]})
    known: dict[str, Any] = {"_set_class": _set_class, "_cls": cls, "_twin": twin}
    given, set_each = [], []
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, as the docstring says
        if field.default_factory is not MISSING or not field.init:
            raise TypeError(f"{cls.__name__}.{field.name} is made, not given: that is not known here")
        known[f"_{field.name}"] = field.default
        given.append(field.name if field.default is MISSING else f"{field.name}=_{field.name}")
        set_each.append(f"    self.{field.name} = {field.name}")
    begin = [f"def __init__(self, *, {', '.join(given)}):", "    _set_class(self, _twin)"]
    exec("\n".join([*begin, *set_each, "    self.__class__ = _cls"]), known)  # noqa: S102 - as `dataclass` itself does
    known["__init__"].__annotations__ = cls.__init__.__annotations__
    cls.__init__ = known["__init__"]  # type: ignore[method-assign]  # of the same signature
    return cls


class lazy(Generic[_Owner, _Value]):  # noqa: N801 - used as `property` is
    """A property that is worked out at the first question and is a plain attribute from then on.

    As `functools.cached_property`, but without the lock that this has up to Python 3.11: to work something out twice
    hurts nobody here.
    """

    def __init__(self, make: Callable[[_Owner], _Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, of: type) -> Self: ...
    @overload
    def __get__(self, owner: _Owner, of: type) -> _Value: ...
    def __get__(self, owner: _Owner | None, of: type) -> Self | _Value:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._make(owner)
        return value
