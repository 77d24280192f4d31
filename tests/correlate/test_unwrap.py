"""What stands inside an address, and is whatever anybody writes into one settled at once?"""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bounce_plugin.correlate.address import normalise
from bounce_plugin.correlate.unwrap import DEEPEST, unwrap, without_detail

ANN = "ann@example.org"
TOKEN = "b+" + "a2" * 18
LAYERS = {
    "plain": ANN,
    "angle brackets": f"<{ANN}>",
    "trailing dot": f"{ANN}.",
    "mailto": f"mailto:{ANN}?subject=x",
    "source route": f"<@one.example,@two.example:{ANN}>",
    "quotes": '"ann"@example.org',
    "BATV": "prvs=0123abcdef=ann@example.org",
    "BATV in capitals": "PRVS=0123ABCDEF=Ann@Example.ORG",
    "BATV, tag last": "prvs=ann/0123abcdef@example.org",
    "BATV of btv1": "btv1==0123abcdef==ann@example.org",
    "SRS0": "SRS0=HHH=TT=example.org=ann@forward.example",
    "SRS0 with plus": "SRS0+HHH=TT=example.org=ann@forward.example",
    "SRS0 with minus": "SRS0-HHHHH=TT=example.org=ann@forward.example",
    "SRS1": "SRS1=HHH=first.example==HHH=TT=example.org=ann@second.example",
    "SRS1 with plus": "SRS1=HHH=first.example=+HHH=TT=example.org=ann@second.example",
    "Exchange": "joe+SRS=xY5z1=AB=example.org=ann@tenant.example",
    "qmail": "list-owner-ann=example.org@lists.example",
    "ezmlm": "list-return-17-ann=example.org@lists.example",
    "Mailman": "news-bounces+ann=example.org@lists.example",
    "Sympa": "bounce+ann==a==example.org==news@robot.example",
    "BATV in SRS": "SRS0=HHH=TT=example.org=prvs=0123abcdef=ann@forward.example",
    "international": "news-bounces+ann=bücher.example@lists.example",
}


@pytest.mark.parametrize("wrapped", LAYERS.values(), ids=LAYERS)
def test_what_is_inside_is_found(wrapped: str) -> None:
    inside = "ann@xn--bcher-kva.example" if "bücher" in wrapped else ANN
    assert unwrap(wrapped)[-1] == inside


def test_each_layer_is_given_the_outermost_first() -> None:
    wrapped = "SRS1=HHH=first.example==HHH=TT=example.org=prvs=0123abcdef=ann@second.example"
    assert unwrap(wrapped) == (
        wrapped.lower(),
        "srs0=hhh=tt=example.org=prvs=0123abcdef=ann@first.example",
        "prvs=0123abcdef=ann@example.org",
        ANN,
    )


def test_a_sign_of_ours_comes_out_of_each() -> None:
    for wrapped in (
        f"prvs=0123abcdef={TOKEN}@bounces.example",
        f"SRS0=HHH=TT=bounces.example={TOKEN}@forward.example",
        f"joe+SRS=xY5z1=AB=bounces.example={TOKEN}@tenant.example",
    ):
        assert unwrap(wrapped)[-1] == f"{TOKEN}@bounces.example"


@pytest.mark.parametrize(
    "text",
    ["", "@", "ann", "a@b@", "Ann <ann@example.org>", "ann@example.org,joe@example.org", "x" * 5000 + "@example.org"],
)
def test_what_is_no_single_address_has_nothing_inside(text: str) -> None:
    assert unwrap(text) == ()


@pytest.mark.parametrize(
    "alone",
    ["b.12.345.0a1b2c3d@civi.example", "a=b@example.org", "ann+news@example.org", "list-owner-ann@lists.example"],
)
def test_what_names_nobody_else_stays_alone(alone: str) -> None:
    assert unwrap(alone) == (alone,)


def test_no_more_than_five_layers_are_taken_off() -> None:
    assert len(unwrap("prvs=0123abcdef=" * 12 + ANN)) == DEEPEST + 1


def test_d_36_an_address_is_compared_without_its_detail() -> None:
    assert without_detail("ann+news@example.org") == ANN
    assert without_detail(ANN) == ANN
    assert without_detail("+x@example.org") == "+x@example.org"


PIECES = st.sampled_from(
    ["prvs=", "srs0=", "srs1=", "+srs=", "==a==", "==", "=", "+", "-owner-", "-return-", "bounce+", "btv1==", "/", "ab",
     "0123abcdef", "example.org", "@", "é", '"', "<", ">", ":", "\0"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=300))
def test_whatever_is_given_only_addresses_come_out(text: str) -> None:
    readings = unwrap(text)
    assert len(readings) <= DEEPEST + 1
    assert len(set(readings)) == len(readings)
    assert all(normalise(reading) == reading for reading in readings)


@pytest.mark.parametrize(
    "piece", ["=", "==", "a=", "+", "-owner-", "srs0=a=", "==a==", "bounce+a=", "prvs=/", "-return-1"]
)
def test_t_08_a_hostile_address_is_settled_in_linear_time(piece: str) -> None:
    hostile = (piece * 240)[:240] + "@example.org"
    start = process_time()
    for _ in range(50):
        unwrap(hostile)
        unwrap(piece * 100_000)
    assert process_time() - start < 1
