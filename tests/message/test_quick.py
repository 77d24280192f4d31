"""Are values that are made quickly as frozen, and those that are made late the same, as any others?"""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from bounce_plugin.detectors.finding import Finding
from bounce_plugin.message.quick import lazy, quick
from bounce_plugin.message.report import Action

FINDING = Finding(recipient="ann@gone.example", action=Action.FAILED, detector="test")


def test_a_quick_value_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        FINDING.recipient = "bob@gone.example"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del FINDING.recipient  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        FINDING.other = 1  # type: ignore[attr-defined]


def test_a_quick_value_compares_and_is_copied_as_any_other() -> None:
    assert type(FINDING) is Finding
    assert replace(FINDING, reply_code="550") == Finding(
        recipient="ann@gone.example", action=Action.FAILED, detector="test", reply_code="550"
    )
    for same in (copy.copy(FINDING), copy.deepcopy(FINDING), pickle.loads(pickle.dumps(FINDING))):
        assert same == FINDING
        assert hash(same) == hash(FINDING)
        assert repr(same) == repr(FINDING)


def test_a_quick_value_is_given_its_fields_by_name_and_all_that_have_no_default() -> None:
    assert [one.name for one in fields(FINDING) if getattr(FINDING, one.name) != one.default] == [
        "recipient",
        "action",
        "detector",
    ]
    with pytest.raises(TypeError, match="positional"):
        Finding("ann@gone.example")  # type: ignore[misc,call-arg]
    with pytest.raises(TypeError, match="detector"):
        Finding(recipient="ann@gone.example", action=Action.FAILED)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="another"):
        Finding(recipient="", action=Action.FAILED, detector="", another=1)  # type: ignore[call-arg]


def test_what_is_made_and_not_given_is_refused() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Made:
        parts: list[str] = field(default_factory=list)

    with pytest.raises(TypeError, match=r"Made\.parts is made, not given"):
        quick(Made)


def test_a_lazy_attribute_is_worked_out_once() -> None:
    asked = []

    class Text:
        @lazy
        def words(self) -> list[str]:
            """The words."""
            asked.append(self)
            return ["a"]

    text = Text()
    assert text.words is text.words
    assert asked == [text]
    assert Text.words.__doc__ == "The words."
