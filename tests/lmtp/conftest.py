"""The port of an LMTP server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bounce_plugin import BouncePlugin
from tests.lmtp.talk import serving


@pytest.fixture
def port(plugin: BouncePlugin) -> Iterator[int]:
    with serving(plugin) as (port, _):
        yield port
