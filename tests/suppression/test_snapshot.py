"""Is a snapshot's file read only if it is whole and ours, and is nobody missing from it?"""

from __future__ import annotations

import hmac
import stat
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounce_plugin.suppression.snapshot import Bits, Snapshot, claim, mark_of, read, write

KEY = b"a key for tests, of 32 octets..."
MARK = "0123456789abcdef" * 2
DIGESTS = st.binary(min_size=32, max_size=32)


def seal(*parts: bytes | bytearray | memoryview) -> bytes:
    return hmac.digest(KEY, b"".join(parts), "sha256")


def fingerprint(digest: bytes) -> str:
    return digest[:16].hex()


def make(path: Path, digests: Iterable[bytes] = (), *, mark: str = MARK) -> bytes:
    names = [fingerprint(digest) for digest in digests]
    with claim(path) as file:
        assert file is not None
        write(path, seal, mark=mark, expected=len(names), stops=[names], file=file)
    return path.read_bytes()


def found(snapshot: Snapshot | None, digests: list[bytes]) -> list[int]:
    assert snapshot is not None
    return snapshot.bits.possible(digests)


@given(st.sets(DIGESTS, max_size=60), st.lists(DIGESTS, max_size=20), st.integers(13, 32))
def test_nobody_is_missing_whatever_the_size(stopped: set[bytes], others: list[bytes], power: int) -> None:
    octets = bytearray(1 << (min(power, 20) - 3))
    bits = Bits(octets, min(power, 20))
    bits.add(map(fingerprint, stopped))
    asked = [*stopped, *others]
    assert set(range(len(stopped))) <= set(bits.possible(asked))


def test_the_largest_size_uses_all_octets_and_no_more() -> None:
    places = set()

    class Octets(bytearray):
        def __getitem__(self, place: int) -> int:  # type: ignore[override]
            places.add(place)
            return 0

        def __setitem__(self, place: int, value: int) -> None: ...  # type: ignore[override]

    Bits(Octets(), 32).add(["ffffffff00000000" + "0" * 16])
    assert places == {2**29 - 1, 0}


def test_nearly_nobody_else_is_asked_for(tmp_path: Path) -> None:
    everybody = [hmac.digest(KEY, str(number).encode(), "sha256") for number in range(20_000)]
    make(tmp_path / "s", everybody[:10_000])
    possible = found(read(tmp_path / "s", seal), everybody)
    assert possible[:10_000] == list(range(10_000))
    assert len(possible) < 10_200


def test_two_that_share_their_bits_are_both_possible(tmp_path: Path) -> None:
    one, other = b"12345678" + b"a" * 24, b"12345678" + b"b" * 24
    make(tmp_path / "s", [one])
    assert found(read(tmp_path / "s", seal), [other]) == [0]


def test_the_file_is_ours_alone_and_holds_no_fingerprint(tmp_path: Path) -> None:
    digest = hmac.digest(KEY, b"joe", "sha256")
    octets = make(tmp_path / "cache" / "s", [digest])
    assert stat.S_IMODE((tmp_path / "cache" / "s").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert digest[:4] not in octets
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["s"]


def test_one_that_is_cut_short_or_longer_is_not_read(tmp_path: Path) -> None:
    whole = make(tmp_path / "s", [b"x" * 32])
    for length in (0, 1, 40, 80, len(whole) // 2, len(whole) - 81, len(whole) - 1):
        (tmp_path / "s").write_bytes(whole[:length])
        assert read(tmp_path / "s", seal) is None, length
    (tmp_path / "s").write_bytes(whole + b"\0")
    assert read(tmp_path / "s", seal) is None
    assert mark_of(tmp_path / "s") is None


@pytest.mark.parametrize("place", [0, 500, -1, -32, -33, -48, -49, -57, -65, -80])
def test_one_that_is_damaged_anywhere_is_not_read(tmp_path: Path, place: int) -> None:
    octets = bytearray(make(tmp_path / "s", [b"x" * 32]))
    octets[place] ^= 1
    (tmp_path / "s").write_bytes(octets)
    assert read(tmp_path / "s", seal) is None


def test_one_under_another_key_is_not_read(tmp_path: Path) -> None:
    make(tmp_path / "s")
    assert read(tmp_path / "s", lambda *parts: hmac.digest(b"another", b"".join(parts), "sha256")) is None
    assert mark_of(tmp_path / "s") == MARK


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    assert (read(tmp_path, seal), mark_of(tmp_path)) == (None, None)
    assert (read(tmp_path / "none", seal), mark_of(tmp_path / "none")) == (None, None)


def test_a_newer_one_takes_its_place_at_once_and_leaves_readers_theirs(tmp_path: Path) -> None:
    path = tmp_path / "s"
    make(path, [b"x" * 32])
    old = read(path, seal)
    make(path, [b"y" * 32], mark="f" * 32)
    assert found(old, [b"x" * 32, b"y" * 32]) == [0]
    assert found(read(path, seal), [b"x" * 32, b"y" * 32]) == [1]


def test_who_changes_or_shortens_the_file_in_its_place_changes_no_answer(tmp_path: Path) -> None:
    make(tmp_path / "s", [b"x" * 32])
    snapshot = read(tmp_path / "s", seal)
    (tmp_path / "s").write_bytes(b"")
    assert found(snapshot, [b"x" * 32, b"y" * 32]) == [0]


def test_what_is_added_stays_in_the_process(tmp_path: Path) -> None:
    whole = make(tmp_path / "s")
    snapshot = read(tmp_path / "s", seal)
    assert snapshot
    snapshot.bits.add([fingerprint(b"x" * 32)])
    assert found(snapshot, [b"x" * 32]) == [0]
    assert (tmp_path / "s").read_bytes() == whole


def test_only_one_makes_it_at_a_time_and_who_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with claim(path) as first, claim(path) as second:
        assert first is not None
        assert second is None
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError), claim(path):
        raise RuntimeError
    (tmp_path / "s.new").write_bytes(b"of a process that was killed")
    (tmp_path / "s.new").chmod(0o644)
    make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(path, seal)
