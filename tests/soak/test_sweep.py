"""Is nothing else deleted at whichever point a sweep is killed?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kills import Place
from tests.sweeping import kill_at_points, place

__all__ = ["place"]


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_killed_at_each_point_a_sweep_deletes_nothing_else(
    place: Place,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    print(kill_at_points(place, tmp_path, request, every=1), "points")
