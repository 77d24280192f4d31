"""Are header fields found as they stand in mails, folded, repeated and damaged?"""

import pytest

from bounce_plugin.message.headers import Headers, split_fields

BLOCK = b"Received: from a\n\tby b;\n  Mon\nRECEIVED: from c\nSubject : It\n failed\nno field at all\nReply to: x\nTo:\nX-Odd: \xfc\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("received", "from a by b;  Mon", id="folded, the first of several"),
        pytest.param("SUBJECT", "It failed", id="any case, and a blank before the colon"),
        pytest.param("to", "", id="empty"),
        pytest.param("reply to", "", id="D-29 no field: a blank in its name"),
        pytest.param("x-odd", "ü", id="T-03 octets that are no UTF-8"),
        pytest.param("from", "", id="absent"),
    ],
)
def test_the_value_of_a_field(name: str, value: str) -> None:
    assert Headers.read(BLOCK).get(name) == value


def test_what_is_there() -> None:
    headers = Headers.read(BLOCK)
    assert headers.all("Received") == ("from a by b;  Mon", "from c")
    assert "to" in headers
    assert "no field at all" not in headers
    assert headers.has_any({"x-none", "subject"})
    assert not headers.has_any({"x-none"})
    assert [name for name, _value in headers] == ["received", "received", "subject", "to", "x-odd"]
    assert split_fields(BLOCK.decode("latin-1")) == list(headers)


def test_a_block_that_takes_work_to_find_is_asked_for_once() -> None:
    asked: list[bytes] = []

    def block() -> bytes:
        asked.append(BLOCK)
        return BLOCK

    headers = Headers.read(block)
    assert not asked
    assert headers.get("subject") == "It failed"
    assert headers.get("to") == ""
    assert asked == [BLOCK]
